import Bytes
import CatalogAPI
import Platform
import Shop
import Storage

/// A product's row with what the public does not see.
struct ProductRecord: Sendable {
  var row: Int64
  var product: Product
}

/// The catalog's tables as products. Everything runs inside a transaction; times are Unix milliseconds.
struct ProductStore: Sendable {
  /// The shop's currency: prices are stored without.
  let currency: String

  /// Separates tags in their column. No tag holds a control character.
  static let tagSeparator: UInt8 = 0x1f

  static let columns = """
    p.row, p.id, p.sku, p.name, p.description, p.tags, p.price, p.on_hand - p.held, p.updated_at, p.version
    """
  static let columnCount = 10

  /// Reads a row of `columns`.
  func record(_ row: borrowing Row) -> ProductRecord {
    let id = row.text(1)
    return ProductRecord(
      row: row.int(0),
      product: Product(
        id: id, sku: row.text(2), name: row.text(3), description: row.text(4),
        tags: Self.split(row.text(5)), price: Money(row.int(6), currency), available: Int(row.int(7)),
        image: Product.imagePath(of: id), updatedAt: WallTime(milliseconds: row.int(8)),
        version: Int(row.int(9))))
  }

  /// The product on sale with this id.
  func product(_ connection: Connection, id: String) throws(StorageError) -> ProductRecord? {
    try connection.first(
      "SELECT \(Self.columns) FROM product p WHERE p.id = ? AND p.deleted_at IS NULL", [.text(id)]
    ) { (row) throws(StorageError) in record(row) }
  }

  /// The row of the product on sale with this id.
  func row(_ connection: Connection, id: String) throws(StorageError) -> Int64? {
    try connection.first(
      "SELECT row FROM product WHERE id = ? AND deleted_at IS NULL", [.text(id)]
    ) { (row) throws(StorageError) in row.int(0) }
  }

  /// The product of this row, deleted or not.
  func product(_ connection: Connection, row: Int64) throws(StorageError) -> ProductRecord {
    let found = try connection.first(
      "SELECT \(Self.columns) FROM product p WHERE p.row = ?", [.integer(row)]
    ) { (row) throws(StorageError) in record(row) }
    guard let found else { throw .corrupt }
    return found
  }

  /// The products on sale with these ids, in the order asked for, and the ids that name none.
  func products(
    _ connection: Connection, ids: [String]
  ) throws(StorageError) -> (items: [Product], missing: [String]) {
    var items: [Product] = []
    var missing: [String] = []
    for id in ids {
      if let found = try product(connection, id: id) {
        items.append(found.product)
      } else {
        missing.append(id)
      }
    }
    return (items, missing)
  }

  /// The tags of products on sale, the most used first.
  func tags(_ connection: Connection) throws(StorageError) -> [TagCount] {
    try connection.query(
      "SELECT tag, count(*) FROM product_tag GROUP BY tag ORDER BY count(*) DESC, tag LIMIT ?",
      [.integer(Int64(CatalogLimits.tagListSize))]
    ) { (row) throws(StorageError) in TagCount(tag: row.text(0), count: Int(row.int(1))) }
  }

  /// A product's books, also of a deleted one.
  func stock(_ connection: Connection, id: String) throws(StorageError) -> StockLevel? {
    try connection.first(
      "SELECT on_hand, held, sold, received FROM product WHERE id = ?", [.text(id)]
    ) { (row) throws(StorageError) in
      StockLevel(
        onHand: Int(row.int(0)), held: Int(row.int(1)), sold: Int(row.int(2)), received: Int(row.int(3)))
    }
  }

  static func join(_ tags: [String]) -> String {
    var text = ""
    for tag in tags {
      if !text.isEmpty { text += "\u{1f}" }
      text += tag
    }
    return text
  }

  static func split(_ text: String) -> [String] {
    text.utf8.split(separator: tagSeparator).map { String(Substring($0)) }
  }
}

extension WallTime {
  /// The moment `milliseconds` after the epoch: how times are stored.
  init(milliseconds: Int64) { self.init(nanosecondsSinceEpoch: milliseconds * 1_000_000) }

  /// Whole milliseconds since the epoch, for times after it.
  var milliseconds: Int64 { nanosecondsSinceEpoch / 1_000_000 }
}
