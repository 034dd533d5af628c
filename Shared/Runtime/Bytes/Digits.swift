/// Numbers in texts. The standard library's `Int(text)` is inlined wherever it is called, 350 bytes of an image each time.
extension UInt64 {
  /// The number that `text` writes in digits of `radix` (2...36), and in nothing else: no sign, no space. Nil also for a
  /// number above `limit`.
  @inline(never)
  public init?(digits text: String, radix: UInt8 = 10, upTo limit: UInt64 = .max) {
    var number: UInt64 = 0
    let isNumber = text.withBytes { bytes in
      for offset in 0..<bytes.byteCount {
        let byte = bytes.byte(at: offset)
        let letter = (byte | 0x20) &- UInt8(ascii: "a")
        let digit = letter < 26 ? letter &+ 10 : byte &- UInt8(ascii: "0")
        guard digit < radix else { return false }
        let (shifted, isTooLarge) = number.multipliedReportingOverflow(by: UInt64(radix))
        let (sum, carries) = shifted.addingReportingOverflow(UInt64(digit))
        guard !isTooLarge, !carries else { return false }
        number = sum
      }
      return bytes.byteCount > 0 && number <= limit
    }
    guard isNumber else { return nil }
    self = number
  }
}

extension Int {
  /// As `UInt64.init(digits:radix:upTo:)`, in decimal digits.
  public init?(digits text: String, upTo limit: Int = .max) {
    guard let number = UInt64(digits: text, upTo: UInt64(limit)) else { return nil }
    self = Int(truncatingIfNeeded: number)
  }
}
