/// Text by its bytes: what protocols and settings compare and cut. The standard library's own words for this go by
/// characters, and bring the tables of Unicode into an image (30 KB).
extension String {
  /// The same with ASCII letters in lower case, anything else as it is.
  public var asciiLowercased: String { otherCase(of: UInt8(ascii: "A"), first: .max) }

  /// The same with its first byte in upper case, when that is an ASCII letter.
  public var asciiCapitalized: String { otherCase(of: UInt8(ascii: "a"), first: 1) }

  /// The same with the other case of those of its first `count` bytes that are one of the 26 letters from `letter` on.
  @inline(never)
  private func otherCase(of letter: UInt8, first count: Int) -> String {
    withBytes { bytes in
      // Safe: all of it is written.
      String(unsafeUninitializedCapacity: bytes.byteCount) {
        Self.fill($0, with: bytes, otherCaseOf: letter, first: count)
      }
    }
  }

  @inline(never)
  private static func fill(
    _ room: UnsafeMutableBufferPointer<UInt8>, with bytes: RawSpan, otherCaseOf letter: UInt8,
    first count: Int
  ) -> Int {
    // Letters for letters leave UTF-8.
    for index in 0..<bytes.byteCount {
      let byte = bytes.byte(at: index)
      room[index] = index < count && byte &- letter < 26 ? byte ^ 0x20 : byte
    }
    return bytes.byteCount
  }

  /// Whether `isGood` holds for every byte.
  @inline(never)
  public func allBytes(_ isGood: (UInt8) -> Bool) -> Bool {
    withBytes { bytes in
      for index in 0..<bytes.byteCount where !isGood(bytes.byte(at: index)) { return false }
      return true
    }
  }

  /// Whether the first bytes are `prefix`.
  @inline(never)
  public func hasBytes(_ prefix: String) -> Bool {
    withBytes { own in prefix.withBytes { own.begins(with: $0) } }
  }

  /// Whether it stands before `other` in the order of their bytes.
  @inline(never)
  public func precedesByBytes(_ other: String) -> Bool {
    withBytes { own in
      other.withBytes { theirs in
        for index in 0..<min(own.byteCount, theirs.byteCount) {
          let (left, right) = (own.byte(at: index), theirs.byte(at: index))
          if left != right { return left < right }
        }
        return own.byteCount < theirs.byteCount
      }
    }
  }
}

extension RawSpan {
  /// Whether the first bytes are `prefix`. Eight at a time.
  @inline(never)
  func begins(with prefix: RawSpan) -> Bool {
    let count = prefix.byteCount
    guard byteCount >= count else { return false }
    var offset = 0
    while offset &+ 8 <= count {
      // Bounds-checked, and every bit pattern is a number.
      let own = unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
      guard own == prefix.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self) else { return false }
      offset &+= 8
    }
    while offset < count {
      guard byte(at: offset) == prefix.byte(at: offset) else { return false }
      offset &+= 1
    }
    return true
  }
}
