import Foundation
import Glibc

/// Runs a shop as four domains on real Xen, in one QEMU: makes what `souk deploy` would make, boots the lab with it, has
/// dom0 run its up.sh, and down.sh at the end.
///
/// Like `Supervisor`, one thread around one poll(2). Restarting domains is Xen's own business here.
final class LabSupervisor {
  struct Configuration {
    var folder: DataFolder
    /// With the host's networks; the lab puts its own in their place.
    var manifest: Manifest
    var port: UInt16
    /// By which the services reach each other; the storefront is on 127.0.0.1.
    var version = InternetProtocol.v4
    /// Where the images are.
    var images = Checkout.images
    /// Reports through `StartReport`, and writes nothing to standard output.
    var isDetached = false
  }

  /// Until xl works: the first time, packages are fetched and Xen boots twice.
  static let bootMilliseconds = 600_000
  /// Until each service is ready, for up.sh.
  static let readySeconds = 60
  /// For each domain to finish, for down.sh; and for all of them and QEMU, which `souk down` waits longer for.
  static let stopSeconds = 10
  static let stopMilliseconds = 45_000
  static let pollMilliseconds = 50
  /// What xl and busybox's shell say when nothing is wrong, by its beginning.
  static let noise = ["Parsing config from", "got a tsc mode string", "Terminated"]

  enum Phase: Equatable { case booting, starting, seeding, running, stopping, finished }

  let configuration: Configuration
  let lab: Lab
  let loop = PollLoop()
  let console = Console()
  let manifest: Manifest
  let ownLog: LogFile
  var logs: [ServiceKind: LogFile] = [:]
  var phase = Phase.booting
  var failure: Failure?
  var machine: WatchedProcess?
  var machineIdentity: ProcessIdentity?
  var network: ForwarderProcess?
  var seeding: WatchedProcess?
  var command: Dom0Command?
  var feed: Int32 = -1
  var feedSplitter = LineSplitter()
  var traces: [ServiceKind: Backtrace] = [:]
  var traceTimers: [ServiceKind: PollLoop.TimerID] = [:]
  var signals: Int32 = -1
  var stopTimer: PollLoop.TimerID?
  private let startedAt = Date()
  private let began = PollLoop.now()
  private var port: UInt16 = 0
  private var ports: [ServiceKind: UInt16] = [:]
  var storefront: Int32 = -1
  var doors: [ServiceKind: Int32] = [:]
  /// The domain that up.sh started last, and what each one said last.
  var startedDomain: ServiceKind?
  var domainsWords: [ServiceKind: [String]] = [:]
  /// The last lines of what brought the lab up, for the message when it fails.
  var lastLines: [String] = []

  var folder: DataFolder { configuration.folder }
  private var url: String { "http://127.0.0.1:\(port)/" }

  init(_ configuration: Configuration) throws(Failure) {
    self.configuration = configuration
    lab = Lab(configuration.folder)
    manifest = try Lab.manifest(configuration.manifest)
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
    lab.remove()
    defer { lab.remove() }
    for kind in ServiceKind.allCases where kind.keepsData {
      if let moved = try DatabasePlace(kind.rawValue, in: folder).prepare(for: .xen, .disks) { tell(moved) }
    }
    for kind in ServiceKind.allCases { logs[kind] = try LogFile(folder.log(kind.rawValue)) }
    try openSockets()
    watchSignals()
    try writeDeployment()
    try state().write(folder.stateFile)
    defer {
      unlink(folder.stateFile)
      unlink(folder.forwarderSettings)
    }
    try boot()
    do throws(Failure) { try startSwitch() } catch { fail(error.message) }
    loop.run { phase == .finished }
    if let failure { throw failure }
  }

  // MARK: Starting

