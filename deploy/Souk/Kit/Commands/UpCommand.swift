import ArgumentParser
import Glibc

struct UpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "up", abstract: "Start the shop.",
    discussion: """
      Starts the four services, waits until each is ready, fills an empty shop with the demo catalog, prints \
      where everything is, and shows what the services say. Ctrl-C stops it without losing a request in \
      flight. What the shop knows stays in its folder.
      """)

  @OptionGroup var options: DataOptions

  @Option(
    help: ArgumentHelp(
      "The machine under the services: process, qemu for a microVM each (needs no root), or xen for a domain each "
        + "(on the dom0 of a Xen host, which keeps them running; `souk down` stops them).",
      valueName: "machine"))
  var target = Target.process

  @Option(
    help: ArgumentHelp(
      "With --target qemu, what executes: tcg (everywhere), kvm, or auto for kvm where an image boots on it.",
      valueName: "accelerator"))
  var accel: Accelerator.Choice?

  @Option(
    help: ArgumentHelp(
      "The TCP/IP under the services: kernel, or tap for Souk's own behind TAP interfaces (needs root).",
      valueName: "stack"))
  var net = ServiceNetwork.kernel

  @Option(
    help: ArgumentHelp(
      "The Internet Protocol by which the services reach each other and you the shop: 4 (127.0.0.1) or 6 (::1).",
      valueName: "version"))
  var ip = InternetProtocol.v4

  @Option(help: "The storefront's port on this machine; 0 takes a free one.")
  var port: UInt16 = 8080

  @Option(help: ArgumentHelp("The manifest; default deploy/shop.yaml.", valueName: "file"))
  var manifest: String?

  @Flag(help: "Run it in the background and return once it is ready.")
  var detach = false

  @Flag(help: "With --detach: print the table as JSON.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "Start this service under gdb; without a terminal, print the line that attaches gdb. A machine of --target "
        + "qemu waits for gdb, and the line is printed.",
      valueName: "service"))
  var debug: String?

  /// This process is the background half of --detach.
  @Flag(help: .hidden)
  var supervise = false

  func run() throws {
    if target == .xen { return try runOnXen() }
    if supervise {
      _ = fcntl(StartReport.descriptor, F_SETFD, FD_CLOEXEC)
      do throws(Failure) {
        try supervisor().run()
      } catch {
        StartReport.send(.failed(error))
        throw error
      }
      return
    }
    let supervisor = try supervisor()
    if detach { try runDetached(supervisor.configuration.machines) } else { try supervisor.run() }
  }

  private func checkOptions() throws(Failure) {
    guard target == .process || net == .kernel else {
      throw Failure("--net \(net.rawValue) is for --target process: an image has Souk's own TCP/IP anyway")
    }
    guard target == .qemu || accel == nil else {
      throw Failure("--accel is for --target qemu: nothing else needs an accelerator")
    }
  }

  /// Starts the domains, which then need no process of ours.
  private func runOnXen() throws(Failure) {
    try checkOptions()
    guard debug == nil else { throw Failure("--debug is for the targets process and qemu") }
    let shop = XenShop(options.folder)
    if let obstacle = shop.host.obstacle { throw Failure("--target xen is not possible here: \(obstacle)") }
    try shop.up(try Manifest.read(manifest ?? Checkout.manifest), ip)
    if let seeded = shop.seed() { Console.note(seeded) }
    Console().print(
      "the gateway is http://\(ip == .v4 ? shop.gateway.host : "[\(shop.gateway.host)]")/ for dom0; the admin token is in "
        + Files.shown(options.folder.adminTokenFile))
  }

  /// Checks everything that can be wrong before a process is started.
  private func supervisor() throws(Failure) -> Supervisor {
    try checkOptions()
    guard !XenShop(options.folder).isRunning else {
      throw Failure(
        "the shop in \(Files.shown(options.folder.path)) runs as domains of Xen: `souk down\(options.folder.option)` "
          + "stops it")
    }
    if net == .tap, let obstacle = NetworkNamespace.obstacle() {
      throw Failure("--net tap is not possible here: \(obstacle)")
    }
    var kind: ServiceKind?
    if let debug {
      kind = ServiceKind(rawValue: debug)
      guard kind != nil else {
        throw Failure("--debug \(debug): there is no such service; there are \(ServiceKind.list)")
      }
    }
    let manifest = try Manifest.read(manifest ?? Checkout.manifest)
    if target == .qemu {
      let machines = try machinePlan(debug: kind)
      try options.folder.prepare()
      return try Supervisor(
        .init(
          folder: options.folder, manifest: manifest, version: ip, machines: machines, port: port,
          debug: kind,
          isDetached: supervise))
    }
    for kind in ServiceKind.allCases where !Files.exists("\(Checkout.executables)/\(kind.rawValue)") {
      throw Failure(
        "the service \(kind.rawValue) is not built in \(Files.shown(Checkout.executables)): run `./souk build`"
      )
    }
    try options.folder.prepare()
    return try Supervisor(
      .init(
        folder: options.folder, manifest: manifest, network: net, version: ip, port: port, debug: kind,
        isDetached: supervise))
  }

  /// Chooses what executes the machines, and says so where somebody may wonder.
  private func machinePlan(debug: ServiceKind?) throws(Failure) -> MachinePlan {
    if let obstacle = VirtualMachine.obstacle() {
      throw Failure("--target qemu is not possible here: \(obstacle)")
    }
    // Only somebody without the front door has to build them first.
    let unsure = MachinePlan(accelerator: .tcg)
    if let obstacle = unsure.obstacle(options.folder) { throw Failure(obstacle) }
    let choice = try Accelerator.choose(accel ?? .auto) { () throws(Failure) in
      try Accelerator.kvmBoots(unsure.image(.gateway))
    }
    // The background half was told what this one found.
    if !supervise {
      Console.note(
        "\(choice.accelerator.rawValue) executes the machines" + (choice.reason.map { ": \($0)" } ?? ""))
    }
    return MachinePlan(accelerator: choice.accelerator, debug: debug)
  }

  /// Starts the supervisor in a session of its own and waits for its verdict.
  private func runDetached(_ plan: MachinePlan?) throws(Failure) {
    let pipe = try Sockets.pipe()
    let log = open(options.folder.log("souk"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    let high = fcntl(log, F_DUPFD_CLOEXEC, Sockets.lowestInherited)
    close(log)
    var spawn = Spawn(executable: "/proc/self/exe", arguments: ["up", "--supervise", "--port", String(port)])
    spawn.arguments += ["--data", options.folder.path, "--net", net.rawValue]
    spawn.arguments += ["--target", target.rawValue, "--ip", String(ip.rawValue)]
    if let plan { spawn.arguments += ["--accel", plan.accelerator.rawValue] }
    if let manifest { spawn.arguments += ["--manifest", Files.absolute(manifest)] }
    if let debug { spawn.arguments += ["--debug", debug] }
    spawn.isolation = .session
    spawn.descriptors = [(high, 1), (high, 2), (pipe.writing, StartReport.descriptor)]
    _ = try spawn.start()
    close(pipe.writing)
    let isTerminal = isatty(2) == 1
    try StartReport.wait(on: pipe.reading) { progress in
      if isTerminal || debug != nil { Console.note(progress) }
    }
    let state = try options.folder.requireRunning()
    let report = StatusReport(folder: options.folder, state: state, ready: [:])
    let console = Console()
    console.print(json ? try report.json() : report.text(console))
  }
}

extension ServiceKind {
  /// Their names, for messages.
  static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
