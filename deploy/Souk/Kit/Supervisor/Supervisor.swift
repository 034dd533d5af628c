import CLinux
import Foundation
import Glibc

/// Runs a shop: opens the sockets, starts the services, keeps them running, stops them in order.
///
/// One thread around one poll(2). Everything it does is an answer to a signal, a line of output, a probe or
/// a timer.
final class Supervisor {
  /// What to run, and where.
  struct Configuration {
    var folder: DataFolder
    var manifest: Manifest
    var network = ServiceNetwork.kernel
    /// By which the services reach each other, and people the shop.
    var version = InternetProtocol.v4
    /// Set when the services are images in virtual machines; `executables` is then not used.
    var machines: MachinePlan?
    var port: UInt16
    /// Run this one under a debugger, or at least say how to attach one.
    var debug: ServiceKind?
    /// Where the services' executables are.
    var executables = Checkout.executables
    /// Said by --detach: report through `StartReport`, and write nothing to standard output.
    var isDetached = false
  }

  /// From the first start to every service ready; recovery after a crash is in it.
  static let startMilliseconds = 60_000
  /// A service that ends this often before the shop is open is not tried again.
  static let maximumStartCount = 5
  /// The gateway waits for the longest request it lets through; the others answer faster.
  static func stopMilliseconds(_ kind: ServiceKind) -> Int { kind == .gateway ? 20_000 : 10_000 }

  /// Descriptors that a service may have, where the system allows it.
  static let descriptorCount: UInt = 16_384
  /// For a service that has lost its supervisor, before it is killed.
  static let orphanMilliseconds: Int32 = 5_000

  /// Quiet about what Swift's debug information holds that gdb does not know, and asking nothing of the network.
  static let debugger = [
    "gdb", "-q", "-iex", "set complaints 0", "-iex", "set debuginfod enabled off", "-ex", "run", "--args",
  ]

  enum Phase: Equatable { case starting, seeding, running, stopping, finished }

  let configuration: Configuration
  let loop = PollLoop()
  let console = Console()
  let ownLog: LogFile
  var services: [ManagedService] = []
  var phase = Phase.starting
  /// Why the shop stops, when it is not because somebody asked.
  var failure: Failure?
  /// The import of the demo catalog, while it runs.
  var seeding: pid_t?
  var seedOutput: Int32?
  var seedSplitter = LineSplitter()
  /// The services' own network, and who leads connections into it; nil on Linux's TCP/IP.
  var tap: TapNetwork?
  var forwarder: ForwarderProcess?
  /// What each machine printed when it trapped.
  var traces: [ServiceKind: Backtrace] = [:]
  private var logs: [ServiceKind: LogFile] = [:]
  private var signals: Int32 = -1
  private var startDeadline: PollLoop.TimerID?
  private let startedAt = Date()
  private let began = PollLoop.now()
  /// Whether the table has been shown; the services' lines come after it.
  private var isOpen = false
  private(set) var port: UInt16 = 0

  var folder: DataFolder { configuration.folder }
  var url: String { "http://\(configuration.version.loopbackAuthority(port))/" }

  init(_ configuration: Configuration) throws(Failure) {
    self.configuration = configuration
    ownLog = try LogFile(configuration.folder.log("souk"))
  }

  /// Runs the shop until it is told to stop. Throws when it could not start or had to give up.
  func run() throws(Failure) {
    guard let lock = try folder.lock() else {
      let other = folder.running()
      throw Failure(
        "a shop already runs in \(Files.shown(folder.path))"
          + (other.map { " (pid \($0.supervisor.pid), \($0.url))" } ?? "")
          + ": `souk status\(folder.option)` shows it, `souk down\(folder.option)` stops it; for a second "
          + "one give another --data and --port")
    }
    defer { close(lock) }
    raiseDescriptorLimit()
    waitForOrphans()
    try placeDatabases()
    try prepareNetwork()
    defer { tap?.remove() }
    try makeServices()
    watchSignals()
    for service in services { try startFirst(service) }
    try writeState()
    tell("starting \(ServiceKind.allCases.map(\.rawValue).joined(separator: ", "))")
    if configuration.debug == nil {
      startDeadline = loop.after(Self.startMilliseconds) { self.startTookTooLong() }
    }
    loop.run { phase == .finished }
    unlink(folder.stateFile)
    for kind in ServiceKind.allCases { removeRunFiles(kind) }
    unlink(folder.forwarderSettings)
    if let failure { throw failure }
  }

  // MARK: Starting

  /// For the services: each takes thousands of connections, and many systems start programs with 1024.
  private func raiseDescriptorLimit() {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur < Self.descriptorCount else { return }
    limit.rlim_cur = min(limit.rlim_max, Self.descriptorCount)
    setrlimit(resource, &limit)
  }

