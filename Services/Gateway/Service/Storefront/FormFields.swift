import Bytes
import HTTPCore

/// The fields of a sent form: trimmed, bounded, and free of control characters.
struct FormFields {
  private var fields: [(name: String, value: String)] = []

  /// Bytes that a form's body may have.
  static let maximumByteCount = 64 << 10

  /// Decodes `application/x-www-form-urlencoded`. Nil when an escape is broken, the text is not UTF-8, or
  /// there are more fields than `Query.maximumPairCount`; a cart of 100 lines sends a little over 100.
  @inline(never)
  init?(_ body: [UInt8]) {
    let query = Query(body.span.bytes)
    guard !query.isMalformed else { return nil }
    for pair in query.pairs { fields.append((pair.name, Self.clean(pair.value))) }
  }

  /// The first value of `name`; empty when there is none.
  subscript(name: String) -> String {
    @inline(never) get {
      for field in fields where field.name == name { return field.value }
      return ""
    }
  }

  /// Whether `name` was sent at all.
  func has(_ name: String) -> Bool {
    for field in fields where field.name == name { return true }
    return false
  }

  /// Controls become spaces, and white space at the ends goes.
  @inline(never)
  static func clean(_ text: String) -> String {
    var bytes = Array(text.utf8)
    for index in bytes.indices where bytes[index] < 32 || bytes[index] == 127 { bytes[index] = 32 }
    guard let start = bytes.firstIndex(where: { $0 != 32 }), let end = bytes.lastIndex(where: { $0 != 32 })
    else { return "" }
    return String(utf8: bytes[start...end])
  }
}
