import Bytes

/// Markup that is safe to send.
///
/// The only bytes that reach it unescaped are literals of our own sources: an interpolated `String` is
/// escaped, for text and for quoted attribute values alike, and only `HTML` goes into `HTML` as it is. The
/// literals are `StaticString`, so no string made at run time can pass for one. Attribute values must stand
/// in double quotes; addresses must be made by `Link`. Cost: one copy per nesting.
///
/// Pages are made of a thousand pieces, so what takes one is not inlined: an image is smaller by that.
public struct HTML: ExpressibleByStringInterpolation, Sendable {
  /// The markup in UTF-8.
  public private(set) var bytes: [UInt8]

  /// No markup.
  public init() { bytes = [] }

  /// Trusted markup out of our own source.
  @inline(never)
  public init(stringLiteral literal: StaticString) {
    bytes = []
    appendLiteral(literal)
  }

  /// Trusted markup with escaped holes.
  public init(stringInterpolation: Interpolation) { bytes = stringInterpolation.html.bytes }

  /// Text, escaped.
  public init(text: String) {
    bytes = []
    append(text: text)
  }

  /// Pieces one after another.
  public init(_ pieces: [HTML]) {
    bytes = []
    for piece in pieces { bytes += piece.bytes }
  }

  /// Appends markup.
  public mutating func append(_ html: HTML) { bytes += html.bytes }

  /// Appends text, escaped. Control characters that HTML cannot carry become U+FFFD.
  @inline(never)
  public mutating func append(text: String) {
    var text = text
    text.withUTF8 { append(escaping: $0) }
  }

  private mutating func append(escaping text: UnsafeBufferPointer<UInt8>) {
    for byte in text {
      switch byte {
      case UInt8(ascii: "&"): appendLiteral("&amp;")
      case UInt8(ascii: "<"): appendLiteral("&lt;")
      case UInt8(ascii: ">"): appendLiteral("&gt;")
      case UInt8(ascii: "\""): appendLiteral("&quot;")
      case UInt8(ascii: "'"): appendLiteral("&#39;")
      case 0..<9, 11..<13, 14..<32, 127: appendLiteral("\u{fffd}")
      default: bytes.append(byte)
      }
    }
  }

  @inline(never)
  fileprivate mutating func appendLiteral(_ literal: StaticString) {
    // A literal's bytes live as long as the program.
    bytes.append(contentsOf: UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
  }

  /// What the compiler feeds with the pieces of a literal.
  public struct Interpolation: StringInterpolationProtocol {
    fileprivate var html = HTML()

    /// An interpolation about to be filled.
    @inline(never)
    public init(literalCapacity: Int, interpolationCount: Int) {
      html.bytes.reserveCapacity(literalCapacity + interpolationCount * 16)
    }

    /// Trusted markup. The compiler also brings what stands between two holes side by side: nothing.
    @inline(__always)
    public mutating func appendLiteral(_ literal: StaticString) {
      if literal.utf8CodeUnitCount > 0 { html.appendLiteral(literal) }
    }

    /// Text, escaped.
    public mutating func appendInterpolation(_ text: String) { html.append(text: text) }

    /// A number.
    @inline(never)
    public mutating func appendInterpolation(_ number: Int) { html.append(text: String(number)) }

    /// A number.
    @inline(never)
    public mutating func appendInterpolation(_ number: Int64) { html.append(text: String(number)) }

    /// Markup, or nothing.
    @inline(never)
    public mutating func appendInterpolation(_ part: HTML?) { if let part { html.append(part) } }

    /// Markup, as it is.
    public mutating func appendInterpolation(_ part: HTML) { html.append(part) }

    /// Pieces of markup, one after another.
    @inline(never)
    public mutating func appendInterpolation(_ pieces: [HTML]) { for piece in pieces { html.append(piece) } }

    /// A path of this shop, as an attribute's value.
    public mutating func appendInterpolation(_ link: Link) { html.append(text: link.text) }
  }
}

/// A path of this shop with its query: always path-absolute, so it can lead neither to another site nor to a
/// script.
public struct Link: Equatable, Sendable {
  /// The address, percent-encoded.
  public private(set) var text: String
  private var hasQuery = false

  /// The path of the literal, which starts with one slash.
  public init(_ path: StaticString) {
    text = String(literal: path)
    precondition(text.utf8.first == UInt8(ascii: "/"))
  }

  /// A path that the catalog named, such as a picture's. Nil unless it is path-absolute and printable.
  public init?(served path: String) {
    var previous: UInt8 = 0
    for (index, byte) in path.utf8.enumerated() {
      switch index {
      case 0: guard byte == UInt8(ascii: "/") else { return nil }
      case 1: guard byte != UInt8(ascii: "/") && byte != UInt8(ascii: "\\") else { return nil }
      default: break
      }
      guard byte > 32 && byte < 127 && byte != UInt8(ascii: "\"") else { return nil }
      previous = byte
    }
    guard previous != 0 else { return nil }
    text = path
  }

  /// Appends a path segment, encoded.
  public func segment(_ segment: String) -> Link {
    var link = self
    link.text += "/" + Link.encode(segment)
    return link
  }

  /// Appends literal path text.
  public func path(_ suffix: StaticString) -> Link {
    var link = self
    link.text += String(literal: suffix)
    return link
  }

  /// Adds a query parameter, encoded; an empty or absent value adds none.
  public func query(_ name: StaticString, _ value: String?) -> Link {
    guard let value, !value.isEmpty else { return self }
    var link = self
    link.text += hasQuery ? "&" : "?"
    link.text += String(literal: name) + "=" + Link.encode(value)
    link.hasQuery = true
    return link
  }

  /// Everything but RFC 3986's unreserved characters as %XX.
  private static func encode(_ text: String) -> String {
    var bytes: [UInt8] = []
    for byte in Array(text.utf8) {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        bytes.append(byte)
      default: bytes += [UInt8(ascii: "%"), hexadecimal(byte >> 4), hexadecimal(byte & 15)]
      }
    }
    return String(utf8: bytes)
  }

  private static func hexadecimal(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "A") + nibble - 10
  }
}
