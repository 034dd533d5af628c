// https://www.sqlite.org/fts5.html §5 (bm25) before changing this file.
import Bytes
import CatalogAPI
import Platform
import Storage

/// A page as the store finds it.
struct FoundPage: Sendable, Equatable {
  var items: [Product]
  /// Where the next page begins; nil on the last one.
  var next: PageStart?
  /// Products in all pages together.
  var total: Int
}

extension ProductStore {
  /// Scores are compared as integers, so that a cursor can carry one exactly: bm25 in units of 10^-12.
  /// A hit in the name weighs most, in the description least.
  private static let score =
    "CAST(bm25(product_words, 10.0, 8.0, 5.0, 1.0) * 1000000000000.0 AS INTEGER)"

  /// The page of `search` that begins behind `start`, or its first.
  ///
  /// Cost: one index walk of `limit` rows and a count; with words, every hit is scored.
  func page(
    _ connection: Connection, _ search: ProductSearch, after start: PageStart?
  ) throws(StorageError) -> FoundPage {
    if let words = search.words, words.isEmpty { return FoundPage(items: [], next: nil, total: 0) }
    var values: [SQLValue] = []
    var source = ""
    if let words = search.words {
      let score = search.order == .relevance ? Self.score : "0"
      source = """
        WITH hit AS MATERIALIZED (
          SELECT rowid AS row, \(score) AS score FROM product_words WHERE product_words MATCH ?)

        """
      values.append(.text(SearchWords.matchExpression(words)))
    }
    var body = " FROM product p"
    if search.words != nil { body = " FROM hit JOIN product p ON p.row = hit.row" }
    body += " WHERE p.deleted_at IS NULL"
    for tag in search.tags {
      body += " AND EXISTS (SELECT 1 FROM product_tag t WHERE t.tag = ? AND t.product = p.row)"
      values.append(.text(tag))
    }
    let total =
      try connection.first(source + "SELECT count(*)" + body, values) {
        (row) throws(StorageError) in row.int(0)
      } ?? 0

    let (key, isDescending) = Self.sortKey(of: search.order)
    if let start {
      let comparison = isDescending ? "<" : ">"
      body += " AND \(key) \(comparison)= ? AND (\(key) \(comparison) ? OR p.id > ?)"
      let value: SQLValue =
        switch start.key {
        case .text(let text): .text(text)
        case .integer(let number): .integer(number)
        }
      values += [value, value, .text(start.id)]
    }
    body += " ORDER BY \(key)\(isDescending ? " DESC" : ""), p.id LIMIT ?"
    values.append(.integer(Int64(search.limit + 1)))
    var found = try connection.query(
      source + "SELECT \(Self.columns), \(key)" + body, values
    ) { (row) throws(StorageError) in
      let key: PageStart.Key =
        search.order.hasTextKey
        ? .text(row.text(Self.columnCount)) : .integer(row.int(Self.columnCount))
      return (product: record(row).product, key: key)
    }
    let isLast = found.count <= search.limit
    if !isLast { found.removeLast() }
    return FoundPage(
      items: found.map { $0.product },
      next: isLast ? nil : found.last.map { PageStart(key: $0.key, id: $0.product.id) }, total: Int(total))
  }

  private static func sortKey(of order: ProductOrder) -> (column: String, isDescending: Bool) {
    switch order {
    case .name: ("p.sort_name", false)
    case .price: ("p.price", false)
    case .priceDown: ("p.price", true)
    case .newest: ("p.created_at", true)
    case .relevance: ("hit.score", false)  // bm25 is the more negative the better
    }
  }
}
