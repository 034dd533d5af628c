/// Texts from bytes and to bytes. The standard library's `String(decoding:as:)` is inlined wherever it is called, with
/// its repair of what is not UTF-8: 100 bytes each time.
extension String {
  /// The text of `bytes`; what is not UTF-8 becomes U+FFFD.
  @inline(never)
  public init(utf8 bytes: RawSpan) {
    // The bytes are copied before the call returns.
    self = bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// The text of `bytes`; what is not UTF-8 becomes U+FFFD.
  @inline(never)
  public init(utf8 bytes: [UInt8]) { self.init(utf8: bytes.span.bytes) }

  /// The text of `bytes`; what is not UTF-8 becomes U+FFFD.
  @inline(never)
  public init(utf8 bytes: ArraySlice<UInt8>) { self.init(utf8: bytes.span.bytes) }

  /// The text of `bytes`; nil when they are not UTF-8.
  @inline(never)
  public init?(validUTF8 bytes: RawSpan) {
    // Safe: bytes are bytes, and copied before the call returns. Of raw ones the library goes two ways, in 600 bytes more.
    let text = bytes.withUnsafeBytes { raw in
      raw.withMemoryRebound(to: UInt8.self) { String(validating: $0, as: UTF8.self) }
    }
    guard let text else { return nil }
    self = text
  }

  /// How many bytes it has in UTF-8. Not inlined, as `utf8.count` is with what it does for texts of other encodings.
  public var byteCount: Int {
    @inline(never) get { utf8.count }
  }

  /// Whether it has none. This stands before the standard library's own.
  public var isEmpty: Bool {
    @inline(never) get { utf8.count == 0 }
  }

  /// The text of a literal.
  @inline(never)
  public init(literal text: StaticString) {
    self = text.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
  }

  /// Lends the UTF-8 of this string.
  @inline(__always)
  public func withBytes<R>(_ body: (RawSpan) -> R) -> R {
    // A short text holds its bytes in itself, and so nowhere for long: they are lent from here.
    var room = (UInt64(0), UInt64(0))
    return withExtendedLifetime(self) {
      withUnsafeMutablePointer(to: &room) { room in
        let bytes = self.bytes(room)
        // Safe: they stay until `body` returns, in the room or in what this text keeps, and even no bytes have a place.
        return body(RawSpan(_unsafeStart: bytes.baseAddress.unsafelyUnwrapped, byteCount: bytes.count))
      }
    }
  }

  /// Where the bytes are: in `room`, when they are at most 16; else where this text keeps them.
  @inline(never)
  @usableFromInline func bytes(_ room: UnsafeMutablePointer<(UInt64, UInt64)>) -> UnsafeRawBufferPointer {
    // Safe: as many bytes as there is room for are copied; others stay where they are as long as this text.
    let place = utf8.withContiguousStorageIfAvailable { utf8 in
      let bytes = UnsafeRawBufferPointer(utf8)
      guard bytes.count <= 16 else { return bytes }
      let room = UnsafeMutableRawBufferPointer(start: room, count: bytes.count)
      room.copyMemory(from: bytes)
      return UnsafeRawBufferPointer(room)
    }
    // Only texts that Objective-C keeps are not contiguous.
    return place.unsafelyUnwrapped
  }

  /// What is left without the first `byteCount` bytes.
  public func dropping(byteCount: Int) -> String { cut(byteCount..<self.byteCount) }

  /// The text of the bytes in `range`. Cut by bytes, as `self[…]` looks for the ends of characters, with the rules and
  /// the tables of graphemes.
  @inline(never)
  public func cut(_ range: Range<Int>) -> String { withBytes { String(utf8: $0.extracting(range)) } }

  /// The first `scalarCount` Unicode scalars, or all there are.
  @inline(never)
  public func prefix(scalarCount: Int) -> String {
    let end = withBytes { bytes in
      var left = scalarCount
      for index in 0..<bytes.byteCount where bytes.byte(at: index) & 0xc0 != 0x80 {
        // Every byte that does not go on a scalar begins one.
        if left == 0 { return index }
        left -= 1
      }
      return bytes.byteCount
    }
    return cut(0..<end)
  }

  /// How many bytes stand before the first `byte`; nil when there is none.
  @inline(never)
  public func offset(ofFirst byte: UInt8) -> Int? {
    withBytes { bytes in
      for index in 0..<bytes.byteCount where bytes.byte(at: index) == byte { return index }
      return nil
    }
  }

  /// How many bytes stand before the last `byte`; nil when there is none.
  @inline(never)
  public func offset(ofLast byte: UInt8) -> Int? {
    withBytes { bytes in
      var index = bytes.byteCount
      while index > 0 {
        index -= 1
        if bytes.byte(at: index) == byte { return index }
      }
      return nil
    }
  }
}

// How long a text is, in one place: the library's, before which these stand, look for texts of other encodings wherever
// they are asked.
extension String.UTF8View {
  /// How many bytes there are.
  @inline(never)
  public var count: Int { String(self).withBytes { $0.byteCount } }
}

extension Array where Element == UInt8 {
  /// A text's UTF-8. This stands before the standard library's, which looks for texts of other encodings too.
  @inline(never)
  public init(_ text: String.UTF8View) {
    // Safe: the bytes are copied before the call returns.
    self = String(text).withBytes { $0.withUnsafeBytes { Array($0) } }
  }
}
