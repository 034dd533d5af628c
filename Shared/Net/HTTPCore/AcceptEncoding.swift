import Bytes

// RFC 9110 §12.5.3 and §12.4.2 before changing this file.

/// What an Accept-Encoding field says.
public enum AcceptEncoding {
  /// Whether `value`, the lines of a repeated field joined with commas, asks for gzip: by its name or its old one, or
  /// else by `*`, and with a weight above zero. A weight that is none of the grammar counts by its digits.
  public static func wantsGzip(_ value: String) -> Bool { value.withBytes { wantsGzip($0) } }

  private static func wantsGzip(_ input: RawSpan) -> Bool {
    var byName: Bool?
    var byAsterisk = false
    var rest = 0..<input.byteCount
    while let element = FieldList.next(in: input, of: &rest) {
      var nameEnd = element.lowerBound
      while nameEnd < element.upperBound, input.byte(nameEnd) != ASCII.semicolon { nameEnd += 1 }
      let name = input.trimmed(element.lowerBound..<nameEnd)
      let isWanted = nameEnd == element.upperBound || hasWeight(input, nameEnd + 1..<element.upperBound)
      if input.matches(name, lowercase: "gzip") || input.matches(name, lowercase: "x-gzip") {
        byName = isWanted
      } else if input.matches(name, lowercase: "*") {
        byAsterisk = isWanted
      }
    }
    return byName ?? byAsterisk
  }

  /// Whether a weight, `q=` and a number of at most three decimals, is above zero: one of its digits is.
  private static func hasWeight(_ input: RawSpan, _ range: Range<Int>) -> Bool {
    for index in range where input.byte(index) > ASCII.zero && input.byte(index) <= 0x39 { return true }
    return false
  }
}
