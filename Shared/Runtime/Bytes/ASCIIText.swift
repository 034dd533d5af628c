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

  /// Whether the first bytes are `prefix`.
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

  /// Lends the UTF-8 of this string.
  @inline(__always)
  public func withBytes<R>(_ body: (RawSpan) -> R) -> R {
    var copy = self
    return copy.withUTF8 { buffer in
      // The span lives only during the call, as the buffer does.
      body(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(buffer)))
    }
  }

  /// What is left without the first `byteCount` bytes, which must end with a character.
  public func dropping(byteCount: Int) -> String {
    String(self[utf8.index(startIndex, offsetBy: byteCount)...])
  }

  private func mapped(_ change: (UInt8) -> UInt8) -> String {
    let bytes = utf8
    return String(unsafeUninitializedCapacity: bytes.count) { room in
      var count = 0
      for byte in bytes {
        room[count] = change(byte)
        count += 1
      }
      // As many as were counted; letters for letters leave UTF-8.
      return count
    }
  }
}
