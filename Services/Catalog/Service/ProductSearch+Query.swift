import Bytes
import HTTPCore
import Shop

extension ProductSearch {
  /// Reads the list's query: what is searched, and the cursor. What is wrong with it is a 422 (a query that cannot
  /// be decoded at all: 400); parameters nobody knows are ignored.
  static func read(_ query: Query) throws(Problem) -> (search: ProductSearch, cursor: String?) {
    try check(query, once: ["q", "sort", "limit", "cursor"])
    var errors: [FieldError] = []
    func fail(_ name: String, _ detail: String) {
      errors.append(FieldError(pointer: "?" + name, detail: detail))
    }

    var words: [String]?
    if let q = query.first("q") {
      if q.unicodeScalars.count > CatalogLimits.searchLength {
        fail("q", "must have at most \(CatalogLimits.searchLength) characters")
      } else {
        words = SearchWords.words(in: q)
      }
    }
    let tags = Array(Set(query.all("tag"))).ordered { $0.precedesByBytes($1) }
    if tags.count > CatalogLimits.searchTagCount {
      fail("tag", "may be given at most \(CatalogLimits.searchTagCount) times")
    } else if tags.contains(where: { $0.unicodeScalars.count > CatalogLimits.tagLength }) {
      fail("tag", "must have at most \(CatalogLimits.tagLength) characters")
    }
    var order = query.first("q") == nil ? ProductOrder.name : .relevance
    if let sort = query.first("sort") {
      if let wanted = ProductOrder(rawValue: sort), wanted != .relevance {
        order = wanted
      } else {
        fail("sort", "must be name, price, -price or newest")
      }
    }
    var limit = CatalogLimits.defaultPageSize
    if let text = query.first("limit") {
      if let number = decimal(text), (1...CatalogLimits.pageSize).contains(number) {
        limit = number
      } else {
        fail("limit", "must be 1 to \(CatalogLimits.pageSize)")
      }
    }
    guard errors.isEmpty else { throw .invalid(errors) }
    return (ProductSearch(words: words, tags: tags, order: order, limit: limit), query.first("cursor"))
  }

  /// Refuses a query that cannot be decoded, and one that gives a parameter twice.
  static func check(_ query: Query, once names: [String]) throws(Problem) {
    guard !query.isMalformed else {
      throw Problem(.malformed, "The query is not form-encoded UTF-8.")
    }
    var errors: [FieldError] = []
    for name in names where query.all(name).count > 1 {
      errors.append(FieldError(pointer: "?" + name, detail: "may be given only once"))
    }
    guard errors.isEmpty else { throw .invalid(errors) }
  }

  /// The list's path with the query it came from and another cursor.
  func path(of query: Query, cursor: String) -> String {
    var path = "/api/v1/products?"
    for name in ["q", "tag", "sort", "limit"] {
      for value in query.all(name) {
        path += name + "=" + PercentCoding.encode(query: value) + "&"
      }
    }
    return path + "cursor=" + cursor
  }

  /// Digits only: no sign, no spaces.
  private static func decimal(_ text: String) -> Int? {
    guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else {
      return nil
    }
    return Int(text)
  }
}
