import Glibc

/// A service's settings and secrets: `key=value`, one a line.
///
/// In a process they come from a file that only its owner may read; nothing secret stands on a command line, which
/// every user of the machine can see.
public struct Settings: Sendable {
  /// Bytes that a settings file may have.
  static let maximumByteCount = 64 << 10

  private var values: [String: String]

  /// Settings from memory: for tests.
  public init(_ values: [String: String]) { self.values = values }

  /// The value of `key`.
  public subscript(key: String) -> String? { values[key] }

  /// Every setting.
  public var all: [String: String] { values }

  /// Reads a file.
  public init(file path: String) throws(SettingsError) {
    guard let file = fopen(path, "re") else { throw SettingsError("cannot open \(path)") }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: Self.maximumByteCount + 1)
    let count = fread(&bytes, 1, bytes.count, file)
    guard count <= Self.maximumByteCount else { throw SettingsError("\(path) is larger than 64 KiB") }
    guard let text = String(validating: bytes[..<count], as: UTF8.self) else {
      throw SettingsError("\(path) is not UTF-8")
    }
    try self.init(parsing: text, from: path)
  }

  /// Reads text; empty lines are allowed, anything else without `=` and a repeated key are not.
  init(parsing text: String, from path: String) throws(SettingsError) {
    values = [:]
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    where !line.isEmpty {
      guard let equals = line.firstIndex(of: "="), equals > line.startIndex else {
        throw SettingsError("\(path):\(index + 1): expected key=value")
      }
      let key = String(line[..<equals])
      guard values.updateValue(String(line[line.index(after: equals)...]), forKey: key) == nil else {
        throw SettingsError("\(path):\(index + 1): \(key) stands there twice")
      }
    }
  }
}

/// What is wrong with the settings, in a sentence for the operator.
public struct SettingsError: Error, Equatable, Sendable {
  /// The sentence.
  public let description: String

  /// An error in words.
  public init(_ description: String) { self.description = description }
}
