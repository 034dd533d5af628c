import ArgumentParser
import Glibc

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Fill the running shop from a product file.",
    discussion: """
      Takes a Shopify product CSV or JSON Lines of Product, and goes through the gateway. Bad rows are named \
      and the good ones imported; doing it again changes only what the file changed. Exit code 0: every row \
      was understood; 2: some were not.
      """)

  /// Some rows could not be imported.
  static let partlyDone: Int32 = 2
  /// Remarks that are printed one by one.
  static let maximumRemarkCount = 50

  @OptionGroup var options: DataOptions

  @Argument(help: "The product file.")
  var file: String

  @Flag(help: "Also set the stock of products that are there already, where the file counts it (onHand).")
  var setStock = false

  @Option(help: ArgumentHelp("A folder with pictures named after SKU or handle.", valueName: "dir"))
  var images: String?

  @Flag(help: "For scripts.")
  var json = false

  /// Said by the supervisor: only when the shop has no product yet.
  @Flag(help: .hidden)
  var ifEmpty = false

  func run() throws {
    let domains = XenShop(options.folder)
    var door = domains.gateway
    var currency = domains.currency
    if options.folder.running() != nil || !domains.isRunning {
      let state = try options.folder.requireRunning()
      door = (state.internetProtocol.loopback, state.port)
      currency = state.currency
    }
    guard let token = Files.text(options.folder.adminTokenFile) else {
      throw Failure("cannot read the admin token \(Files.shown(options.folder.adminTokenFile))")
    }
    let importer = Importer()
    if ifEmpty, try !importer.isShopEmpty(host: door.host, port: door.port) { return }
    let showsProgress = isatty(2) == 1 && !json
    let report = try importer.run(
      file: file, host: door.host, port: door.port, adminToken: token, currency: currency,
      setStock: setStock, imagesDirectory: images
    ) { progress in
      guard showsProgress else { return }
      let pictures = progress.pictures > 0 ? ", \(progress.pictures) pictures" : ""
      Files.writeAll(Array("\r\u{1b}[K\(progress.done) of \(progress.total) products\(pictures)".utf8), to: 2)
    }
    if showsProgress { Files.writeAll(Array("\r\u{1b}[K".utf8), to: 2) }
    let summary = ImportSummary(file: file, report: report)
    Console().print(json ? try StatusReport.encode(summary) : summary.text)
    if !report.problems.isEmpty, !ifEmpty { Glibc.exit(Self.partlyDone) }
  }
}

/// What an import came to, for people and for scripts.
struct ImportSummary: Encodable {
  struct Remark: Encodable {
    var row: Int
    var reason: String
  }

  var file: String
  var rows: Int
  var created: Int
  var updated: Int
  var unchanged: Int
  var imageRows: Int
  var pictures: Int
  var skipped: [Remark]
  var problems: [Remark]

  init(file: String, report: ImportReport) {
    self.file = file
    rows = report.rows
    created = report.created
    updated = report.updated
    unchanged = report.unchanged
    imageRows = report.imageRows
    pictures = report.pictures
    skipped = report.skipped.map { Remark(row: $0.row, reason: $0.reason) }
    problems = report.problems.map { Remark(row: $0.row, reason: $0.reason) }
  }

  var text: String {
    var counts = ["\(created) created", "\(updated) updated", "\(unchanged) unchanged"]
    if pictures > 0 { counts.append("\(pictures) pictures") }
    if imageRows > 0 { counts.append("\(imageRows) rows that only add images") }
    if !skipped.isEmpty { counts.append("\(skipped.count) skipped") }
    if !problems.isEmpty { counts.append("\(problems.count) not imported") }
    var lines = ["\(rows) rows of \(Files.shown(file)): " + counts.joined(separator: ", ")]
    for (word, remarks) in [("skipped", skipped), ("not imported", problems)] {
      lines += remarks.prefix(ImportCommand.maximumRemarkCount).map {
        "  row \($0.row) \(word): \($0.reason)"
      }
      let more = remarks.count - ImportCommand.maximumRemarkCount
      if more > 0 { lines.append("  and \(more) more \(word); --json names them all") }
    }
    return lines.joined(separator: "\n")
  }
}
