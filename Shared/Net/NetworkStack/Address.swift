import Platform
import Wire

extension IPv4Address {
  /// The address behind the signature's word for it; nil for IPv6.
  init?(_ address: IPAddress) {
    guard case .v4(let value) = address else { return nil }
    self.init(rawValue: value)
  }
}

extension IPAddress {
  /// The signature's word for an address.
  init(_ address: IPv4Address) { self = .v4(address.rawValue) }
}
