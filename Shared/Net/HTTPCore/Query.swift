import Bytes

/// A query string or a form body: `application/x-www-form-urlencoded`, where `+` is a space.
///
/// Pairs keep their order; a name may repeat; a name without `=` has an empty value; empty pairs are skipped.
/// A pair with a malformed escape, with bytes that are not UTF-8 or with a NUL, and pairs beyond
/// `maximumPairCount`, are left out and make the query `isMalformed`.
public struct Query: Sendable {
  /// The most pairs taken.
  public static let maximumPairCount = 256

  /// The pairs, decoded, in order.
  public private(set) var pairs: [(name: String, value: String)] = []
  /// Whether something was left out.
  public private(set) var isMalformed = false

  /// Nothing asked.
  public init() {}

  /// Reads a query without its `?`, or a form body.
  public init(_ bytes: RawSpan) {
    let count = bytes.byteCount
    var index = 0
    while index < count {
      var end = index
      var equals: Int?
      while end < count, bytes.byte(end) != ASCII.ampersand {
        if equals == nil && bytes.byte(end) == ASCII.equals { equals = end }
        end += 1
      }
      if end > index {
        let valueStart = equals.map { $0 + 1 } ?? end
        let name = PercentCoding.decode(bytes.extracting(index..<(equals ?? end)), plusIsSpace: true)
        let value = PercentCoding.decode(bytes.extracting(valueStart..<end), plusIsSpace: true)
        if let name, let value, pairs.count < Query.maximumPairCount {
          pairs.append((name, value))
        } else {
          isMalformed = true
        }
      }
      index = end + 1
    }
  }

  /// Reads a query from text.
  public init(_ text: String) { self = text.withBytes { Query($0) } }

  /// Whether nothing was asked.
  public var isEmpty: Bool { pairs.isEmpty && !isMalformed }

  /// The first value under `name`.
  public func first(_ name: String) -> String? {
    for pair in pairs where pair.name == name { return pair.value }
    return nil
  }

  /// Every value under `name`, in order.
  public func all(_ name: String) -> [String] {
    var values: [String] = []
    for pair in pairs where pair.name == name { values.append(pair.value) }
    return values
  }
}
