// Eight bytes at a time: in strings most bytes mean themselves.

/// The high bit of each byte of `word` that is a control character, a quote or a backslash. Bits above the
/// lowest one set may be wrong (a borrow ran through them), so only the lowest counts.
@inline(__always)
func specialASCII(in word: UInt64) -> UInt64 {
  let ones: UInt64 = 0x0101_0101_0101_0101
  let quotes = word ^ (ones &* 0x22)
  let backslashes = word ^ (ones &* 0x5C)
  let controls = (word &- (ones &* 0x20)) & ~word
  return (controls | ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)) & (ones &* 0x80)
}

extension RawSpan {
  /// The first offset from `start` on whose byte does not mean itself in a JSON string: a control character, a
  /// quote, a backslash or part of a scalar beyond ASCII. The byte count if there is none.
  @inline(__always)
  func firstSpecial(from start: Int) -> Int {
    var offset = start
    while offset &+ 8 <= byteCount {
      // Bounds-checked, and every bit pattern is a number.
      let word = UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
      let special = specialASCII(in: word) | (word & 0x8080_8080_8080_8080)
      if special != 0 { return offset &+ special.trailingZeroBitCount / 8 }
      offset &+= 8
    }
    while offset < byteCount {
      let byte = byte(at: offset)
      if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
      offset &+= 1
    }
    return offset
  }

  /// As `firstSpecial`, for text that is UTF-8 already: scalars beyond ASCII mean themselves.
  @inline(__always)
  func firstToEscape(from start: Int) -> Int {
    var offset = start
    while offset &+ 8 <= byteCount {
      // Bounds-checked, and every bit pattern is a number.
      let special = specialASCII(
        in: UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)))
      if special != 0 { return offset &+ special.trailingZeroBitCount / 8 }
      offset &+= 8
    }
    while offset < byteCount {
      let byte = byte(at: offset)
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
      offset &+= 1
    }
    return offset
  }
}
