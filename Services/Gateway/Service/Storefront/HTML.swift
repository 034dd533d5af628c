import Bytes
import HTTPCore

/// Markup that is safe to send.
///
/// The only bytes that reach it unescaped are literals of our own sources: an interpolated `String` is
/// escaped, for text and for quoted attribute values alike, and only `HTML` goes into `HTML` as it is. The
/// literals are `StaticString`, so no string made at run time can pass for one. Attribute values must stand
/// in double quotes; addresses must be made by `Link`. Cost: one copy per nesting.
///
/// Pages are made of a thousand pieces, so what takes one is not inlined, and takes as few words as it can: an image is
/// smaller by that.
public struct HTML: ExpressibleByStringInterpolation, Sendable {
  /// The markup in UTF-8.
  public private(set) var bytes: [UInt8]

  /// No markup.
  public init() { bytes = [] }

  /// Trusted markup out of our own source.
  @inline(__always)
  public init(stringLiteral literal: StaticString) { self.init(literal.utf8Start) }

  @inline(never)
  private init(_ start: UnsafePointer<UInt8>) {
    bytes = []
    append(start)
  }

  /// Trusted markup with escaped holes.
  public init(stringInterpolation: Interpolation) { bytes = stringInterpolation.html.bytes }

  /// Text, escaped.
  public init(text: String) {
    bytes = []
    append(text: text)
  }

  /// Whether there is none.
  public var isEmpty: Bool { bytes.isEmpty }

  /// Appends markup.
  @inline(never)
  public mutating func append(_ html: consuming HTML) { bytes += html.bytes }

  /// Appends text, escaped. Control characters that HTML cannot carry become U+FFFD.
  @inline(never)
  public mutating func append(text: String) {
    text.withBytes { append(escaping: $0) }
  }

  private mutating func append(escaping text: RawSpan) {
    for index in 0..<text.byteCount {
      let byte = text.byte(at: index)
      let escaped: StaticString
      switch byte {
      case UInt8(ascii: "&"): escaped = "&amp;"
      case UInt8(ascii: "<"): escaped = "&lt;"
      case UInt8(ascii: ">"): escaped = "&gt;"
      case UInt8(ascii: "\""): escaped = "&quot;"
      case UInt8(ascii: "'"): escaped = "&#39;"
      case 0..<9, 11..<13, 14..<32, 127: escaped = "\u{fffd}"
      default:
        bytes.append(byte)
        continue
      }
      append(escaped.utf8Start)
    }
  }

  /// Appends trusted markup of a literal, whose bytes live as long as the program and end with a zero.
  @inline(never)
  fileprivate mutating func append(_ start: UnsafePointer<UInt8>) {
    // The first piece makes room for some more.
    if bytes.isEmpty { bytes.reserveCapacity(256) }
    var count = 0
    while start[count] != 0 { count += 1 }
    bytes.append(contentsOf: UnsafeBufferPointer(start: start, count: count))
  }

  /// What the compiler feeds with the pieces of a literal.
  public struct Interpolation: StringInterpolationProtocol {
    fileprivate var html: HTML

    /// An interpolation about to be filled.
    @inline(__always)
    public init(literalCapacity: Int, interpolationCount: Int) { html = HTML() }

    /// Trusted markup. The compiler also brings what stands between two holes side by side: nothing.
    @inline(__always)
    public mutating func appendLiteral(_ literal: StaticString) {
      if literal.utf8CodeUnitCount > 0 { html.append(literal.utf8Start) }
    }

    /// Trusted markup out of a table of ours.
    @inline(never)
    public mutating func appendInterpolation(_ literal: StaticString) { html.append(literal.utf8Start) }

    /// Trusted markup, when `condition` holds.
    @inline(__always)
    public mutating func appendInterpolation(_ literal: StaticString, if condition: Bool) {
      if condition { html.append(literal.utf8Start) }
    }

    /// Text, escaped.
    @inline(__always)
    public mutating func appendInterpolation(_ text: String) { html.append(text: text) }

    /// A number.
    @inline(never)
    public mutating func appendInterpolation(_ number: Int) { html.append(text: String(number)) }

    /// A number.
    @inline(__always)
    public mutating func appendInterpolation(_ number: Int64) { appendInterpolation(Int(number)) }

    /// Markup, or nothing.
    @inline(never)
    public mutating func appendInterpolation(_ part: consuming HTML?) { if let part { html.append(part) } }

    /// Markup, as it is.
    @inline(__always)
    public mutating func appendInterpolation(_ part: consuming HTML) { html.append(part) }

    /// A path of this shop, as an attribute's value.
    @inline(__always)
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
  @inline(never)
  public init(_ path: StaticString) {
    text = String(literal: path)
    precondition(text.hasBytes("/"))
  }

  /// A path that the catalog named, such as a picture's. Nil unless it is path-absolute and printable.
  public init?(served path: String) {
    let bytes = Array(path.utf8)
    guard let first = bytes.first, first == UInt8(ascii: "/") else { return nil }
    for (index, byte) in bytes.enumerated() {
      guard byte > 32 && byte < 127 && byte != UInt8(ascii: "\"") else { return nil }
      if index == 1 && (byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\")) { return nil }
    }
    text = path
  }

  /// Appends a path segment, encoded.
  @inline(never)
  public func segment(_ segment: String) -> Link {
    var link = self
    link.text += "/" + PercentCoding.encode(pathSegment: segment)
    return link
  }

  /// Appends literal path text.
  public func path(_ suffix: StaticString) -> Link {
    var link = self
    link.text += String(literal: suffix)
    return link
  }

  /// Adds a query parameter, encoded; an empty or absent value adds none.
  @inline(never)
  public func query(_ name: StaticString, _ value: String?) -> Link {
    guard let value, !value.isEmpty else { return self }
    var link = self
    link.text += hasQuery ? "&" : "?"
    link.text += String(literal: name) + "=" + PercentCoding.encode(pathSegment: value)
    link.hasQuery = true
    return link
  }
}
