/// Integers from decimal text, as the standard library reads it: a sign, perhaps, and digits. These stand before its own,
/// which is inlined wherever a number is read, for each type: 600 bytes of an image each time.
extension Int64 {
  /// The number that `text` is; nil when it is none, or does not fit.
  @inline(never)
  public init?(_ text: String) {
    let number: Int64? = text.withBytes { bytes in
      var index = 0
      var isNegative = false
      if bytes.byteCount > 0, bytes.byte(at: 0) == UInt8(ascii: "-") || bytes.byte(at: 0) == UInt8(ascii: "+")
      {
        isNegative = bytes.byte(at: 0) == UInt8(ascii: "-")
        index = 1
      }
      guard index < bytes.byteCount else { return nil }
      // Counted downwards, as the least number has no opposite.
      var number: Int64 = 0
      while index < bytes.byteCount {
        let digit = bytes.byte(at: index) &- UInt8(ascii: "0")
        let (shifted, isTooLong) = number.multipliedReportingOverflow(by: 10)
        let (sum, isTooSmall) = shifted.subtractingReportingOverflow(Int64(digit))
        guard digit < 10, !isTooLong, !isTooSmall else { return nil }
        number = sum
        index += 1
      }
      guard !isNegative else { return number }
      return number == .min ? nil : -number
    }
    guard let number else { return nil }
    self = number
  }
}

extension Int {
  /// The number that `text` is; nil when it is none, or does not fit.
  @inline(__always)
  public init?(_ text: String) {
    guard let number = Int64(text) else { return nil }
    self.init(number)
  }
}

extension UInt16 {
  /// The number that `text` is; nil when it is none, or does not fit.
  @inline(__always)
  public init?(_ text: String) {
    guard let number = Int64(text) else { return nil }
    self.init(exactly: number)
  }
}

extension UInt32 {
  /// The number that `text` is; nil when it is none, or does not fit.
  @inline(__always)
  public init?(_ text: String) {
    guard let number = Int64(text) else { return nil }
    self.init(exactly: number)
  }
}
