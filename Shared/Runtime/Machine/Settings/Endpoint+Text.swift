import Bytes
import Platform
import Wire

extension Endpoint {
  /// Reads `a.b.c.d:port` or `[v6]:port`; nil when it is neither.
  public init?(_ text: String) {
    guard let colon = text.offset(ofLast: UInt8(ascii: ":")),
      let port = UInt64(digits: text.dropping(byteCount: colon + 1), upTo: UInt64(UInt16.max))
    else { return nil }
    if colon > 1, text.hasBytes("["), text.offset(ofLast: UInt8(ascii: "]")) == colon - 1 {
      guard let address = IPv6Address(text.cut(1..<colon - 1)) else { return nil }
      self.init(.v6(address.high, address.low), port: UInt16(port))
    } else {
      guard let address = IPv4Address(text.cut(0..<colon)) else { return nil }
      self.init(.v4(address.rawValue), port: UInt16(port))
    }
  }
}
