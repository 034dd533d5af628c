/// Where the columns that matter are in a Shopify product CSV. The header's case does not matter; the names of
/// 2024's template are known beside the older ones that exports carry.
struct ShopifyColumns {
  enum Column: Int, CaseIterable {
    case handle, title, body, tags, published, status, option1, option2, option3
    case sku, quantity, price, image, variantImage

    var names: [String] {
      switch self {
      case .handle: ["handle", "url handle"]
      case .title: ["title"]
      case .body: ["body (html)", "body html", "description"]
      case .tags: ["tags"]
      case .published: ["published", "published on online store"]
      case .status: ["status"]
      case .option1: ["option1 value"]
      case .option2: ["option2 value"]
      case .option3: ["option3 value"]
      case .sku: ["variant sku", "sku"]
      case .quantity: ["variant inventory qty", "inventory quantity"]
      case .price: ["variant price", "price"]
      case .image: ["image src", "product image url"]
      case .variantImage: ["variant image", "variant image url"]
      }
    }
  }

  /// Fields of a record.
  let count: Int
  private let places: [Int?]

  /// The columns of a header; the failure names one without which nothing can be imported.
  init(header: [String]) throws(Failure) {
    let names = header.map { $0.trimmed.lowercased() }
    count = header.count
    places = Column.allCases.map { column in
      column.names.lazy.compactMap { names.firstIndex(of: $0) }.first
    }
    for needed in [Column.handle, .title, .price] where places[needed.rawValue] == nil {
      throw Failure("not a Shopify product CSV: its header has no column \"\(needed.names[0])\"")
    }
  }

  /// A field without white space around it; empty when the file has no such column.
  func value(_ column: Column, of fields: [String]) -> String {
    guard let place = places[column.rawValue] else { return "" }
    return fields[place].trimmed
  }
}

extension StringProtocol {
  /// Without white space around it.
  var trimmed: String {
    guard let first = firstIndex(where: { !$0.isWhitespace }),
      let last = lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(self[first...last])
  }
}
