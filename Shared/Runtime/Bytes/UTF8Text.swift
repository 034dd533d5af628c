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

  /// What is left without the first `byteCount` bytes, which must end with a character.
  public func dropping(byteCount: Int) -> String {
    String(self[utf8.index(startIndex, offsetBy: byteCount)...])
  }
}
