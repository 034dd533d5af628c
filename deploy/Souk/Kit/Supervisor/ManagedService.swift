import Glibc

/// One service under supervision: its sockets, its process, its output, and when to start it again.
///
/// The listening sockets stay open here while the process comes and goes. Clients that connect meanwhile
/// wait in the backlog, so a restart refuses nobody.
final class ManagedService {
  enum State: Equatable { case idle, starting, ready, waiting, stopping, ended }

  /// What the supervisor wants to know.
  struct Events {
    var line: (ManagedService, [UInt8]) -> Void
    /// It has a process again, which need not be ready.
    var restarted: (ManagedService) -> Void
    var becameReady: (ManagedService) -> Void
    /// The process is gone; nil as delay means that it will not be started again.
    var died: (ManagedService, Ending, _ restartsIn: Int?) -> Void
    var stopped: (ManagedService) -> Void
  }

  /// How to start it.
  struct Program {
    var executable: String
    var arguments: [String]
    /// Keeps the terminal, for a debugger.
    var ownsTerminal = false
    /// Is a virtual machine: it is told to stop on its console, and its exit status is QEMU's.
    var isMachine = false

    /// What follows the service's name when its process has ended in this way.
    func words(_ ending: Ending) -> String { isMachine ? ImageExit.words(ending) : ending.description }

    /// Whether it would only end in the same way again.
    func needsAPerson(_ ending: Ending) -> Bool {
      isMachine ? ImageExit.needsAPerson(ending) : ending == .exited(ExitCode.needsAPerson)
    }
  }

  /// How long one question to /readyz may take before it is asked again.
  static let probeMilliseconds = 30_000
  /// How long to wait after a "not yet".
  static let probeIntervalMilliseconds = 50
  static let rememberedLineCount = 12
  /// What an image is told to stop with (Shared/Runtime/Machine/Unikernel/Machine.swift).
  static let shutdownLine = "shutdown\n"

  let kind: ServiceKind
  let port: UInt16
  let version: InternetProtocol
  let adminPort: UInt16?
  let program: Program
  private let loop: PollLoop
  private let events: Events
  private var listeners: [(from: Int32, to: Int32)]
  private let forwarded: [Int32]
  private(set) var state = State.idle
  private(set) var pid: pid_t?
  private(set) var process: ProcessIdentity?
  private(set) var restarts = 0
  private(set) var lastEnding: Ending?
  /// Its last words, for the message when it fails.
  private(set) var lastLines: [[UInt8]] = []
  /// Why /readyz last said no.
  private(set) var unreadiness = "it did not answer /readyz"
  /// When its process began, on the loop's clock.
  private(set) var startedAt = 0
  private var policy = RestartPolicy()
  private var probe: ReadinessProbe?
  private var timer: PollLoop.TimerID?
  private var output: Int32?
  /// Where a machine reads.
  private var input: Int32?
  private var splitter = LineSplitter()

  init(
    _ kind: ServiceKind, program: Program, listeners: [(from: Int32, to: Int32)], forwarded: [Int32] = [],
    port: UInt16, adminPort: UInt16?, version: InternetProtocol = .v4, loop: PollLoop, events: Events
  ) {
    self.kind = kind
    self.program = program
    self.listeners = listeners
    self.forwarded = forwarded
    self.port = port
    self.version = version
    self.adminPort = adminPort
    self.loop = loop
    self.events = events
  }

  var name: String { kind.rawValue }
  var isReady: Bool { state == .ready }

  /// Starts the process; `becameReady` follows once /readyz says 200.
  func start() throws(Failure) {
    var spawn = Spawn(executable: program.executable, arguments: program.arguments)
    spawn.descriptors = listeners
    var pipe: (reading: Int32, writing: Int32)?
    if program.ownsTerminal {
      spawn.isolation = .none
    } else {
      let ends = try Sockets.pipe()
      pipe = ends
      spawn.descriptors += [(ends.writing, 1), (ends.writing, 2)]
    }
    defer { if let pipe { close(pipe.writing) } }
    var typed: (reading: Int32, writing: Int32)?
    let pid: pid_t
    do throws(Failure) {
      if program.isMachine {
        let ends = try Sockets.pipe()
        typed = ends
        spawn.descriptors.append((ends.reading, 0))
      }
      defer { if let typed { close(typed.reading) } }
      pid = try spawn.start()
    } catch {
      if let pipe { close(pipe.reading) }
      if let typed { close(typed.writing) }
      throw error
    }
    input = typed?.writing
    self.pid = pid
    process = ProcessIdentity(pid: pid)
    startedAt = PollLoop.now()
    state = .starting
    if let pipe { follow(pipe.reading) }
    ask()
  }

