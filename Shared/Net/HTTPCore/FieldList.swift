import Bytes

/// Comma-separated lists in field values (RFC 9110 §5.6.1).
public enum FieldList {
  /// Calls `body` with the range of every element that is not empty, without white space around it. Commas in
  /// quoted strings separate too, so it is for lists of tokens only.
  @inline(__always)
  static func forEach(in input: RawSpan, _ value: Range<Int>, _ body: (Range<Int>) -> Void) {
    var index = value.lowerBound
    while index < value.upperBound {
      var end = index
      while end < value.upperBound, input.byte(end) != ASCII.comma { end += 1 }
      let element = input.trimmed(index..<end)
      if !element.isEmpty { body(element) }
      index = end + 1
    }
  }

  /// Whether the list at `value` names `token` (in lower case), in any case.
  public static func contains(_ token: StaticString, in input: RawSpan, _ value: Range<Int>) -> Bool {
    var isFound = false
    forEach(in: input, value) { if input.matches($0, lowercase: token) { isFound = true } }
    return isFound
  }

  /// The tokens of a list, in lower case: what a Connection field nominates, for instance.
  public static func tokens(_ value: String) -> [String] {
    value.withBytes { input in
      var tokens: [String] = []
      forEach(in: input, 0..<input.byteCount) { tokens.append(input.string($0).asciiLowercased) }
      return tokens
    }
  }
}
