/// Integers from decimal text, as the standard library reads it: a sign, perhaps, and digits. These stand before its own,
/// which is inlined wherever a number is read, for each type: 600 bytes of an image each time.
extension Int64 {
  /// The number that `text` is; nil when it is none, or does not fit.
  @inline(never)
  public init?(_ text: String) {
    let isNegative = text.hasBytes("-")
    let isSigned = isNegative || text.hasBytes("+")
    guard let magnitude = UInt64(digits: isSigned ? text.dropping(byteCount: 1) : text) else { return nil }
    guard magnitude <= (isNegative ? Int64.min.magnitude : Int64.max.magnitude) else { return nil }
    // The least number's magnitude wraps to itself.
    self = isNegative ? Int64(truncatingIfNeeded: 0 &- magnitude) : Int64(truncatingIfNeeded: magnitude)
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
