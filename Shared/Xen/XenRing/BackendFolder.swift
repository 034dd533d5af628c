import Bytes

/// Reads what a backend says in its folder of xenstore. A key that says something that is no answer is an error: a
/// frontend that guessed would disagree with its backend.
public struct BackendFolder {
  private let values: BackendValues

  /// Reads with `values`.
  public init(_ values: @escaping BackendValues) { self.values = values }

  /// The number (decimal) at `key`; nil when there is none.
  public func number(_ key: String) throws(XenError) -> UInt64? {
    guard let text = values(key) else { return nil }
    guard let number = UInt64(digits: text) else { throw XenError("the backend's " + key + " is no number") }
    return number
  }

  /// The number at `key`, which must be there.
  public func requiredNumber(_ key: String) throws(XenError) -> UInt64 {
    guard let number = try number(key) else { throw XenError("the backend says no " + key) }
    return number
  }

  /// Whether the number at `key` is not 0; false when there is none.
  @inline(never)
  public func flag(_ key: String) throws(XenError) -> Bool { try (number(key) ?? 0) != 0 }
}
