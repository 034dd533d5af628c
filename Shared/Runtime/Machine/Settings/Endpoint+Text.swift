import Bytes
import Platform
import Wire

extension Endpoint {
  /// Reads `a.b.c.d:port` or `[v6]:port`; nil when it is neither.
  public init?(_ text: String) {
    guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")),
      let port = UInt16(text[text.utf8.index(after: colon)...])
    else { return nil }
    let host = text[..<colon]
    if host.utf8.first == UInt8(ascii: "["), host.utf8.last == UInt8(ascii: "]") {
      guard let address = IPv6Address(String(utf8: Array(host.utf8.dropFirst().dropLast()))) else {
        return nil
      }
      self.init(.v6(address.high, address.low), port: port)
    } else {
      guard let address = IPv4Address(String(host)) else { return nil }
      self.init(.v4(address.rawValue), port: port)
    }
  }
}