  /// The process `pid` of this service has ended.
  func ended(_ ending: Ending) {
    pid = nil
    process = nil
    lastEnding = ending
    drain()
    closeInput()
    stopAsking()
    if state == .stopping {
      state = .ended
      loop.cancel(timer)
      events.stopped(self)
      return
    }
    if program.ownsTerminal || program.needsAPerson(ending) {
      state = .ended
      events.died(self, ending, nil)
      return
    }
    state = .waiting
    let delay = policy.delay(afterRunning: PollLoop.now() - startedAt)
    timer = loop.after(delay) { self.restart() }
    events.died(self, ending, delay)
  }

  /// Asks it to finish what is in flight and to go; kills it after `milliseconds`. `stopped` follows.
  func stop(within milliseconds: Int) {
    stopAsking()
    loop.cancel(timer)
    Self.endListening(forwarded)
    for (descriptor, _) in listeners { close(descriptor) }
    listeners = []
    guard let pid else {
      state = .ended
      timer = loop.after(0) { self.events.stopped(self) }
      return
    }
    state = .stopping
    if let input {
      Files.writeAll(Array(Self.shutdownLine.utf8), to: input)
    } else {
      kill(pid, SIGTERM)
    }
    timer = loop.after(milliseconds) { self.kill(pid, SIGKILL) }
  }

  /// Whoever connects from now on is refused, instead of waiting for somebody who never comes. The forwarder has copies
  /// of its sockets: only shutdown(2) ends the listening itself.
  static func endListening(_ descriptors: [Int32]) {
    for descriptor in descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) }
  }

  /// No more patience.
  func killNow() { if let pid { kill(pid, SIGKILL) } }

  private func kill(_ pid: pid_t, _ signal: Int32) { _ = Glibc.kill(pid, signal) }

  private func restart() {
    restarts += 1
    do throws(Failure) {
      try start()
      events.restarted(self)
    } catch {
      // Out of processes or memory: no different from a service that dies at once.
      remember(Array(error.message.utf8))
      ended(.exited(127))
    }
  }

  // MARK: Readiness

  private func ask() {
    probe = ReadinessProbe(
      loop: loop, port: adminPort ?? port, version: version, within: Self.probeMilliseconds
    ) { answer in
      self.probe = nil
      switch answer {
      case .ready:
        self.state = .ready
        self.events.becameReady(self)
        return
      case .unready(let reason): self.unreadiness = "/readyz said \(reason)"
      case .silent: self.unreadiness = "it did not answer /readyz"
      }
      self.timer = self.loop.after(Self.probeIntervalMilliseconds) { self.ask() }
    }
  }

  private func stopAsking() {
    probe?.cancel()
    probe = nil
    if state == .starting { loop.cancel(timer) }
  }

  // MARK: Output

  private func follow(_ descriptor: Int32) {
    Sockets.setNonBlocking(descriptor)
    output = descriptor
    loop.whenReadable(descriptor) { self.receive() }
  }

  private func receive() {
    guard let descriptor = output else { return }
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = read(descriptor, &chunk, chunk.count)
    if count > 0 {
      for line in splitter.take(chunk[..<count]) { heard(line) }
    } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
      closeOutput()
    }
  }

  /// Reads what a dead process left in the pipe.
  private func drain() {
    guard let descriptor = output else { return }
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      guard count > 0 else { break }
      for line in splitter.take(chunk[..<count]) { heard(line) }
    }
    closeOutput()
  }

  private func closeOutput() {
    if let line = splitter.end() { heard(line) }
    guard let descriptor = output else { return }
    loop.forget(descriptor)
    close(descriptor)
    output = nil
  }

  private func closeInput() {
    if let input { close(input) }
    input = nil
  }

  /// What a service prints is shown on terminals and kept in logs: it must not be able to steer a terminal.
  private func heard(_ line: [UInt8]) {
    let line = Self.printable(line)
    remember(line)
    events.line(self, line)
  }

  /// `line` with a question mark for each control character but the tab, and without the return that serial consoles
  /// end lines with.
  static func printable(_ line: [UInt8]) -> [UInt8] {
    let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line[...]
    var printable: [UInt8] = []
    printable.reserveCapacity(line.count)
    for byte in line {
      if byte & 0xE0 == 0x80, printable.last == 0xC2 {
        // U+0080 to U+009F, which terminals obey as well.
        printable[printable.count - 1] = UInt8(ascii: "?")
      } else {
        let isControl = byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7F
        printable.append(isControl ? UInt8(ascii: "?") : byte)
      }
    }
    return printable
  }

  private func remember(_ line: [UInt8]) {
    lastLines.append(line)
    if lastLines.count > Self.rememberedLineCount { lastLines.removeFirst() }
  }
}
