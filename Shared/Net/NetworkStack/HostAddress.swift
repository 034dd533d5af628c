// RFC 1122 §3.2.1.3 before changing this file.

import Wire

extension IPv4Address {
  /// Whether one host may have it, as far as the address alone tells: not 0.0.0.0/8, multicast, reserved (240/4) or
  /// broadcast. Loopback addresses are a host's.
  var isHost: Bool { rawValue >> 24 != 0 && rawValue >> 29 != 7 }
}

extension IPv4Network {
  /// Whether a host of this network may have `address`: not the network's own, nor its broadcast. Networks of one or
  /// two addresses have no such (RFC 3021).
  func mayHold(host address: IPv4Address) -> Bool {
    contains(address) && (prefixLength > 30 || address != self.address && address != broadcast)
  }
}