  /// Services of a supervisor that was killed end by themselves, but finish what is in flight first.
  private func waitForOrphans() {
    let orphans = ShopState.read(folder.stateFile)?.processes.filter(\.isAlive) ?? []
    guard !orphans.isEmpty else { return }
    tell("waiting for services that an earlier start left behind")
    for orphan in orphans {
      let end = EndOfProcess(orphan.pid)
      guard orphan.isAlive, !end.wait(milliseconds: Self.orphanMilliseconds) else { continue }
      kill(orphan.pid, SIGKILL)
      _ = end.wait(milliseconds: Self.orphanMilliseconds)
    }
  }

  private func makeServices() throws(Failure) {
    let secrets = try Secrets.load(folder)
    let version = configuration.version
    let storefront = try Sockets.listen(port: configuration.port, version: version)
    port = storefront.port
    var sockets: [ServiceKind: (descriptor: Int32, port: UInt16)] = [.gateway: storefront]
    for kind in ServiceKind.allCases where kind != .gateway {
      sockets[kind] = try Sockets.listen(port: 0, version: version)
    }
    let admin = try Sockets.listen(port: 0, version: version)
    let ports = sockets.mapValues(\.port)
    for kind in ServiceKind.allCases {
      logs[kind] = try LogFile(folder.log(kind.rawValue))
      let settings = ServiceSettings(
        kind, folder: folder, manifest: configuration.manifest, secrets: secrets, ports: ports,
        network: configuration.network, target: configuration.machines == nil ? .process : .qemu,
        version: version)
      try write(settings, of: kind)
      guard let socket = sockets[kind] else { continue }
      let own = [socket.descriptor] + (kind == .gateway ? [admin.descriptor] : [])
      services.append(
        ManagedService(
          kind, program: program(kind), listeners: inherited(kind, own), forwarded: isForwarded ? own : [],
          port: socket.port, adminPort: kind == .gateway ? admin.port : nil, version: version, loop: loop,
          events: events()))
    }
    try startForwarder(sockets.mapValues(\.descriptor), admin: admin.descriptor)
  }

  private func program(_ kind: ServiceKind) -> ManagedService.Program {
    if let machines = configuration.machines { return machines.program(kind, folder) }
    let executable = "\(configuration.executables)/\(kind.rawValue)"
    let arguments = ["--settings", folder.settings(kind.rawValue)]
    guard isUnderDebugger(kind) else { return .init(executable: executable, arguments: arguments) }
    return .init(
      executable: "/usr/bin/env",
      arguments: Self.debugger + [executable] + arguments, ownsTerminal: true)
  }

  /// A debugger needs a terminal; without one it is for the user to attach it.
  private func isUnderDebugger(_ kind: ServiceKind) -> Bool {
    configuration.debug == kind && configuration.machines == nil && isatty(0) == 1 && console.isTerminal
      && !configuration.isDetached
  }

  private var terminalIsTaken: Bool { configuration.debug.map(isUnderDebugger) ?? false }

  private func startFirst(_ service: ManagedService) throws(Failure) {
    do throws(Failure) {
      try service.start()
    } catch {
      for other in services { other.killNow() }
      forwarder?.killNow()
      throw error
    }
    if configuration.debug == service.kind, !isUnderDebugger(service.kind), let pid = service.pid {
      let line = configuration.machines?.attachLine(service.kind, folder) ?? "gdb -p \(pid)"
      let waits = configuration.machines == nil ? "can be debugged" : "waits for its debugger"
      tell("\(service.name) \(waits): \(line)")
      if !configuration.isDetached { console.print(line) }
    }
  }

  private func startTookTooLong() {
    guard phase == .starting, let late = services.first(where: { !$0.isReady }) else { return }
    fail(
      Failure(
        "\(late.name) was not ready within \(Self.startMilliseconds / 1000) s: \(late.unreadiness)"
          + lastWords(of: late)))
  }

  /// The end of the service's log, indented below a message.
  private func lastWords(of service: ManagedService) -> String {
    let lines = service.lastLines.map { "\n  " + String(decoding: $0, as: UTF8.self) }
    return lines.isEmpty ? "" : ". Its last words:" + lines.joined()
  }

  // MARK: What services do

  private func events() -> ManagedService.Events {
    .init(
      line: { [unowned self] service, line in
        hear(service, line)
        if service.program.isMachine { traces[service.kind, default: Backtrace()].take(line) }
      },
      restarted: { [unowned self] _ in saveState() },
      becameReady: { [unowned self] in becameReady($0) },
      died: { [unowned self] in died($0, $1, restartsIn: $2) },
      stopped: { [unowned self] _ in stopNext() })
  }

  private func becameReady(_ service: ManagedService) {
    saveState()
    if phase == .starting {
      guard services.allSatisfy(\.isReady) else { return }
      loop.cancel(startDeadline)
      seed()
    } else if phase != .stopping {
      tell("\(service.name) is ready again after \(PollLoop.now() - service.startedAt) ms")
    }
  }

