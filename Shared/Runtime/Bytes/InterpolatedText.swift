/// `"\(…)"` in a fraction of the code. These stand before the standard library's own, which are inlined wherever a text
/// is put together: 240 bytes of an image for each piece, and most of its texts are complaints that are made rarely.
/// Still, the first one brings the library's way to grow a text into an image, 4 KB: the gateway has none, and joins its
/// texts with `+`.
extension DefaultStringInterpolation {
  @inline(never)
  public mutating func appendLiteral(_ literal: String) { write(literal) }

  @inline(never)
  public mutating func appendInterpolation(_ text: String) { write(text) }

  @inline(never)
  public mutating func appendInterpolation(_ literal: StaticString) { write(String(literal: literal)) }

  @inline(never)
  public mutating func appendInterpolation(_ number: Int) { write(String(number)) }

  @inline(never)
  public mutating func appendInterpolation(_ number: UInt64) { write(String(number)) }

  @inline(__always)
  public mutating func appendInterpolation(_ number: UInt16) { appendInterpolation(Int(number)) }

  @inline(__always)
  public mutating func appendInterpolation(_ number: UInt32) { appendInterpolation(Int(number)) }

  @inline(__always)
  public mutating func appendInterpolation(_ number: Int32) { appendInterpolation(Int(number)) }
}
