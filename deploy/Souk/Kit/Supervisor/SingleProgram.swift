import CLinux
import Glibc
import MachineSettings

/// One program in the foreground, with its port on 127.0.0.1: `souk run`. What it needs meanwhile is in a folder of its
/// own, which goes with it.
final class SingleProgram {
  enum Place {
    case process(String)
    case machine(image: String, megabytes: Int, accelerator: Accelerator, debug: Bool)
  }

  /// For answers in flight, before it is killed.
  static let stopMilliseconds = 10_000
  private static let hardwareAddress = "02:53:4f:55:4b:01"
  private static let address = "10.83.0.11"

  private let name: String
  private let place: Place
  private let settings: [String]
  private let loop = PollLoop()
  private let socket: (descriptor: Int32, port: UInt16)
  private let folder: String
  private var signals: Int32 = -1
  private var pid: pid_t?
  private var input: Int32?
  private var network: ForwarderProcess?
  private var trace = Backtrace()
  private var splitter = LineSplitter()
  private var output: Int32 = -1
  private var ending: Ending?
  private var isOver = false
  private var isStopping = false

  init(_ name: String, port: UInt16, settings: [String], place: Place) throws(Failure) {
    self.name = name
    self.settings = settings
    self.place = place
    socket = try Sockets.listen(port: port)
    var template = Array("/tmp/souk-run-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw Failure("cannot make a folder in /tmp: \(String(cString: strerror(errno)))")
    }
    folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Runs it to its end, which a signal brings about. Returns its exit code; 0 for a machine that ended well.
  func run() throws(Failure) -> Int32 {
    defer { removeFolder() }
    watchSignals()
    try start()
    Console.note("\(name) listens on http://127.0.0.1:\(socket.port)/")
    loop.run { isOver && network?.isRunning != true }
    guard let ending else { return 0 }
    if case .process = place { return ending.exitCode }
    if ImageExit(ending) == .done { return 0 }
    throw Failure("\(name) \(ImageExit.words(ending))", exitCode: ending.exitCode)
  }

  private func start() throws(Failure) {
    let pipe = try Sockets.pipe()
    defer { close(pipe.writing) }
    var spawn: Spawn
    var typedEnd: Int32?
    defer { if let typedEnd { close(typedEnd) } }
    switch place {
    case .process(let executable):
      try write(["listen.fd=3", "supervised=true"] + settings, to: "settings")
      spawn = Spawn(executable: executable, arguments: ["--settings", folder + "/settings"])
      spawn.descriptors = [(socket.descriptor, 3)]
    case .machine(let image, let megabytes, let accelerator, let debug):
      let lines = [
        "service=\(name)", "net.address=\(Self.address)/\(InnerNetwork.prefixLength)",
        "net.gateway=\(InnerNetwork.gateway)", "listen.address=\(Self.address)",
        "listen.port=\(InnerNetwork.port)",
      ]
      let module = SettingsModule.render((lines + settings).flatMap { Array("\($0)\n".utf8) })
      try Files.write(module, to: folder + "/module", mode: 0o600)
      let machine = VirtualMachine(
        name: name, image: image, module: folder + "/module", memoryMegabytes: megabytes,
        accelerator: accelerator,
        network: (folder + "/net", Self.hardwareAddress), debugSocket: debug ? folder + "/gdb" : nil)
      try startNetwork()
      if debug {
        let symbols = image.dropLast(4) + ".debug"
        Console.note(VirtualMachine.attachLine(debugSocket: folder + "/gdb", symbols: String(symbols)))
      }
      let typed = try Sockets.pipe()
      input = typed.writing
      typedEnd = typed.reading
      spawn = Spawn(
        executable: "/proc/self/exe",
        arguments: MachineCommand.arguments(VirtualMachine.program, machine.arguments))
      spawn.descriptors = [(typed.reading, 0)]
    }
    spawn.descriptors += [(pipe.writing, 1), (pipe.writing, 2)]
    pid = try spawn.start()
    output = pipe.reading
    Sockets.setNonBlocking(output)
    loop.whenReadable(output) { [unowned self] in receive() }
  }

  private func startNetwork() throws(Failure) {
    let door = ForwarderSettings.Door(
      name: name, descriptor: socket.descriptor, endpoint: "\(Self.address):\(InnerNetwork.port)")
    let port = SwitchSettings.Port(
      name: name, socket: folder + "/net", hardwareAddress: Self.hardwareAddress, address: Self.address)
    try Files.write(SwitchSettings(ports: [port], doors: [door]).bytes, to: folder + "/switch", mode: 0o600)
    let network = ForwarderProcess(
      "switch", settings: folder + "/switch", descriptors: ForwarderSettings.descriptors([door]), loop: loop,
      events: .init(
        line: { Files.writeAll($0 + [10], to: 2) },
        died: { ending, _ in Console.note("the switch \(ending.description); it is started again") },
        stopped: {}))
    try network.start()
    self.network = network
  }

  private func write(_ lines: [String], to file: String) throws(Failure) {
    try Files.write(lines.flatMap { Array("\($0)\n".utf8) }, to: "\(folder)/\(file)", mode: 0o600)
  }

  private func receive() {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(output, &chunk, chunk.count)
      if count == 0 { loop.forget(output) }
      guard count > 0 else { return }
      for line in splitter.take(chunk[..<count]) {
        trace.take(line)
        Files.writeAll(line + [10], to: 1)
      }
    }
  }

  // MARK: The end

  private func watchSignals() {
    var set = sigset_t()
    sigemptyset(&set)
    for number in [SIGCHLD, SIGINT, SIGTERM, SIGHUP] { sigaddset(&set, number) }
    sigprocmask(SIG_BLOCK, &set, nil)
    signal(SIGPIPE, SIG_IGN)
    signals = signalfd(-1, &set, Int32(SFD_NONBLOCK | SFD_CLOEXEC))
    loop.whenReadable(signals) { [unowned self] in
      var information = signalfd_siginfo()
      while read(signals, &information, MemoryLayout<signalfd_siginfo>.size) > 0 {
        if Int32(information.ssi_signo) == SIGCHLD { reap() } else { stop() }
      }
    }
  }

  private func reap() {
    var status: Int32 = 0
    while true {
      let ended = waitpid(-1, &status, WNOHANG)
      guard ended > 0 else { return }
      if ended == pid { self.ended(Ending(status: status)) }
      if ended == network?.pid { network?.ended(Ending(status: status)) }
    }
  }

  private func ended(_ ending: Ending) {
    self.ending = ending
    pid = nil
    receive()
    network?.stop()
    guard case .machine(let image, _, _, _) = place, !trace.addresses.isEmpty else {
      isOver = true
      return
    }
    let symbols = String(image.dropLast(4) + ".debug")
    trace.symbolise(symbols, loop: loop) {
      Files.writeAll($0 + [10], to: 1)
    } finished: { [unowned self] in
      isOver = true
    }
  }

  /// The first time it is asked, the second time it is made to.
  private func stop() {
    guard let pid else { return }
    if isStopping {
      kill(pid, SIGKILL)
      return
    }
    isStopping = true
    if let input {
      Files.writeAll(Array(ManagedService.shutdownLine.utf8), to: input)
    } else {
      kill(pid, SIGTERM)
    }
    loop.after(Self.stopMilliseconds) { [unowned self] in if let pid = self.pid { kill(pid, SIGKILL) } }
  }

  private func removeFolder() {
    for file in ["settings", "module", "switch", "net", "gdb"] { unlink("\(folder)/\(file)") }
    rmdir(folder)
  }
}
