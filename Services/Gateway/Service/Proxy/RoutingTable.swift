// shop-api.md, "Everywhere", and RFC 3986 §3.3 before changing this file.

/// Where a request goes.
enum Destination: Equatable {
  /// To one of the services, as it is.
  case service(Peer)
  /// Answered here: a page, an asset, the API's description.
  case storefront
  /// Below `/api`, but nothing that the shop has.
  case unknown
  /// A path that two readers could understand differently.
  case ambiguous

  /// The services behind the gateway.
  enum Peer: Int, CaseIterable { case catalog, cart, checkout }
}

/// Decides by the path alone, and only by whole decoded segments, so that nothing can be smuggled past it: a
/// path with a dot segment, an empty segment before its end, an encoded slash or NUL, or a broken escape is
/// refused. What is forwarded is what came, byte for byte.
enum RoutingTable {
  /// The destination of `path` (without its query). It is empty when an absolute form named none: that is `/`
  /// (RFC 9112 §3.2.1).
  static func destination(of path: RawSpan) -> Destination {
    guard path.byteCount > 0 else { return .storefront }
    guard isUnambiguous(path) else { return .ambiguous }
    var segments = Segments(path)
    guard segments.next(in: path, is: "api") else { return .storefront }
    guard segments.next(in: path, is: "v1") else { return .unknown }
    let resources: [(name: StaticString, hasVerbs: Bool, peer: Destination.Peer)] = [
      ("products", true, .catalog), ("carts", false, .cart), ("orders", false, .checkout),
      ("tags", false, .catalog), ("checkouts", false, .checkout), ("shipping-methods", false, .checkout),
    ]
    for resource in resources {
      var rest = segments
      if rest.next(in: path, is: resource.name, orVerb: resource.hasVerbs) { return .service(resource.peer) }
    }
    return .unknown
  }

  /// Whether `path` names a picture of a product, whose upload may be larger than a JSON document.
  static func isPicture(_ path: RawSpan) -> Bool {
    var segments = Segments(path)
    return segments.next(in: path, is: "api") && segments.next(in: path, is: "v1")
      && segments.next(in: path, is: "products") && segments.skip(in: path)
      && segments.next(in: path, is: "image") && segments.isAtEnd
  }

  /// Whether every reader splits and decodes the path alike.
  private static func isUnambiguous(_ path: RawSpan) -> Bool {
    let count = path.byteCount
    guard count > 0, path[0] == UInt8(ascii: "/") else { return false }
    var index = 1
    // Of the segment so far: its decoded length, as long as it consists of dots alone.
    var decodedCount = 0
    var isDots = true
    while index < count {
      var byte = path[index]
      if byte == UInt8(ascii: "/") {
        guard decodedCount > 0, !(isDots && decodedCount <= 2) else { return false }
        decodedCount = 0
        isDots = true
        index += 1
        continue
      }
      if byte == UInt8(ascii: "%") {
        guard let decoded = escape(in: path, at: index) else { return false }
        guard decoded != UInt8(ascii: "/"), decoded != UInt8(ascii: "\\"), decoded >= 32, decoded != 127
        else {
          return false
        }
        byte = decoded
        index += 2
      } else if byte == UInt8(ascii: "\\") {
        return false
      }
      if byte != UInt8(ascii: ".") { isDots = false }
      decodedCount += 1
      index += 1
    }
    return !(isDots && (decodedCount == 1 || decodedCount == 2))
  }

  /// The byte that an escape at `index` stands for.
  static func escape(in path: RawSpan, at index: Int) -> UInt8? {
    guard index + 2 < path.byteCount, let high = nibble(path[index + 1]), let low = nibble(path[index + 2])
    else { return nil }
    return high << 4 | low
  }

  private static func nibble(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

/// Walks the segments of an unambiguous path without decoding them into memory.
private struct Segments {
  private var index = 0
  private let end: Int

  init(_ path: borrowing RawSpan) { end = path.byteCount }

  var isAtEnd: Bool { index >= end }

  /// Steps over any one segment that is not empty.
  mutating func skip(in path: RawSpan) -> Bool {
    guard index < end, path[index] == UInt8(ascii: "/") else { return false }
    let start = index + 1
    index = start
    while index < end, path[index] != UInt8(ascii: "/") { index += 1 }
    return index > start
  }

  /// Steps over the next segment if, decoded, it is `literal`, or with `orVerb` also `literal:anything`.
  mutating func next(in path: RawSpan, is literal: StaticString, orVerb: Bool = false) -> Bool {
    guard index < end, path[index] == UInt8(ascii: "/") else { return false }
    var at = index + 1
    var matched = 0
    // A literal's bytes live as long as the program.
    let name = UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
    while at < end, path[at] != UInt8(ascii: "/") {
      var byte = path[at]
      if byte == UInt8(ascii: "%") {
        guard let decoded = RoutingTable.escape(in: path, at: at) else { return false }
        byte = decoded
        at += 2
      }
      if matched < name.count {
        guard byte == name[matched] else { return false }
        matched += 1
      } else {
        guard orVerb, byte == UInt8(ascii: ":") else { return false }
        while at < end, path[at] != UInt8(ascii: "/") { at += 1 }
        break
      }
      at += 1
    }
    guard matched == name.count else { return false }
    index = at
    return true
  }
}
