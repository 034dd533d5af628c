// shop-api.md, "Filling the shop", before changing this file.

/// Reads a Shopify product CSV: a product is the rows with its Handle, a row with a price one of its variants.
///
/// What stands once per product (title, text, tags, whether it is published) is taken from the first of its
/// rows that says it.
struct ShopifyCatalog {
  /// What stands once per product.
  private struct Product {
    var title = ""
    var body = ""
    var tags = ""
    var published = ""
    var status = ""
    var image = ""
  }

  private let columns: ShopifyColumns
  private let currency: String
  private var products: [String: Product] = [:]
  /// Which row took a key.
  private var rowOfKey: [String: Int] = [:]

  /// All rows of the file, in order, without the header.
  static func rows(of bytes: [UInt8], currency: String) throws(Failure) -> [ImportRow] {
    var reader = CSVReader(bytes)
    guard let header = reader.next() else { throw Failure("the file is empty") }
    guard case .fields(let names) = header.content else {
      throw Failure("not a Shopify product CSV: its header is damaged")
    }
    var catalog = ShopifyCatalog(columns: try ShopifyColumns(header: names), currency: currency)
    var records: [CSVRecord] = []
    while let record = reader.next() {
      if case .fields(let fields) = record.content, fields.count == names.count { catalog.gather(fields) }
      records.append(record)
    }
    return records.map { catalog.row($0) }
  }

  private init(columns: ShopifyColumns, currency: String) {
    self.columns = columns
    self.currency = currency
  }

  private mutating func gather(_ fields: [String]) {
    let handle = columns.value(.handle, of: fields)
    var product = products[handle] ?? Product()
    func fill(_ value: inout String, _ column: ShopifyColumns.Column) {
      if value.isEmpty { value = columns.value(column, of: fields) }
    }
    fill(&product.title, .title)
    fill(&product.body, .body)
    fill(&product.tags, .tags)
    fill(&product.published, .published)
    fill(&product.status, .status)
    fill(&product.image, .image)
    products[handle] = product
  }

  private mutating func row(_ record: CSVRecord) -> ImportRow {
    let outcome: ImportRow.Outcome
    switch record.content {
    case .malformed(let reason): outcome = .problem(reason)
    case .fields(let fields) where fields.count != columns.count:
      outcome = .problem("\(fields.count) fields where the header has \(columns.count)")
    case .fields(let fields): outcome = self.outcome(of: fields, row: record.number)
    }
    return ImportRow(number: record.number, line: record.line, outcome: outcome)
  }

  private mutating func outcome(of fields: [String], row: Int) -> ImportRow.Outcome {
    let handle = columns.value(.handle, of: fields)
    guard !handle.isEmpty, let product = products[handle] else { return .problem("no Handle") }
    if product.published.lowercased() == "false" { return .skipped("not published") }
    // Newer exports say it in a column of its own.
    let status = product.status.lowercased()
    if status == "draft" || status == "archived" { return .skipped("its status is \(status)") }
    let priceText = columns.value(.price, of: fields)
    guard !priceText.isEmpty else {
      return columns.value(.image, of: fields).isEmpty
        ? .skipped("neither a price nor an image") : .image(handle: handle)
    }
    guard !product.title.isEmpty else { return .problem("no Title in any row of \"\(handle)\"") }

    let priceMinor: Int64
    switch PriceText.minorUnits(priceText, currency: currency) {
    case .success(let amount): priceMinor = amount
    case .failure(let reason): return .problem("the price \"\(priceText)\" \(reason.rawValue)")
    }
    let quantityText = columns.value(.quantity, of: fields)
    guard let quantity = quantityText.isEmpty ? 0 : Int64(quantityText) else {
      return .problem("the quantity \"\(quantityText)\" is no whole number")
    }

    let options = [.option1, .option2, .option3].map { columns.value($0, of: fields) }.filter { !$0.isEmpty }
    let telling = options.filter { $0 != "Default Title" }
    let sku = columns.value(.sku, of: fields)
    let key = sku.isEmpty ? ([handle] + options).joined(separator: "/") : sku
    if let earlier = rowOfKey[key] {
      return .problem(
        sku.isEmpty
          ? "the same Handle and options as row \(earlier)" : "the same SKU \"\(sku)\" as row \(earlier)")
    }
    rowOfKey[key] = row
    let shownSKU = sku.isEmpty ? ([handle] + telling).joined(separator: "/") : sku
    let variantImage = columns.value(.variantImage, of: fields)
    let ownImage = columns.value(.image, of: fields)
    let image = [variantImage, ownImage, product.image].first { !$0.isEmpty }
    return .item(
      ImportItem(
        key: key, sku: shownSKU, name: ([product.title] + telling).map(Self.oneLine).joined(separator: ", "),
        description: PlainText.of(html: product.body), tags: Self.tags(product.tags),
        priceMinor: priceMinor, currency: currency,
        // Oversold goods have a negative quantity there: none is on hand.
        onHand: max(0, quantity), imageURL: image, pictureNames: Self.pictureNames([shownSKU, key, handle])))
  }

  /// Names are one line: a line break in a field becomes a space.
  private static func oneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  /// Tags stand in one field with commas between them.
  static func tags(_ text: String) -> [String] {
    var tags: [String] = []
    for part in text.split(separator: ",") {
      let tag = part.trimmed
      if !tag.isEmpty, !tags.contains(tag) { tags.append(tag) }
    }
    return tags
  }

  /// File names cannot hold a slash: `-` stands for it.
  static func pictureNames(_ names: [String]) -> [String] {
    var result: [String] = []
    for name in names {
      let file = String(name.map { $0 == "/" ? "-" : $0 })
      if !result.contains(file) { result.append(file) }
    }
    return result
  }
}
