/// Integers from decimal text, as the standard library reads it: a sign, perhaps, and digits; and texts of integers.
/// These stand before its own, which are inlined wherever a number is read, for each type: 600 bytes of an image each time.
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

extension String {
  /// `number` in digits of `radix` (10...36), those above 9 as small letters.
  @inline(never)
  public init(_ number: UInt64, radix: Int = 10) {
    // The largest number has twenty decimal digits.
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var start = digits.count
    var rest = number
    repeat {
      start -= 1
      let digit = UInt8(truncatingIfNeeded: rest % UInt64(radix))
      digits[start] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
      rest /= UInt64(radix)
    } while rest > 0
    self.init(utf8: digits.span.bytes.extracting(start..<digits.count))
  }

  /// `number` in decimal digits.
  @inline(never)
  public init(_ number: Int) {
    self.init(UInt64(number.magnitude))
    if number < 0 { self = "-" + self }
  }

  /// `number` in decimal digits.
  @inline(__always)
  public init(_ number: Int64) { self.init(Int(number)) }

  /// `number` in digits of `radix` (10...36).
  @inline(__always)
  public init(_ number: UInt32, radix: Int = 10) { self.init(UInt64(number), radix: radix) }

  /// `number` in digits of `radix` (10...36).
  @inline(__always)
  public init(_ number: UInt8, radix: Int = 10) { self.init(UInt64(number), radix: radix) }
}