  /// They stay open here, and the switch serves them: who connects while it is started again waits.
  private func openSockets() throws(Failure) {
    let socket = try Sockets.listen(port: configuration.port)
    (storefront, port) = (socket.descriptor, socket.port)
    for kind in ServiceKind.allCases {
      let door = try Sockets.listen(port: 0)
      (doors[kind], ports[kind]) = (door.descriptor, door.port)
    }
  }

  private func startSwitch() throws(Failure) {
    let settings = lab.switchSettings(storefront: storefront, services: doors)
    try Files.write(settings.bytes, to: folder.forwarderSettings, mode: 0o600)
    let network = ForwarderProcess(
      "switch", settings: folder.forwarderSettings,
      descriptors: ForwarderSettings.descriptors(settings.doors), loop: loop,
      events: .init(
        line: { [unowned self] in tell(String(decoding: $0, as: UTF8.self)) },
        died: { [unowned self] ending, delay in
          tell("the switch \(ending.description); starting it again in \(delay) ms")
        },
        stopped: { [unowned self] in phase = .finished }))
    try network.start()
    self.network = network
  }

  /// What an operator would get, with dom0's own places in it, as a tar.
  private func writeDeployment() throws(Failure) {
    guard mkdir(lab.place, 0o700) == 0 else {
      throw Failure("cannot make \(Files.shown(lab.place)): \(String(cString: strerror(errno)))")
    }
    let plan = XenPlan(manifest: manifest, secrets: try Secrets.load(folder), version: configuration.version)
    var deployment = XenDeployment(folder: lab.deployment, plan: plan, place: Lab.placeInDom0)
    deployment.elsewhere = Lab.disk
    deployment.images = configuration.images
    try deployment.write(folder)
    // Modules hold secrets: nobody else reads them on their way either.
    let old = umask(0o077)
    defer { umask(old) }
    let code = try Spawn(
      executable: "/usr/bin/env", arguments: ["tar", "-C", lab.deployment, "-cf", lab.archive, "."]
    ).run()
    guard code == 0 else { throw Failure("tar cannot make \(Files.shown(lab.archive)) (\(code))") }
  }

  private func boot() throws(Failure) {
    tell("booting Xen in QEMU")
    let spawn = Spawn(
      executable: "/proc/self/exe",
      arguments: MachineCommand.arguments(
        Lab.scripts + "/boot", lab.bootArguments))
    let machine = try WatchedProcess(
      spawn, loop: loop,
      line: { [unowned self] in hear(String(decoding: ManagedService.printable($0), as: UTF8.self)) },
      ended: { [unowned self] in machineEnded($0) })
    self.machine = machine
    machineIdentity = ProcessIdentity(pid: machine.pid)
    try state().write(folder.stateFile)
    loop.after(Self.pollMilliseconds) { self.lookForDom0() }
  }

  private func lookForDom0() {
    guard phase == .booting else { return }
    guard PollLoop.now() - began < Self.bootMilliseconds else {
      return fail("dom0 did not come up within \(Self.bootMilliseconds / 1000) s")
    }
    guard Files.exists(lab.readyFile) else {
      loop.after(Self.pollMilliseconds) { self.lookForDom0() }
      return
    }
    tell("Xen and its dom0 are up after \(PollLoop.now() - began) ms")
    phase = .starting
    lastLines = []
    followFeed()
    var script = ServiceKind.allCases.map {
      "door \(Lab.door($0)) \(InnerNetwork.address($0, configuration.version)) \(Lab.port(behind: $0))"
    }
    script.append("feed " + ServiceKind.allCases.map(manifest.xen.domain).joined(separator: " "))
    script.append("cd \(Lab.placeInDom0) && SOUK_DEADLINE=\(Self.readySeconds) ./up.sh")
    command = Dom0Command(
      script.joined(separator: "\n"), in: lab, loop: loop,
      line: { [unowned self] in hear(String(decoding: ManagedService.printable($0), as: UTF8.self)) },
      ended: { [unowned self] status in
        command = nil
        guard phase == .starting else { return }
        if status == 0 { seed() } else { fail("the domains do not start" + lastWordsOfDomain()) }
      })
    if command == nil { fail("dom0 takes no commands") }
  }

