import JSON

/// What one row of an import file comes to.
struct ImportRow: Equatable {
  enum Outcome: Equatable {
    /// A product to be sent.
    case item(ImportItem)
    /// Nothing but a picture for the product with this handle.
    case image(handle: String)
    /// Left out on purpose; the reason is reported.
    case skipped(String)
    /// Not importable; the reason says what to mend.
    case problem(String)
  }

  /// As a spreadsheet counts: the header is row 1. In JSON Lines, the line.
  let number: Int
  /// Where the row begins in a text editor: it differs once a field holds line breaks.
  let line: Int
  var outcome: Outcome

  /// The product, if the row is one.
  var item: ImportItem? {
    if case .item(let item) = outcome { item } else { nil }
  }
}

/// A product as `POST /products:import` takes it.
struct ImportItem: Equatable {
  /// What a second import recognises the product by (shop-api.md, "Filling the shop").
  var key: String
  var sku: String
  var name: String
  /// Plain text.
  var description: String
  var tags: [String]
  var priceMinor: Int64
  var currency: String
  /// Nil leaves the stock alone.
  var onHand: Int64?
  /// Whether `onHand` may replace the stock of a product that is there. What a shop lists as available may not: the
  /// pieces that were held for orders are missing in it.
  var isStockCounted = true
  /// Where the seller's picture is; kept, never fetched.
  var imageURL: String?
  /// The base names a file in the `--images` folder may have to be this product's picture, best first.
  var pictureNames: [String]

  /// Writes the item of the import body.
  func write(to writer: inout JSONWriter) {
    writer.object { item in
      item.field("key", key)
      item.field("sku", sku)
      item.field("name", name)
      item.field("description", description)
      item.field(
        "tags",
        array: { list in
          for tag in tags { list.value(tag) }
        })
      item.field(
        "price",
        object: { price in
          price.field("amount", priceMinor)
          price.field("currency", currency)
        })
      if let onHand { item.field("onHand", onHand) }
      if let imageURL { item.field("imageURL", imageURL) }
    }
  }
}

/// Every limit of an import. Field lengths and ranges are the catalog's to judge; its answer is reported by row.
enum ImportLimits {
  /// Bytes of the file.
  static let fileByteCount = 256 << 20
  /// Bytes of one record: a quote that never closes must not swallow the file.
  static let recordByteCount = 1 << 20
  /// Items in one request (shop-api.md: 200).
  static let batchSize = 200
  /// Bytes of one request's items; the catalog takes 1 MiB of JSON.
  static let batchByteCount = 960 << 10
  /// Bytes of a picture (shop-api.md: 2 MiB).
  static let pictureByteCount = 2 << 20
}
