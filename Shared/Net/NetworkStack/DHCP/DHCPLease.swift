// RFC 2131 §4.4.1, §4.4.5 and RFC 2132 before changing this file.

import Platform
import Wire

/// What a server granted, checked: every value in it can be used as it is.
public struct DHCPLease: Equatable, Sendable {
  /// Shorter leases count as this long, so that no server makes us ask without pause.
  public static let minimumLeaseSeconds: UInt32 = 30
  /// Bits of a mask, at least: no server can call all of the Internet its link.
  public static let minimumPrefixLength = 8
  /// Bytes of an MTU, at least; smaller ones are ignored (every host takes 576, RFC 791 §3.1).
  public static let minimumMTU = 576
  /// Resolvers kept; the rest is ignored.
  public static let maximumResolverCount = 3
  /// The lease time that means for ever (RFC 2131 §3.3).
  static let infiniteSeconds = UInt32.max

  /// Our address.
  public let address: IPv4Address
  /// The link's network, which holds the address.
  public let network: IPv4Network
  /// The default gateway: of those that the server named, the first within the network; nil when there is none.
  public let router: IPv4Address?
  /// Resolvers, the best first, in the form that whoever asks them has.
  public let domainNameServers: [IPv6Address]
  /// Bytes of an IP packet on the link, at most: 576 … the device's own.
  public let mtu: Int
  /// Who granted it.
  public let server: IPv4Address
  /// T1: when the client asks its server again.
  public let renewal: Instant
  /// T2: when the client asks any server.
  public let rebinding: Instant
  /// When the address is no longer ours; `never` for an infinite lease.
  public let expiry: Instant

  /// The lease that an offer or acknowledgement describes, counted from when the client asked (§4.4.1).
  init(_ message: DHCPv4Message, requestedAt: Instant, deviceMTU: Int) throws(DHCPRefusal) {
    guard let server = message.serverIdentifier, server.isAssignable else { throw .badServer }
    guard let mask = message.subnetMask, let network = IPv4Network(message.yourAddress, mask: mask),
      network.prefixLength >= Self.minimumPrefixLength
    else { throw .badMask }
    let address = message.yourAddress
    guard address.isAssignable, network.mayHold(host: address), address != server else { throw .badAddress }
    guard let granted = message.leaseSeconds, granted > 0 else { throw .badLease }
    self.address = address
    self.network = network
    self.server = server
    router = Self.router(message.routers, on: network, besides: address)
    domainNameServers = Self.resolvers(message.domainNameServers)
    let offeredMTU = Int(message.interfaceMTU ?? 0)
    mtu = offeredMTU < Self.minimumMTU ? deviceMTU : min(offeredMTU, deviceMTU)
    guard granted != Self.infiniteSeconds else {
      (renewal, rebinding, expiry) = (.never, .never, .never)
      return
    }
    let seconds = UInt64(max(granted, Self.minimumLeaseSeconds))
    var (first, second) = (seconds / 2, seconds * 7 / 8)
    // The server's own T1 and T2 count if they stand in order and T1 does not come at once (§4.4.5).
    let offeredFirst = UInt64(message.renewalSeconds ?? UInt32(truncatingIfNeeded: first))
    let offeredSecond = UInt64(message.rebindingSeconds ?? UInt32(truncatingIfNeeded: second))
    if offeredFirst >= UInt64(Self.minimumLeaseSeconds / 2), offeredFirst < offeredSecond,
      offeredSecond < seconds
    {
      (first, second) = (offeredFirst, offeredSecond)
    }
    renewal = requestedAt.advanced(byNanoseconds: first * 1_000_000_000)
    rebinding = requestedAt.advanced(byNanoseconds: second * 1_000_000_000)
    expiry = requestedAt.advanced(byNanoseconds: seconds * 1_000_000_000)
  }

  private static func router(
    _ list: DHCPv4Addresses?, on network: IPv4Network, besides ours: IPv4Address
  ) -> IPv4Address? {
    guard let list else { return nil }
    for index in 0..<list.count {
      let router = list[index]
      if router.isAssignable, network.mayHold(host: router), router != ours { return router }
    }
    return nil
  }

  private static func resolvers(_ list: DHCPv4Addresses?) -> [IPv6Address] {
    var resolvers: [IPv6Address] = []
    guard let list else { return resolvers }
    for index in 0..<list.count where resolvers.count < maximumResolverCount {
      if list[index].isAssignable { resolvers.add(IPv6Address(mapped: list[index])) }
    }
    return resolvers
  }
}
