import ArgumentParser
import Glibc

struct LabCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lab", abstract: "Try the shop on real Xen, inside QEMU.",
    discussion: """
      Boots Xen 4.17 with a Linux dom0 in QEMU, needs no root and no Xen host, and starts the shop there as its four \
      domains, by the same configurations and scripts that `souk deploy --target xen` writes. Ctrl-C stops it; what \
      the shop knows stays in its folder, on the same disks that --target qemu uses. Everything is made of Debian's \
      packages, which are fetched the first time.
      """,
    subcommands: [LabUpCommand.self, LabDownCommand.self, LabShellCommand.self, LabTestCommand.self],
    defaultSubcommand: LabUpCommand.self)
}

struct LabUpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "up", abstract: "Start the lab; the default.")

  @OptionGroup var options: DataOptions

  @Option(help: "The storefront's port on 127.0.0.1; 0 takes a free one.")
  var port: UInt16 = 8080

  @Option(
    help: ArgumentHelp(
      "The Internet Protocol by which the services reach each other, 4 or 6.", valueName: "version"))
  var ip = InternetProtocol.v4

  @Option(help: ArgumentHelp("The manifest; default deploy/shop.yaml.", valueName: "file"))
  var manifest: String?

  @Option(
    help: ArgumentHelp("The folder with the images; default .build-unikernel/images.", valueName: "dir"))
  var images: String?

  @Flag(help: "Run it in the background and return once it is ready.")
  var detach = false

  @Flag(help: "With --detach: print the table as JSON.")
  var json = false

  /// This process is the background half of --detach.
  @Flag(help: .hidden)
  var supervise = false

  func run() throws {
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
    if detach { try runDetached() } else { try supervisor.run() }
  }

  /// Checks everything that can be wrong before a process is started.
  private func supervisor() throws(Failure) -> LabSupervisor {
    if let obstacle = Lab(options.folder).obstacle() {
      throw Failure("there can be no lab here: \(obstacle)")
    }
    let images = images.map(Files.absolute) ?? Checkout.images
    let missing = ServiceKind.allCases.first { !Files.exists("\(images)/\($0.rawValue).elf") }
    if let missing {
      throw Failure(
        "the image \(Files.shown(images))/\(missing.rawValue).elf is not built: `./souk build --target xen` makes it"
      )
    }
    let manifest = try Manifest.read(manifest ?? Checkout.manifest)
    try options.folder.prepare()
    return try LabSupervisor(
      .init(
        folder: options.folder, manifest: manifest, port: port, version: ip, images: images,
        isDetached: supervise))
  }

  /// Starts the supervisor in a session of its own and waits for its verdict, with a line for each step on the way.
  private func runDetached() throws(Failure) {
    let pipe = try Sockets.pipe()
    let log = open(options.folder.log("souk"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    let high = fcntl(log, F_DUPFD_CLOEXEC, Sockets.lowestInherited)
    close(log)
    var spawn = Spawn(
      executable: "/proc/self/exe",
      arguments: ["lab", "up", "--supervise", "--port", String(port), "--data", options.folder.path])
    spawn.arguments += ["--ip", String(ip.rawValue)]
    if let manifest { spawn.arguments += ["--manifest", Files.absolute(manifest)] }
    if let images { spawn.arguments += ["--images", Files.absolute(images)] }
    spawn.isolation = .session
    spawn.descriptors = [(high, 1), (high, 2), (pipe.writing, StartReport.descriptor)]
    _ = try spawn.start()
    close(pipe.writing)
    let isTerminal = isatty(2) == 1
    try StartReport.wait(on: pipe.reading) { progress in
      if isTerminal || !json { Console.note(progress) }
    }
    let state = try options.folder.requireRunning()
    let report = StatusReport(
      folder: options.folder, state: state, ready: [:], domains: DomainList.ask(Lab(options.folder)))
    let console = Console()
    console.print(json ? try report.json() : report.text(console))
  }
}

struct LabDownCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "down", abstract: "Stop the lab; what the shop knows stays.",
    discussion: "The same as `souk down`: requests in flight are finished first.")

  @OptionGroup var down: DownCommand

  func run() throws { try down.run() }
}
