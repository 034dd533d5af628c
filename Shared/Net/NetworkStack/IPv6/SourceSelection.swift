// RFC 6724 §5 before changing this file.

import Wire

extension Autoconfiguration {
  /// Our address for a packet to `destination`; nil when none can be used. Of RFC 6724 §5 the rules that mean something
  /// here: the destination itself, the right scope, not deprecated, the same label, the longest common prefix.
  func source(for destination: IPv6Address) -> IPv6Address? {
    var best: IPv6OwnAddress?
    for candidate in addresses where candidate.isAssigned {
      if let current = best, !Self.isBetter(candidate, than: current, for: destination) { continue }
      best = candidate
    }
    return best?.address
  }

  static func isBetter(
    _ a: IPv6OwnAddress, than b: IPv6OwnAddress, for destination: IPv6Address
  ) -> Bool {
    // Rule 1.
    if b.address == destination { return false }
    if a.address == destination { return true }
    // Rule 2: the smallest scope that is not too small.
    let (scope, other, wanted) = (a.address.scope, b.address.scope, destination.scope)
    if scope != other { return scope < other ? scope >= wanted : other < wanted }
    // Rule 3.
    if (a.state == .deprecated) != (b.state == .deprecated) { return b.state == .deprecated }
    // Rule 6.
    let label = destination.label
    if (a.address.label == label) != (b.address.label == label) { return a.address.label == label }
    // Rule 8.
    return a.address.commonPrefixLength(with: destination) > b.address.commonPrefixLength(with: destination)
  }
}

extension IPv6Address {
  /// How far the address reaches (RFC 4291 §2.7, RFC 6724 §3.1): 2 for the link, 14 for the world.
  var scope: UInt64 {
    if isMulticast { return high >> 48 & 0xf }
    return isLinkLocal || isLoopback ? 2 : 14
  }

  /// The address's label in the default policy table (RFC 6724 §2.1), as far as hosts have such addresses.
  var label: Int {
    if isUniqueLocal { return 13 }
    if high >> 48 == 0x2002 { return 2 }
    if high >> 32 == 0x2001_0000 { return 5 }
    return isMapped ? 4 : 1
  }

  /// How many leading bits both have in common; at most 64, as identifiers say nothing (RFC 6724 §2.2).
  func commonPrefixLength(with other: IPv6Address) -> Int { (high ^ other.high).leadingZeroBitCount }
}
