// RFC 4291 §2.5.5.2 before changing this file.

import Platform
import Wire

extension IPv4Address {
  /// The address behind the signature's word for it; nil for IPv6.
  init?(_ address: IPAddress) {
    guard case .v4(let value) = address else { return nil }
    self.init(rawValue: value)
  }
}

extension IPv6Address {
  /// The address behind the signature's word for it: an IPv4 address in its mapped form.
  init(_ address: IPAddress) {
    switch address {
    case .v4(let value): self.init(mapped: IPv4Address(rawValue: value))
    case .v6(let high, let low): self.init(high: high, low: low)
    }
  }
}

extension [IPv6Address] {
  /// As `append`, whose code would stand at every place.
  @inline(never)
  mutating func add(_ address: IPv6Address) { append(address) }
}

extension IPAddress {
  /// The signature's word for an address.
  init(_ address: IPv4Address) { self = .v4(address.rawValue) }

  /// The signature's word for an address of either family.
  init(_ address: IPv6Address) {
    if let address = address.mapped {
      self = .v4(address.rawValue)
    } else {
      self = .v6(address.high, address.low)
    }
  }
}
