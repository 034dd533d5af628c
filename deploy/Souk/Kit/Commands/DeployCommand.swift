import ArgumentParser

struct DeployCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deploy", abstract: "Write everything that another machine needs to run the shop.",
    discussion: """
      Writes a folder for a Xen host: for each service its image, a configuration for xl and one for libvirt, its boot \
      module with the settings of deploy/shop.yaml and the secrets of --data, and an empty disk; and the scripts \
      up.sh and down.sh. Copy it to dom0 and run up.sh there; README.txt in it tells more.

      Doing it again replaces everything but the disks. The folder holds secrets and is yours alone (0700).
      """)

  @OptionGroup var options: DataOptions

  @Option(help: ArgumentHelp("What it is for: xen.", valueName: "machine"))
  var target: Target

  @Option(help: ArgumentHelp("The folder to write: new, empty, or from another time.", valueName: "dir"))
  var out: String

  @Option(help: ArgumentHelp("Only this service: catalog, cart, checkout or gateway.", valueName: "service"))
  var only: String?

  @Option(
    help: ArgumentHelp(
      "The Internet Protocol by which the services reach each other, 4 or 6; with 6 the gateway also gets an address "
        + "of it outside, by what routers say.", valueName: "version"))
  var ip = InternetProtocol.v4

  @Option(help: ArgumentHelp("The manifest; default deploy/shop.yaml.", valueName: "file"))
  var manifest: String?

  @Option(
    help: ArgumentHelp(
      "Where the folder will be on dom0. Without it configurations have relative paths.", valueName: "dir"))
  var pathOnDom0: String?

  func run() throws {
    guard target == .xen else {
      throw Failure(
        "--target \(target.rawValue) runs on this machine, and needs no deployment: `souk up --target \(target.rawValue)`"
      )
    }
    var kind: ServiceKind?
    if let only {
      kind = ServiceKind(rawValue: only)
      guard kind != nil else {
        throw Failure("--only \(only): there is no such service; there are \(ServiceKind.list)")
      }
    }
    let manifest = try Manifest.read(manifest ?? Checkout.manifest)
    let data = options.folder
    try data.prepare()
    let deployment = XenDeployment(
      folder: out, plan: XenPlan(manifest: manifest, secrets: try Secrets.load(data), version: ip),
      place: pathOnDom0)
    let made = try deployment.write(data, only: kind)
    let names = kind.map { [$0] } ?? ServiceKind.allCases
    Console().print(
      "wrote \(Files.shown(deployment.folder)): \(names.map(manifest.xen.domain).joined(separator: ", "))"
        + (made.isEmpty ? "" : "; new disks: \(made.joined(separator: ", "))"))
    Console.note("copy it to dom0 and run \(kind.map { "`./up.sh \($0.rawValue)`" } ?? "`./up.sh`") there")
  }
}
