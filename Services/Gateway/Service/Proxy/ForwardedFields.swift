// RFC 9110 §7.6.1 before changing this file.

import Bytes
import HTTPCore

/// Decides which field lines go on to the next hop.
enum ForwardedFields {
  /// Whether a known field of a request is passed on to a service. Those that are not are either about this
  /// connection, made anew by us, or of no meaning to the API (cookies carry no authority there).
  @inline(__always)
  static func passesUpstream(_ field: KnownField) -> Bool {
    switch field {
    case .host, .contentLength, .transferEncoding, .connection, .expect, .te, .trailer, .upgrade, .keepAlive,
      .cookie, .forwarded, .xForwardedFor, .xForwardedProto, .xForwardedHost, .xRequestID, .traceparent:
      false
    default: true
    }
  }

  /// Whether a known field of a service's answer is passed on to the client.
  @inline(__always)
  static func passesDownstream(_ field: KnownField) -> Bool {
    switch field {
    case .contentLength, .transferEncoding, .connection, .te, .trailer, .upgrade, .keepAlive, .xRequestID:
      false
    default: true
    }
  }

  /// Whether a field that nobody knows is passed on: not what proxies say to each other, nor what only we may
  /// say.
  static func passes(unknown name: RawSpan) -> Bool {
    !starts(name, with: "proxy-") && !starts(name, with: "x-forwarded-") && !starts(name, with: "x-real-ip")
      && !starts(name, with: "x-timeout-ms") && !starts(name, with: "x-souk-")
  }

  /// Whether a Connection field among `fields` makes the field `name` hop-by-hop. Cost: O(bytes of these fields), of
  /// which the parser takes no more than `HTTPLimits.maximumConnectionByteCount`.
  static func isNominated(_ name: Range<Int>, by fields: [FieldRange], in bytes: RawSpan) -> Bool {
    for line in fields where line.known == .connection {
      if FieldList.contains(name, in: bytes, line.value) { return true }
    }
    return false
  }

  @inline(never)
  private static func starts(_ name: RawSpan, with prefix: StaticString) -> Bool {
    guard name.byteCount >= prefix.utf8CodeUnitCount else { return false }
    for index in 0..<prefix.utf8CodeUnitCount where lowercased(name[index]) != prefix.utf8Start[index] {
      return false
    }
    return true
  }

  @inline(__always)
  private static func lowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
  }
}
