import CatalogAPI
import Platform
import Shop
import Storage

/// What an owner says about a product; checked.
struct ProductInput: Sendable, Equatable {
  var sku: String
  var name: String
  var description: String
  var tags: [String]
  var priceMinor: Int64
}

/// What a write to a product came to.
enum WriteAnswer: Sendable {
  /// Done; the product as it is now.
  case product(Product)
  /// Done; there is nothing to show.
  case done
  /// No such product on sale.
  case notFound
  /// No If-Match (428).
  case preconditionRequired
  /// If-Match names another version (412).
  case stale
  /// Nothing was written, because the body was wrong (422).
  case invalid
  /// Another product on sale has this SKU.
  case skuTaken
  /// So many pieces are held.
  case stockHeld(Int64)
  /// More pieces than a product may have.
  case tooMany
}

extension ProductStore {
  /// Puts a new product on sale.
  func create(
    _ connection: Connection, id: String, _ input: ProductInput, onHand: Int64, importKey: String? = nil,
    imageURL: String? = nil, now: Int64
  ) throws(StorageError) -> WriteAnswer {
    guard try owner(connection, ofSKU: input.sku) == nil else { return .skuTaken }
    _ = try connection.execute(
      """
      INSERT INTO product (id, sku, import_key, name, sort_name, description, tags, price, image_url,
        created_at, updated_at, version, on_hand, received)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, 1, ?11, ?11)
      """,
      [
        .text(id), .text(input.sku), SQLValue(importKey), .text(input.name),
        .text(SortKey.of(input.name)), .text(input.description), .text(Self.join(input.tags)),
        .integer(input.priceMinor), SQLValue(imageURL), .integer(now), .integer(onHand),
      ])
    let row = connection.lastInsertedRowID
    try index(connection, row, input)
    return .product(try product(connection, row: row).product)
  }

  /// Replaces what an owner said about a product. Counts as an edit even if nothing differs.
  func replace(
    _ connection: Connection, row: Int64, _ input: ProductInput, now: Int64
  ) throws(StorageError) -> WriteAnswer {
    if let owner = try owner(connection, ofSKU: input.sku), owner != row { return .skuTaken }
    _ = try connection.execute(
      """
      UPDATE product SET sku = ?, name = ?, sort_name = ?, description = ?, tags = ?, price = ?,
        updated_at = ?, version = version + 1 WHERE row = ?
      """,
      [
        .text(input.sku), .text(input.name), .text(SortKey.of(input.name)), .text(input.description),
        .text(Self.join(input.tags)), .integer(input.priceMinor), .integer(now), .integer(row),
      ])
    try unindex(connection, row)
    try index(connection, row, input)
    return .product(try product(connection, row: row).product)
  }

  /// Takes a product off sale. Its row stays: orders may give its pieces back.
  func delete(_ connection: Connection, row: Int64, now: Int64) throws(StorageError) {
    _ = try connection.execute(
      "UPDATE product SET deleted_at = ?, updated_at = ?, version = version + 1 WHERE row = ?",
      [.integer(now), .integer(now), .integer(row)])
    _ = try connection.execute("DELETE FROM picture WHERE product = ?", [.integer(row)])
    try unindex(connection, row)
  }

  /// Counts pieces anew. What is held stays held, so `onHand` cannot go below it.
  func setStock(
    _ connection: Connection, row: Int64, _ change: StockChange
  ) throws(StorageError) -> WriteAnswer {
    let levels = try connection.first(
      "SELECT on_hand, held FROM product WHERE row = ?", [.integer(row)]
    ) { (row) throws(StorageError) in (onHand: row.int(0), held: row.int(1)) }
    guard let levels else { throw .corrupt }
    let onHand =
      switch change {
      case .onHand(let count): count
      case .adjust(let difference): levels.onHand + difference
      }
    guard onHand >= levels.held else { return .stockHeld(levels.held) }
    // Pieces that came back from orders may have led over the limit; from there it goes down.
    guard onHand <= max(CatalogLimits.stockCount, levels.onHand) else { return .tooMany }
    _ = try connection.execute(
      "UPDATE product SET on_hand = ?1, received = ?1 + sold WHERE row = ?2",
      [.integer(onHand), .integer(row)])
    return .product(try product(connection, row: row).product)
  }

  /// The row of the product on sale with this SKU.
  func owner(_ connection: Connection, ofSKU sku: String) throws(StorageError) -> Int64? {
    try connection.first(
      "SELECT row FROM product WHERE sku = ? AND deleted_at IS NULL", [.text(sku)]
    ) { (row) throws(StorageError) in row.int(0) }
  }

  private func index(_ connection: Connection, _ row: Int64, _ input: ProductInput) throws(StorageError) {
    for tag in input.tags {
      _ = try connection.execute(
        "INSERT INTO product_tag (tag, product) VALUES (?, ?)", [.text(tag), .integer(row)])
    }
    _ = try connection.execute(
      "INSERT INTO product_words (rowid, name, sku, tags, description) VALUES (?, ?, ?, ?, ?)",
      [
        .integer(row), .text(input.name), .text(input.sku), .text(Self.join(input.tags)),
        .text(input.description),
      ])
  }

  private func unindex(_ connection: Connection, _ row: Int64) throws(StorageError) {
    _ = try connection.execute("DELETE FROM product_tag WHERE product = ?", [.integer(row)])
    _ = try connection.execute("DELETE FROM product_words WHERE rowid = ?", [.integer(row)])
  }
}

/// How an owner counts pieces.
enum StockChange: Sendable, Equatable {
  /// There are so many.
  case onHand(Int64)
  /// So many more, or fewer.
  case adjust(Int64)
}
