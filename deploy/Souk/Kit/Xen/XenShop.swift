import Glibc

/// A data folder's shop as domains of the Xen under this Linux: what `souk up --target xen` starts and `souk down` stops.
///
/// The domains belong to Xen, and no process of ours stays. What they were made from is in `xen/`, their disks are in
/// `databases/`, as with every target of images.
struct XenShop {
  let folder: DataFolder
  var host = XenHost()
  var images = Checkout.images

  init(_ folder: DataFolder) { self.folder = folder }

  private var deployed: String { folder.path + "/xen" }

  /// What the folder was deployed with; nothing when it was not.
  private var conf: [String: String] {
    var values: [String: String] = [:]
    for line in (Files.text("\(deployed)/\(XenDeployment.conf)") ?? "").split(separator: "\n") {
      let pair = line.split(separator: "=", maxSplits: 1)
      if pair.count == 2 { values[String(pair[0])] = pair[1].filter { $0 != "'" } }
    }
    return values
  }

  /// Whether one of its domains runs.
  var isRunning: Bool {
    guard let prefix = conf["prefix"], host.obstacle == nil else { return false }
    return ServiceKind.allCases.contains { host.runs("\(prefix)-\($0.rawValue)") }
  }

  /// By which protocol its domains reach each other; nil when nothing was deployed.
  private var version: InternetProtocol? { conf["inside_address"].map { $0.contains(":") ? .v6 : .v4 } }

  /// In what prices of its are.
  var currency: String { conf["currency"] ?? Manifest().currency }

  /// Deploys into the folder and runs up.sh: starts what does not run, and waits until all are ready.
  func up(_ manifest: Manifest, _ version: InternetProtocol = .v4) throws(Failure) {
    if let obstacle = host.obstacle { throw Failure("--target xen is not possible here: \(obstacle)") }
    // Domains keep the addresses that they were started with.
    if let running = self.version, running != version, isRunning {
      throw Failure(
        "the shop in \(Files.shown(folder.path)) runs over IPv\(running.rawValue): "
          + "`souk down\(folder.option)` stops it, then it can be started over IPv\(version.rawValue)")
    }
    try folder.prepare()
    guard let lock = try folder.lock() else {
      throw Failure(
        "a shop already runs in \(Files.shown(folder.path)), not on Xen: `souk down\(folder.option)` stops it"
      )
    }
    defer { close(lock) }
    var deployment = XenDeployment(
      folder: deployed,
      plan: XenPlan(manifest: manifest, secrets: try Secrets.load(folder), version: version),
      place: deployed)
    deployment.images = images
    let folder = folder
    deployment.elsewhere = { folder.disk($0.rawValue) }
    try deployment.write(folder)
    for kind in ServiceKind.allCases where kind.keepsData {
      if let moved = try DatabasePlace(kind.rawValue, in: folder).prepare(for: .xen, .disks) {
        Console.note(moved)
      }
    }
    let code = try host.run(["sh", "\(deployed)/up.sh"])
    guard code == 0 else { throw Failure("the shop is not open: the reasons are above", exitCode: code) }
  }

  /// Runs down.sh.
  func down() throws(Failure) {
    let code = try host.run(["sh", "\(deployed)/down.sh"])
    guard code == 0 else {
      throw Failure("not all domains were stopped: the reasons are above", exitCode: code)
    }
  }

  /// Where the gateway is for dom0.
  var gateway: (host: String, port: UInt16) {
    let host = conf["ready_gateway"]?.split(separator: " ").first
    return (host.map(String.init) ?? InnerNetwork.address(.gateway), InnerNetwork.port)
  }

  /// Fills a shop without products with the demo catalog. Says what came of it.
  func seed() -> String? {
    let importer = Importer()
    do throws(Failure) {
      let (host, port) = gateway
      guard Files.exists(Checkout.demoCatalog), try importer.isShopEmpty(host: host, port: port),
        let token = Files.text(folder.adminTokenFile)
      else { return nil }
      let report = try importer.run(
        file: Checkout.demoCatalog, host: host, port: port, adminToken: token, currency: currency,
        imagesDirectory: Checkout.demoImages)
      return ImportSummary(file: Checkout.demoCatalog, report: report).text
    } catch {
      return "the demo catalog was not imported: \(error.message)"
    }
  }
}
