// RFC 8259 §6 before changing this file.
extension Reader {
  /// number = [ minus ] int [ frac ] [ exp ].
  @inline(never)
  mutating func number() throws(JSONError.Reason) -> JSON {
    let start = offset
    let isNegative = take(UInt8(ascii: "-"))
    // Gathered below zero, where Int64 reaches one further than above it.
    var value: Int64 = 0
    var overflows = false
    if take(UInt8(ascii: "0")) {
      if let byte = peek(), Self.isDigit(byte) { throw .malformedNumber }
    } else {
      guard let first = peek(), Self.isDigit(first) else { throw unexpected(.malformedNumber) }
      while let byte = peek(), Self.isDigit(byte) {
        let (tenfold, first) = value.multipliedReportingOverflow(by: 10)
        let (sum, second) = tenfold.subtractingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
        overflows = overflows || first || second
        value = sum
        offset += 1
      }
    }
    var isInteger = true
    if take(UInt8(ascii: ".")) {
      isInteger = false
      try digits()
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      isInteger = false
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try digits()
    }
    guard offset - start <= limits.maximumNumberByteCount else {
      // Without leading zeros, so many digits are more than any Int64 has.
      if limits.readsHugeNumbers && isInteger { return .number(huge(isNegative)) }
      throw error(.numberTooLong, at: start)
    }
    if isInteger && limits.readsHugeNumbers && (overflows || !isNegative && value == .min) {
      return .number(limits.readFraction(text(start..<offset)) ?? huge(isNegative))
    }
    if isInteger {
      if isNegative {
        guard !overflows else { throw error(.integerOutOfRange, at: start) }
        return .integer(value)
      }
      guard !overflows && value != .min else { throw error(.integerOutOfRange, at: start) }
      return .integer(-value)
    }
    guard let double = limits.readFraction(text(start..<offset)), double.isFinite else {
      if limits.readsHugeNumbers { return .number(huge(isNegative)) }
      throw error(.numberOutOfRange, at: start)
    }
    return .number(double)
  }

  private func huge(_ isNegative: Bool) -> Double {
    isNegative ? -.greatestFiniteMagnitude : .greatestFiniteMagnitude
  }

  /// One digit or more.
  private mutating func digits() throws(JSONError.Reason) {
    guard let first = peek(), Self.isDigit(first) else { throw unexpected(.malformedNumber) }
    while let byte = peek(), Self.isDigit(byte) { offset += 1 }
  }

  @inline(__always)
  private static func isDigit(_ byte: UInt8) -> Bool {
    byte &- UInt8(ascii: "0") < 10
  }
}
