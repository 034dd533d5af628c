// RFC 6724 §5 before changing this file.

import Wire

extension Autoconfiguration {
  /// Our address for a packet to `destination`; nil when none can be used. Of several that are as good, the first.
  func source(for destination: IPv6Address) -> IPv6Address? {
    var best: IPv6Address?
    var bestFitness: UInt64 = 0
    let (scope, label) = (destination.scope, destination.label)
    for candidate in addresses where candidate.isAssigned {
      let fitness = candidate.fitness(for: destination, scope, label)
      if best == nil || fitness > bestFitness { (best, bestFitness) = (candidate.address, fitness) }
    }
    return best
  }
}

extension IPv6OwnAddress {
  /// How well the address fits a destination, as a number: of RFC 6724 §5 the rules that mean something here, the first
  /// of them in the highest bits.
  @inline(never)
  func fitness(for destination: IPv6Address, _ wantedScope: UInt64, _ label: Int) -> UInt64 {
    // Rule 1: the destination itself.
    if address == destination { return .max }
    // Rule 2: the smallest scope that is not too small, else the largest.
    let scope = address.scope
    let rank = scope >= wantedScope ? 32 - scope : scope
    // Rules 3 and 6: not deprecated; the same label.
    let isFresh: UInt64 = state == .deprecated ? 0 : 1
    let isAlike: UInt64 = address.label == label ? 1 : 0
    // Rule 8: the longest common prefix.
    return rank << 9 | isFresh << 8 | isAlike << 7 | UInt64(address.commonPrefixLength(with: destination))
  }
}

extension IPv6Address {
  /// How far the address reaches (RFC 4291 §2.7, RFC 6724 §3.1): 2 for the link, 14 for the world.
  var scope: UInt64 {
    @inline(never) get {
      if isMulticast { return high >> 48 & 0xf }
      return isLinkLocal || isLoopback ? 2 : 14
    }
  }

  /// The address's label in the default policy table (RFC 6724 §2.1), as far as hosts have such addresses.
  var label: Int {
    @inline(never) get {
      if isUniqueLocal { return 13 }
      if high >> 48 == 0x2002 { return 2 }
      if high >> 32 == 0x2001_0000 { return 5 }
      return isMapped ? 4 : 1
    }
  }

  /// How many leading bits both have in common; at most 64, as identifiers say nothing (RFC 6724 §2.2).
  func commonPrefixLength(with other: IPv6Address) -> Int { (high ^ other.high).leadingZeroBitCount }
}
