import Glibc
import HTTPCore
import JSON

/// Fills a shop from a product file, through its gateway and therefore on every target.
///
/// Bad rows are reported and the good ones imported. Products are recognised by their key, so running an
/// import again, also one that broke off, changes only what the file changed.
struct Importer {
  /// How often a shop that is not there for the moment is asked, and how long is waited in between.
  private static let attempts = 5
  private static let longestPause = 10

  /// Waits so many seconds before the shop is asked again.
  var pause: (Int) -> Void = { _ = sleep(UInt32($0)) }

  /// Imports `file`.
  ///
  /// - Parameters:
  ///   - file: a Shopify product CSV or JSON Lines of Product.
  ///   - host, port: the gateway's.
  ///   - adminToken: the shop's, from its data folder.
  ///   - currency: the shop's; prices in a CSV have none.
  ///   - setStock: whether products that are there get the file's stock. New ones always do.
  ///   - imagesDirectory: a folder with files named after SKU or Handle, uploaded as the products' pictures.
  ///   - progress: called after each batch and each picture.
  /// - Throws: when the file cannot be read as a whole, or the shop does not answer or refuses all.
  func run(
    file: String, host: String, port: UInt16, adminToken: String, currency: String, setStock: Bool = false,
    imagesDirectory: String? = nil, progress: (ImportProgress) -> Void = { _ in }
  ) throws(Failure) -> ImportReport {
    guard let bytes = Files.read(file) else {
      throw Failure("cannot read \(Files.shown(file)): \(String(cString: strerror(errno)))")
    }
    if let imagesDirectory, !Files.exists(imagesDirectory + "/.") {
      throw Failure("\(Files.shown(imagesDirectory)) is no folder: --images takes one with pictures")
    }
    var rows: [ImportRow]
    do throws(Failure) {
      rows = try ImportFile.rows(of: bytes, named: file, currency: currency)
    } catch {
      throw Failure("\(Files.shown(file)): \(error.message)")
    }
    var session = Session(
      importer: self, client: GatewayClient(host: host, port: port), authorization: "Bearer \(adminToken)",
      imagesDirectory: imagesDirectory)
    let batches = ImportBatch.batches(of: &rows, setStock: setStock)
    session.count(rows)
    progress(session.progress)
    for batch in batches {
      try session.send(batch, progress)
    }
    session.report.problems.sort { $0.row < $1.row }
    return session.report
  }

  /// Whether the shop has no product.
  func isShopEmpty(host: String, port: UInt16) throws(Failure) -> Bool {
    let client = GatewayClient(host: host, port: port)
    let answer = try ask(client) { (client) throws(GatewayClient.Silence) in
      try client.send(.get, "/api/v1/products?limit=1")
    }
    guard answer.status == 200, let total = answer.json?["total"]?.integer else {
      throw Failure("the shop does not list its products: \(answer.reason)")
    }
    return total == 0
  }

  /// Asks until there is an answer other than 429, 503 and 504; what is asked may be asked again.
  fileprivate func ask(
    _ client: GatewayClient, _ request: (GatewayClient) throws(GatewayClient.Silence) -> GatewayClient.Answer
  ) throws(Failure) -> GatewayClient.Answer {
    var attempt = 1
    while true {
      var seconds = 1 << (attempt - 1)
      let reason: String
      do throws(GatewayClient.Silence) {
        let answer = try request(client)
        guard [429, 503, 504].contains(answer.status) else { return answer }
        reason = answer.reason
        if let told = answer.field("retry-after").flatMap({ Int($0) }) { seconds = max(0, told) }
      } catch {
        reason = error.description
      }
      guard attempt < Self.attempts else {
        throw Failure(
          "the shop at \(client.host):\(client.port) does not answer (\(reason)): see `souk status`, "
            + "then import again; what was imported stays")
      }
      attempt += 1
      pause(min(seconds, Self.longestPause))
    }
  }
}

/// One run: the connection and what has come of it so far.
private struct Session {
  let importer: Importer
  let client: GatewayClient
  let authorization: String
  let imagesDirectory: String?
  var report = ImportReport()
  var progress = ImportProgress()

  /// Takes what is known before the shop is asked.
  mutating func count(_ rows: [ImportRow]) {
    report.rows = rows.count
    for row in rows {
      switch row.outcome {
      case .item: progress.total += 1
      case .image: report.imageRows += 1
      case .skipped(let reason): report.skipped.append(.init(row: row.number, reason: reason))
      case .problem(let reason): report.problems.append(.init(row: row.number, reason: reason))
      }
    }
  }

  mutating func send(_ batch: ImportBatch, _ tell: (ImportProgress) -> Void) throws(Failure) {
    let fields = [(name: "content-type", value: "application/json"), ("authorization", authorization)]
    let answer = try importer.ask(client) { (client) throws(GatewayClient.Silence) in
      try client.send(.post, "/api/v1/products:import", fields: fields, body: batch.body, mayRepeat: true)
    }
    switch answer.status {
    case 200: break
    case 401, 403: throw Failure("the shop does not take the admin token: use the one in its data folder")
    default: throw Failure("the shop refuses the import: \(answer.reason)")
    }
    guard let results = answer.json?["results"]?.array, results.count == batch.rows.count else {
      throw Failure("the shop's answer to the import cannot be understood: are CLI and shop of one version?")
    }
    var products: [(row: ImportRow, id: String)] = []
    for result in results {
      guard let index = result["index"]?.integer, batch.rows.indices.contains(Int(index)) else { continue }
      let row = batch.rows[Int(index)]
      switch result["result"]?.string {
      case "created": report.created += 1
      case "updated": report.updated += 1
      case "unchanged": report.unchanged += 1
      default:
        report.problems.append(
          .init(row: row.number, reason: result["detail"]?.string ?? "refused without a reason"))
      }
      if let id = result["id"]?.string { products.append((row, id)) }
    }
    progress.done += batch.rows.count
    tell(progress)
    if let imagesDirectory {
      for (row, id) in products { try upload(row, id, from: imagesDirectory, tell) }
    }
  }

  private mutating func upload(
    _ row: ImportRow, _ id: String, from folder: String, _ tell: (ImportProgress) -> Void
  ) throws(Failure) {
    guard let names = row.item?.pictureNames, let picture = Pictures.find(names, in: folder) else { return }
    let shown = Files.shown(picture.path)
    guard let bytes = Files.read(picture.path) else {
      report.problems.append(.init(row: row.number, reason: "cannot read \(shown)"))
      return
    }
    guard bytes.count <= ImportLimits.pictureByteCount else {
      report.problems.append(
        .init(row: row.number, reason: "\(shown) is larger than \(ImportLimits.pictureByteCount >> 20) MiB"))
      return
    }
    let fields = [(name: "content-type", value: picture.mediaType), ("authorization", authorization)]
    let answer = try importer.ask(client) { (client) throws(GatewayClient.Silence) in
      try client.send(.put, "/api/v1/products/\(id)/image", fields: fields, body: bytes)
    }
    guard 200..<300 ~= answer.status else {
      report.problems.append(.init(row: row.number, reason: "\(shown) was refused: \(answer.reason)"))
      return
    }
    report.pictures += 1
    progress.pictures += 1
    tell(progress)
  }
}
