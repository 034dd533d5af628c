import Bytes
import HTTPCore

/// The fields of a sent form: trimmed, bounded, and free of control characters.
struct FormFields {
  private var fields: [(name: String, value: String)] = []

  /// Bytes that a form's body may have.
  static let maximumByteCount = 64 << 10

  /// Decodes `application/x-www-form-urlencoded`. Nil when an escape is broken, the text is not UTF-8, or
  /// there are more fields than `Query.maximumPairCount`; a cart of 100 lines sends a little over 100.
  init?(_ body: [UInt8]) {
    let query = Query(body.span.bytes)
    guard !query.isMalformed else { return nil }
    fields = query.pairs.map { ($0.name, Self.clean($0.value)) }
  }

  /// The first value of `name`; empty when there is none.
  subscript(name: String) -> String { fields.first { $0.name == name }?.value ?? "" }

  /// Whether `name` was sent at all.
  func has(_ name: String) -> Bool { fields.contains { $0.name == name } }

  /// Names that start with `prefix`, without it, and their values.
  func all(after prefix: String) -> [(name: String, value: String)] {
    fields.compactMap { field in
      field.name.hasBytes(prefix)
        ? (field.name.dropping(byteCount: prefix.utf8.count), field.value) : nil
    }
  }

  /// Controls become spaces, and white space at the ends goes.
  static func clean(_ text: String) -> String {
    var bytes = Array(text.utf8)
    for index in bytes.indices where bytes[index] < 32 || bytes[index] == 127 { bytes[index] = 32 }
    guard let start = bytes.firstIndex(where: { $0 != 32 }), let end = bytes.lastIndex(where: { $0 != 32 })
    else { return "" }
    return String(utf8: bytes[start...end])
  }
}
