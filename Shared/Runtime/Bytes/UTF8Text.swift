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
    // The bytes are copied before the call returns.
    guard let text = bytes.withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) else { return nil }
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
    var copy = self
    return copy.withUTF8 { buffer in
      // The span lives only during the call, as the buffer does.
      body(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(buffer)))
    }
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
    withBytes { bytes in (0..<bytes.byteCount).first { bytes.byte(at: $0) == byte } }
  }

  /// How many bytes stand before the last `byte`; nil when there is none.
  @inline(never)
  public func offset(ofLast byte: UInt8) -> Int? {
    withBytes { bytes in (0..<bytes.byteCount).last { bytes.byte(at: $0) == byte } }
  }
}
