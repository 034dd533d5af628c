import Bytes

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

  /// Reads text; empty lines are allowed, anything else without `=`, a repeated key and what is not UTF-8 are not.
  /// `source` names the text in what is thrown.
  public init(parsing text: RawSpan, from source: String) throws(SettingsError) {
    // A table that grows hashes all its keys anew each time.
    values = Dictionary(minimumCapacity: Self.expectedCount)
    var number = 0
    var start = 0
    while start < text.byteCount {
      number += 1
      var end = start
      var equals = -1
      while end < text.byteCount, text.byte(at: end) != UInt8(ascii: "\n") {
        if equals < 0, text.byte(at: end) == UInt8(ascii: "=") { equals = end }
        end += 1
      }
      defer { start = end + 1 }
      guard end > start else { continue }
      guard equals > start else { throw SettingsError("\(source):\(number): expected key=value") }
      guard let key = Self.text(text.extracting(start..<equals)),
        let value = Self.text(text.extracting(equals + 1..<end))
      else { throw SettingsError("\(source):\(number): not UTF-8") }
      guard values.updateValue(value, forKey: key) == nil else {
        throw SettingsError("\(source):\(number): \(key) stands there twice")
      }
    }
  }

  /// Settings that a service has, about: more are no mistake.
  private static let expectedCount = 24

  private static func text(_ bytes: RawSpan) -> String? {
    // Safe: the bytes are copied before the call returns.
    bytes.withUnsafeBytes { String(validating: $0, as: UTF8.self) }
  }
}
