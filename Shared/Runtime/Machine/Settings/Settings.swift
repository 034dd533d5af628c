/// A service's settings and secrets: `key=value`, one a line.
///
/// In a process they come from a file that only its owner may read, in an image from its boot module; nothing secret
/// stands on a command line, which every user of the machine can see.
public struct Settings: Sendable {
  /// Bytes that settings may have.
  public static let maximumByteCount = 64 << 10

  private var values: [String: String]

  /// Settings from memory: for tests.
  public init(_ values: [String: String]) { self.values = values }

  /// The value of `key`.
  public subscript(key: String) -> String? { values[key] }

  /// Every setting.
  public var all: [String: String] { values }

  /// Reads text; empty lines are allowed, anything else without `=` and a repeated key are not. `source` names the
  /// text in what is thrown.
  public init(parsing text: String, from source: String) throws(SettingsError) {
    values = [:]
    var number = 0
    let bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
      number += 1
      var end = start
      var equals = -1
      while end < bytes.count, bytes[end] != UInt8(ascii: "\n") {
        if equals < 0, bytes[end] == UInt8(ascii: "=") { equals = end }
        end += 1
      }
      defer { start = end + 1 }
      guard end > start else { continue }
      guard equals > start else { throw SettingsError("\(source):\(number): expected key=value") }
      // A cut at an ASCII character leaves UTF-8 on both sides.
      let key = String(decoding: bytes[start..<equals], as: UTF8.self)
      let value = String(decoding: bytes[(equals + 1)..<end], as: UTF8.self)
      guard values.updateValue(value, forKey: key) == nil else {
        throw SettingsError("\(source):\(number): \(key) stands there twice")
      }
    }
  }
}
