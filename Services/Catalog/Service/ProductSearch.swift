import Bytes
import Cryptography
import Shop

/// In which order products are listed. Ties are broken by id.
enum ProductOrder: String, Sendable {
  case name
  case price
  case priceDown = "-price"
  case newest
  /// Best match first; only for a search text, and then unless another order is asked for.
  case relevance

  /// Whether its key is text; otherwise it is an integer.
  var hasTextKey: Bool { self == .name }
}

/// What a caller of the list wants to see.
struct ProductSearch: Sendable, Equatable {
  /// The words of `q`; nil without `q`, empty when it held no word (then nothing is found).
  var words: [String]?
  /// All must be there. Sorted, each once.
  var tags: [String]
  var order: ProductOrder
  var limit: Int
}

/// Where a page of a list begins: behind the product with this key and id.
struct PageStart: Sendable, Equatable {
  enum Key: Sendable, Equatable {
    case text(String)
    case integer(Int64)
  }
  var key: Key
  var id: String
}

/// Cursors: an opaque text that only this shop makes and that only continues the search it came from.
///
/// base64url of: 12 bytes of HMAC-SHA256 over the search and the rest, 22 bytes of id, the key. `limit` is not
/// part of the search, so a page may be of another size than the one before.
struct CursorCodec: Sendable {
  private let key: [UInt8]
  private static let tagByteCount = 12
  /// The longest cursor that can be valid.
  static let maximumLength = (tagByteCount + Identifier.length + SortKey.maximumByteCount) * 4 / 3 + 4

  /// `secret` is the shop's; cursors stay valid as long as it does.
  init(secret: String) { key = Array(secret.utf8) }

  /// The cursor that continues `search` behind `start`.
  func encode(_ start: PageStart, of search: ProductSearch) -> String {
    var payload = Array(start.id.utf8)
    switch start.key {
    case .text(let text): payload += Array(text.utf8)
    case .integer(let number):
      for shift in stride(from: 56, through: 0, by: -8) {
        payload.append(UInt8(truncatingIfNeeded: number >> Int64(shift)))
      }
    }
    return Base64URL.encode(tag(payload, search) + payload)
  }

  /// Where the cursor's page begins; nil when it is damaged, made up, or of another search.
  func decode(_ cursor: String, of search: ProductSearch) -> PageStart? {
    guard cursor.utf8.count <= Self.maximumLength, let bytes = Base64URL.decode(cursor),
      bytes.count >= Self.tagByteCount + Identifier.length
    else { return nil }
    let payload = Array(bytes[Self.tagByteCount...])
    guard constantTimeEqual(Array(bytes[..<Self.tagByteCount]), tag(payload, search)) else { return nil }
    // Only we could have made it, so the rest is well-formed.
    let id = String(utf8: payload[..<Identifier.length])
    let key = payload[Identifier.length...]
    if search.order.hasTextKey {
      return PageStart(key: .text(String(utf8: key)), id: id)
    }
    guard key.count == 8 else { return nil }
    return PageStart(key: .integer(key.reduce(0) { $0 << 8 | Int64($1) }), id: id)
  }

  private func tag(_ payload: [UInt8], _ search: ProductSearch) -> [UInt8] {
    var message = Array("souk catalog cursor".utf8)
    func add(_ text: String) {
      message.append(0)
      message += Array(text.utf8)
    }
    add(search.order.rawValue)
    add(search.words == nil ? "all" : "found")
    for word in search.words ?? [] { add(word) }
    message.append(0)
    for tag in search.tags { add(tag) }
    message += [0, 0, 0]
    message += payload
    return Array(HMACSHA256.authenticate(message, key: key)[..<Self.tagByteCount])
  }
}
