import Bytes

/// A service's settings and secrets: `key=value`, one a line.
///
/// In a process they come from a file that only its owner may read, in an image from its boot module; nothing secret
/// stands on a command line, which every user of the machine can see.
public struct Settings: Sendable {
  /// Bytes that settings may have.
  public static let maximumByteCount = 64 << 10

  /// Every setting.
  public let all: KeyedLines

  /// Settings from memory: for tests.
  public init(_ values: KeyedLines) { all = values }

  /// The value of `key`.
  public subscript(key: String) -> String? { all[key] }

  /// Reads text; empty lines are allowed, anything else without `=`, a repeated key and what is not UTF-8 are not.
  /// `source` names the text in what is thrown.
  public init(parsing text: RawSpan, from source: String) throws(SettingsError) {
    do throws(KeyedLines.Failure) {
      all = try KeyedLines(text)
    } catch {
      let (line, reason) =
        switch error {
        case .noKey(let line): (line, "expected key=value")
        case .notUTF8(let line): (line, "not UTF-8")
        case .repeatedKey(let key, let line): (line, key + " stands there twice")
        }
      throw SettingsError(source + ":" + String(line) + ": " + reason)
    }
  }
}