  private func died(_ service: ManagedService, _ ending: Ending, restartsIn delay: Int?) {
    saveState()
    explain(service)
    if phase == .starting, delay != nil, service.restarts + 1 >= Self.maximumStartCount {
      fail(
        Failure(
          "\(service.name) \(service.program.words(ending)) \(Self.maximumStartCount) times before it was ready"
            + lastWords(of: service)))
    } else if let delay {
      tell("\(service.name) \(service.program.words(ending)); starting it again in \(delay) ms")
    } else if service.program.needsAPerson(ending) {
      // Its own line says what to do; starting it again would only say it again.
      let words = service.lastLines.last.map { String(decoding: $0, as: UTF8.self) }
      fail(Failure((words ?? "\(service.name) cannot run and does not say why") + hint(service)))
    } else {
      tell("the debugger of \(service.name) has ended; stopping the shop")
      stop()
    }
  }

  /// Everything is ready and the shop is filled: say so, and let the lines of the services through.
  func announce() {
    guard phase == .starting || phase == .seeding else { return }
    phase = .running
    isOpen = true
    saveState()
    tell("the shop is open at \(url) after \(PollLoop.now() - began) ms")
    if configuration.isDetached {
      StartReport.end(with: .ready)
    } else {
      console.print(StatusReport(folder: folder, state: state(), ready: [:]).text(console))
    }
  }

  // MARK: Stopping

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
        received(Int32(information.ssi_signo))
      }
    }
  }

  private func received(_ signal: Int32) {
    switch signal {
    case SIGCHLD:
      var status: Int32 = 0
      while true {
        let pid = waitpid(-1, &status, WNOHANG)
        guard pid > 0 else { break }
        if let service = services.first(where: { $0.pid == pid }) {
          service.ended(Ending(status: status))
        } else if pid == forwarder?.pid {
          forwarder?.ended(Ending(status: status))
        } else if pid == seeding {
          seedEnded(Ending(status: status))
        }
      }
    case SIGINT where terminalIsTaken: break
    case SIGHUP where configuration.isDetached: break
    default:
      if phase == .stopping {
        tell("stopping at once")
        for service in services { service.killNow() }
      } else {
        tell("stopping")
        stop()
      }
    }
  }

  /// Stops because something is beyond repair.
  func fail(_ failure: Failure) {
    guard self.failure == nil else { return }
    self.failure = failure
    // In the background, what is thrown from here ends up in this log anyway.
    if !configuration.isDetached { ownLog.append(Array(failure.message.utf8)) }
    stop()
  }

  /// Stops the services, those that call others first.
  func stop() {
    guard phase != .stopping, phase != .finished else { return }
    phase = .stopping
    if let seeding { kill(seeding, SIGTERM) }
    saveState()
    stopNext()
  }

  func stopNext() {
    guard phase == .stopping else { return }
    if let next = services.last(where: { $0.state != .ended }) {
      if next.state != .stopping { next.stop(within: Self.stopMilliseconds(next.kind)) }
    } else if let forwarder, forwarder.isRunning {
      forwarder.stop()
    } else {
      phase = .finished
      tell("stopped")
    }
  }

  // MARK: Saying so

  /// An event of the shop itself: to its log, and to whoever watches.
  func tell(_ text: String) {
    ownLog.append(Array("time=\(StatusReport.time(Date())) service=souk message=\"\(text)\"".utf8))
    if configuration.isDetached {
      if phase == .starting || phase == .seeding { StartReport.send(.progress(text)) }
    } else {
      console.line("souk", Array(text.utf8))
    }
  }

  /// A line of the service's own: to its log, and to whoever watches.
  func hear(_ service: ManagedService, _ line: [UInt8]) {
    logs[service.kind]?.append(line)
    show(service.name, line)
  }

  func show(_ name: String, _ line: [UInt8]) {
    guard isOpen, !configuration.isDetached, !terminalIsTaken else { return }
    console.line(name, line)
  }

  func state() -> ShopState {
    let phase: ShopState.Phase =
      switch phase {
      case .starting, .seeding: .starting
      case .running: .running
      case .stopping, .finished: .stopping
      }
    return ShopState(
      supervisor: ProcessIdentity(pid: getpid())!, phase: phase, url: url, port: port,
      version: configuration.version == .v4 ? nil : configuration.version,
      currency: configuration.manifest.currency,
      startedAt: StatusReport.time(startedAt), namespace: tap?.namespace.name,
      forwarder: forwarder?.process,
      services: services.map { service in
        .init(
          name: service.name, process: service.process, port: service.port, adminPort: service.adminPort,
          database: service.kind.keepsData ? place(of: service.kind) : nil,
          restarts: service.restarts, lastEnding: service.lastEnding.map(service.program.words),
          machineByteCount: configuration.machines.map { $0.megabytes(service.kind) << 20 })
      },
      target: configuration.machines == nil ? nil : .qemu, accelerator: configuration.machines?.accelerator)
  }

  private func writeState() throws(Failure) { try state().write(folder.stateFile) }

  /// A state that cannot be written is told and survived: the services matter more.
  func saveState() {
    do throws(Failure) { try writeState() } catch { ownLog.append(Array(error.message.utf8)) }
  }
}
