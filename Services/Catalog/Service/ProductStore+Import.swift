import Bytes
import CatalogAPI
import Platform
import Shop
import Storage

/// One item of an import; checked.
struct ImportItem: Sendable, Equatable {
  /// What names the product from one import to the next.
  var key: String
  var input: ProductInput
  var onHand: Int64
  /// Where its picture comes from. Kept, never fetched.
  var imageURL: String?
}

/// What became of one item.
enum ImportResult: Sendable, Equatable {
  case created(id: String)
  case updated(id: String)
  case unchanged(id: String)
  case problem(String)
}

extension ProductStore {
  /// Creates or updates the product of an item. A product without an import key is adopted by its SKU. Stock of a
  /// product that is there is touched only with `setStock`. Writes nothing when the answer is a problem.
  func upsert(
    _ connection: Connection, _ item: ImportItem, newID: String, setStock: Bool, now: Int64
  ) throws(StorageError) -> ImportResult {
    guard let row = try importTarget(connection, item) else {
      let answer = try create(
        connection, id: newID, item.input, onHand: item.onHand, importKey: item.key,
        imageURL: item.imageURL, now: now)
      guard case .product = answer else {
        return .problem("sku is taken by another product; change it or give both rows one key")
      }
      return .created(id: newID)
    }
    if let owner = try owner(connection, ofSKU: item.input.sku), owner != row {
      return .problem("sku is taken by another product; change it or give both rows one key")
    }
    let before = try product(connection, row: row).product
    let extra = try connection.first(
      "SELECT import_key, image_url, on_hand, held FROM product WHERE row = ?", [.integer(row)]
    ) { (row) throws(StorageError) in
      (key: row.optionalText(0), url: row.optionalText(1), onHand: row.int(2), held: row.int(3))
    }
    guard let extra else { throw .corrupt }
    let isCounted = setStock && extra.onHand != item.onHand
    if isCounted && item.onHand < extra.held {
      return .problem("onHand is below the \(extra.held) pieces held for orders; try again later")
    }

    var result = ImportResult.unchanged(id: before.id)
    // A product found by its SKU keeps the key its own file knows it by, and an item without a source URL, such
    // as one of the shop's own list, forgets none.
    let key = extra.key ?? item.key
    let url = item.imageURL ?? extra.url
    if extra.key != key || extra.url != url {
      _ = try connection.execute(
        "UPDATE product SET import_key = ?, image_url = ? WHERE row = ?",
        [.text(key), SQLValue(url), .integer(row)])
      if extra.url != url { result = .updated(id: before.id) }
    }
    if !before.says(item.input) {
      _ = try replace(connection, row: row, item.input, now: now)
      result = .updated(id: before.id)
    }
    if isCounted {
      _ = try self.setStock(connection, row: row, .onHand(item.onHand))
      result = .updated(id: before.id)
    }
    return result
  }

  /// The row of the product that an item is about: the one with its key; else the one with its SKU, when that
  /// has no key or when the item's key is its SKU, as in JSON Lines.
  private func importTarget(_ connection: Connection, _ item: ImportItem) throws(StorageError) -> Int64? {
    let known = try connection.first(
      "SELECT row FROM product WHERE import_key = ? AND deleted_at IS NULL", [.text(item.key)]
    ) { (row) throws(StorageError) in row.int(0) }
    if let known { return known }
    return try connection.first(
      """
      SELECT row FROM product WHERE sku = ?1 AND (import_key IS NULL OR ?1 = ?2) AND deleted_at IS NULL
      """, [.text(item.input.sku), .text(item.key)]
    ) { (row) throws(StorageError) in row.int(0) }
  }
}

extension Product {
  /// Whether the product is already what `input` says.
  fileprivate func says(_ input: ProductInput) -> Bool {
    sku == input.sku && name == input.name && description == input.description && tags == input.tags
      && price.amount == input.priceMinor
  }
}
