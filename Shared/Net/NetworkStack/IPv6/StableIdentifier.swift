// RFC 7217 §5, RFC 5453 and RFC 8064 before changing this file.

import TCP
import Wire

/// Interface identifiers that say nothing about the hardware, are another in every network, and are the same each time
/// the host comes to a network again.
struct StableIdentifier: Sendable {
  private let hash: KeyedHash

  /// The identifiers of a key of 16 random bytes that is kept secret, and kept for the next start.
  init(key: (UInt64, UInt64)) { hash = KeyedHash(key: key) }

  /// The identifier of the interface `hardware` in `network`, a /64; another one for each `duplicateCount`.
  func identifier(in network: IPv6Network, hardware: EthernetAddress, duplicateCount: UInt8) -> UInt64 {
    var count = UInt64(duplicateCount)
    while true {
      let identifier = hash.hash(network.address.high, hardware.rawValue << 16 | count)
      if !Self.isReserved(identifier) { return identifier }
      // Nobody's duplicates are that many.
      count += 256
    }
  }

  /// Whether no host may have it (RFC 5453 §3): anycast addresses of routers and of subnets, and what IANA's own
  /// hardware addresses would make.
  static func isReserved(_ identifier: UInt64) -> Bool {
    identifier == 0 || identifier >> 32 == 0x0200_5eff || identifier >> 7 == 0xfdff_ffff_ffff_ff80 >> 7
  }
}
