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
      // Safe: every byte is written, and letters for letters leave UTF-8.
      String(unsafeUninitializedCapacity: bytes.byteCount) { room in
        for index in 0..<bytes.byteCount {
          let byte = bytes.byte(at: index)
          room[index] = index < count && byte &- letter < 26 ? byte ^ 0x20 : byte
        }
        return bytes.byteCount
      }
    }
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
    let count = prefix.utf8.count
    guard utf8.count >= count else { return false }
    return withBytes { own in
      prefix.withBytes { wanted in
        for index in 0..<count where own.byte(at: index) != wanted.byte(at: index) { return false }
        return true
      }
    }
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
