import Bytes

/// Comma-separated lists in field values (RFC 9110 §5.6.1).
public enum FieldList {
  /// The next element that is not empty of what is left of a list, without white space around it; nil at the end.
  /// `value` then begins behind it. Commas in quoted strings separate too, so it is for lists of tokens only.
  @inline(never)
  static func next(in input: RawSpan, of value: inout Range<Int>) -> Range<Int>? {
    while !value.isEmpty {
      var end = value.lowerBound
      while end < value.upperBound, input.byte(end) != ASCII.comma { end += 1 }
      let element = input.trimmed(value.lowerBound..<end)
      value = min(end + 1, value.upperBound)..<value.upperBound
      if !element.isEmpty { return element }
    }
    return nil
  }

  /// Whether the list at `value` names `token` (in lower case), in any case.
  public static func contains(_ token: StaticString, in input: RawSpan, _ value: Range<Int>) -> Bool {
    var rest = value
    while let element = next(in: input, of: &rest) {
      if input.reads(element, lowercase: token) { return true }
    }
    return false
  }

  /// Whether the list at `value` names the token at `token`, in any case.
  public static func contains(_ token: Range<Int>, in input: RawSpan, _ value: Range<Int>) -> Bool {
    var rest = value
    while let element = next(in: input, of: &rest) {
      if input.equals(element, ignoringCaseOf: input.extracting(token)) { return true }
    }
    return false
  }

  /// The tokens of a list, in lower case: what a Connection field nominates, for instance.
  public static func tokens(_ value: String) -> [String] {
    value.withBytes { input in
      var tokens: [String] = []
      var rest = 0..<input.byteCount
      while let element = next(in: input, of: &rest) { tokens.append(input.string(element).asciiLowercased) }
      return tokens
    }
  }
}
