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
    var start = 0
    while start < input.byteCount {
      let end = input.index(of: ASCII.comma, from: start, to: input.byteCount)
      let nameEnd = input.index(of: ASCII.semicolon, from: start, to: end)
      let name = input.trimmed(start..<nameEnd)
      let isWanted = nameEnd == end || hasWeight(input, nameEnd + 1, end)
      if input.matches(name, lowercase: "gzip") || input.matches(name, lowercase: "x-gzip") {
        byName = isWanted
      } else if input.matches(name, lowercase: "*") {
        byAsterisk = isWanted
      }
      start = end + 1
    }
    return byName ?? byAsterisk
  }

  /// Whether a weight, `q=` and a number of at most three decimals, is above zero: one of its digits is.
  private static func hasWeight(_ input: RawSpan, _ start: Int, _ end: Int) -> Bool {
    for index in start..<end where input.byte(index) > ASCII.zero && input.byte(index) <= 0x39 { return true }
    return false
  }
}

extension RawSpan {
  /// Where `byte` is first from `start` on; `end` when it is not below that.
  fileprivate func index(of byte: UInt8, from start: Int, to end: Int) -> Int {
    var index = start
    while index < end, self.byte(index) != byte { index += 1 }
    return index
  }
}
