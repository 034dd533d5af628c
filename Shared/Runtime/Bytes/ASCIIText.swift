/// Text by its bytes: what protocols and settings compare and cut. The standard library's own words for this go by
/// characters, and bring the tables of Unicode into an image (30 KB).
extension String {
  /// The same with ASCII letters in lower case, anything else as it is.
  public var asciiLowercased: String {
    mapped { $0 &- UInt8(ascii: "A") < 26 ? $0 | 0x20 : $0 }
  }

  /// The same with its first byte in upper case, when that is an ASCII letter.
  public var asciiCapitalized: String {
    var isFirst = true
    return mapped { byte in
      defer { isFirst = false }
      return isFirst && byte &- UInt8(ascii: "a") < 26 ? byte & ~0x20 : byte
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
    let count = prefix.byteCount
    guard byteCount >= count else { return false }
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

  @inline(never)
  private func mapped(_ change: (UInt8) -> UInt8) -> String {
    var bytes = Array(utf8)
    for index in bytes.indices { bytes[index] = change(bytes[index]) }
    return String(utf8: bytes)
  }
}