  /// A line of what brings the lab up: boot's, or up.sh's.
  func hear(_ line: String) {
    guard !line.isEmpty, !Self.noise.contains(where: line.hasPrefix) else { return }
    lastLines = lastLines.suffix(ManagedService.rememberedLineCount - 1) + [line]
    let (text, isOurs) = Self.withoutName(line)
    // What xl says about each step of its own is for the log.
    if isOurs { tell(text) } else { note(line) }
    if let kind = ServiceKind.allCases.first(where: { text == "starting \(manifest.xen.domain($0))" }) {
      startedDomain = kind
    }
  }

  /// `line` without the name of whoever says it, and whether it is one of ours.
  private static func withoutName(_ line: String) -> (text: String, isOurs: Bool) {
    for name in ["souk: ", "xen-lab: "] where line.hasPrefix(name) {
      return (String(line.dropFirst(name.count)), true)
    }
    return (line, false)
  }

  /// Fills an empty shop with the demo catalog, through the gateway like any import.
  private func seed() {
    guard Files.exists(Checkout.demoCatalog) else { return announce() }
    phase = .seeding
    let spawn = Spawn(
      executable: "/proc/self/exe",
      arguments: [
        "import", Checkout.demoCatalog, "--images", Checkout.demoImages, "--if-empty", "--data", folder.path,
      ])
    do throws(Failure) {
      seeding = try WatchedProcess(
        spawn, loop: loop,
        line: { [unowned self] in tell(Self.withoutName(String(decoding: $0, as: UTF8.self)).text) },
        ended: { [unowned self] ending in
          seeding = nil
          if ending != .exited(0), phase == .seeding {
            tell("the import of the demo catalog \(ending.description); the shop is open all the same")
          }
          announce()
        })
    } catch {
      tell("the demo catalog was not imported: \(error.message)")
      announce()
    }
  }

  private func announce() {
    guard phase == .starting || phase == .seeding else { return }
    phase = .running
    do throws(Failure) { try state().write(folder.stateFile) } catch { note(error.message) }
    tell("the shop is open at \(url) after \(PollLoop.now() - began) ms")
    if configuration.isDetached {
      StartReport.end(with: .ready)
    } else {
      let report = StatusReport(folder: folder, state: state(), ready: [:], domains: DomainList.ask(lab))
      console.print(report.text(console))
    }
  }

  // MARK: Saying so

  /// An event of the lab itself: to its log, and to whoever watches.
  func tell(_ text: String) {
    note("time=\(StatusReport.time(Date())) service=souk message=\"\(text)\"")
    if configuration.isDetached {
      if phase != .running, phase != .stopping, phase != .finished { StartReport.send(.progress(text)) }
    } else {
      console.line("souk", Array(text.utf8))
    }
  }

  func note(_ text: String) { ownLog.append(Array(text.utf8)) }

  func state() -> ShopState {
    let phase: ShopState.Phase =
      switch phase {
      case .booting, .starting, .seeding: .starting
      case .running: .running
      case .stopping, .finished: .stopping
      }
    return ShopState(
      supervisor: ProcessIdentity(pid: getpid())!, phase: phase, url: url, port: port,
      currency: manifest.currency, startedAt: StatusReport.time(startedAt), forwarder: network?.process,
      machine: machineIdentity,
      services: ServiceKind.allCases.map { kind in
        .init(
          name: kind.rawValue, domain: manifest.xen.domain(kind),
          port: kind == .gateway ? port : ports[kind] ?? 0, adminPort: kind == .gateway ? ports[kind] : nil,
          database: kind.keepsData ? folder.disk(kind.rawValue) : nil)
      },
      target: .xen, accelerator: .tcg)
  }
}
