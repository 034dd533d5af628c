import Bytes

// RFC 9110 §14.1 and §14.2 before changing this file.

/// What a Range field asks of content whose length is known.
public enum ByteRange: Equatable, Sendable {
  /// Nothing that is served in parts: another unit, several ranges, or malformed. Answer 200 with everything,
  /// as §14.2 allows.
  case ignored
  /// These bytes (never none): 206.
  case satisfiable(Range<UInt64>)
  /// One well-formed range, outside the content: 416 with `Content-Range: bytes */length`.
  case unsatisfiable

  /// Reads the field for content of `length` bytes.
  public init(_ value: String, length: UInt64) {
    self = value.withBytes { ByteRange.parse($0, length) }
  }

  private static func parse(_ input: RawSpan, _ length: UInt64) -> ByteRange {
    let all = input.trimmed(0..<input.byteCount)
    let unit = all.lowerBound..<min(all.lowerBound + 6, all.upperBound)
    guard input.reads(unit, lowercase: "bytes=") else { return .ignored }
    let range = input.trimmed(unit.upperBound..<all.upperBound)
    var index = range.lowerBound
    let first = number(input, &index, range.upperBound)
    guard index < range.upperBound, input.byte(index) == ASCII.hyphen else { return .ignored }
    index += 1
    let last = number(input, &index, range.upperBound)
    guard index == range.upperBound else { return .ignored }
    switch (first, last) {
    case (nil, nil): return .ignored
    case (nil, let suffix?):
      guard suffix > 0, length > 0 else { return .unsatisfiable }
      return .satisfiable(length - min(suffix, length)..<length)
    case (let first?, let last):
      if let last, last < first { return .ignored }
      guard first < length else { return .unsatisfiable }
      guard let last, last < length - 1 else { return .satisfiable(first..<length) }
      return .satisfiable(first..<last + 1)
    }
  }

  /// A decimal number, nil for no digit. One that needs more than 64 bits is the greatest there is, which
  /// lies outside all content.
  private static func number(_ input: RawSpan, _ index: inout Int, _ end: Int) -> UInt64? {
    let start = index
    var number: UInt64 = 0
    while index < end, ByteClass.contains(input.byte(index), ByteClass.digit) {
      let (tens, overflows) = number.multipliedReportingOverflow(by: 10)
      let (sum, carries) = tens.addingReportingOverflow(UInt64(input.byte(index) - ASCII.zero))
      number = overflows || carries ? .max : sum
      if number == .max {
        index = input.run(of: ByteClass.digit, from: index, to: end)
        break
      }
      index += 1
    }
    return index > start ? number : nil
  }
}
