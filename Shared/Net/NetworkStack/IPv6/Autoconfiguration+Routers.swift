// RFC 4861 §6.3.4 to §6.3.7, RFC 7559, RFC 8106 §5.3 and RFC 4191 §3.2 before changing this file.

import Platform
import Wire

extension Autoconfiguration {
  /// What is due of routers and of what they said.
  @inline(never)
  mutating func advanceRouters(to now: Instant, _ actions: inout [IPv6Action]) {
    _ = Self.removeEnded(&networks, at: now)
    _ = Self.removeEnded(&routers, at: now)
    searchForRouters(at: now)
    if Self.removeEnded(&resolvers, at: now) { actions.add(.useResolvers) }
    if now >= solicitationAt { solicit(at: now, &actions) }
  }

  /// Asks for routers once more. Each wait is twice as long as the one before, give or take a tenth (RFC 7559 §2).
  private mutating func solicit(at now: Instant, _ actions: inout [IPv6Action]) {
    let mean =
      solicitationWait == 0
      ? Self.firstSolicitationWait : min(2 * solicitationWait, Self.longestSolicitationWait)
    solicitationWait = mean / 10 * 9 + numbers.next(upperBound: mean / 5 + 1)
    solicitationAt = now.advanced(byNanoseconds: solicitationWait)
    let source = addresses.first { $0.origin == .linkLocal && $0.isAssigned }
    actions.add(
      .solicit(
        RouterSolicitation(source: source?.address ?? .unspecified, hardware: configuration.hardware)))
  }

  /// Begins to ask for routers when there are none left. Nobody is being asked only while one is known.
  private mutating func searchForRouters(at now: Instant) {
    guard routers.isEmpty, configuration.obeysRouters, solicitationAt == .never else { return }
    solicitationWait = 0
    solicitationAt = now
  }

  /// Looks at an advertisement. The router's hardware address is for the neighbour cache.
  mutating func receive(_ advertisement: borrowing RouterAdvertisement, at now: Instant) -> [IPv6Action] {
    guard configuration.obeysRouters else { return [] }
    var actions: [IPv6Action] = []
    advertisementCount += 1
    raiseHopLimit(to: advertisement.hopLimit)
    let lifetime = now.end(ofSeconds: UInt32(advertisement.lifetimeSeconds))
    setRouter(advertisement.source, until: lifetime, preference: advertisement.preference, at: now)
    var hasNewResolvers = false
    var options = advertisement.options
    while let option = options.next() {
      if let prefix = option.prefix, !prefix.network.address.isLinkLocal, !prefix.network.address.isMulticast
      {
        if prefix.isOnLink, prefix.network.prefixLength >= Self.minimumPrefixLength {
          let until = now.end(ofSeconds: prefix.validSeconds)
          _ = Self.set(
            &networks, limit: Self.maximumNetworkCount, prefix.network, until: until, at: now,
            &refusedCount)
        }
        makeAddress(of: prefix, at: now)
      }
      if let limit = option.maximumTransmissionUnit {
        limitPackets(to: limit, &actions)
      }
      var index = 0
      while index < option.domainNameServerCount {
        let server = option.domainNameServer(index)
        index += 1
        guard server.isHost else { continue }
        let isNew = Self.set(
          &resolvers, limit: Self.maximumResolverCount, IPv6Network(server, prefixLength: 128),
          until: now.end(ofSeconds: option.domainNameServerSeconds), at: now, &refusedCount)
        hasNewResolvers = hasNewResolvers || isNew
      }
    }
    if hasNewResolvers { actions.add(.useResolvers) }
    // A new address is probed at once.
    advanceAddresses(to: now, &actions)
    advanceRouters(to: now, &actions)
    schedule()
    return actions
  }

  /// A neighbour does not answer: when it is a router, another one is used (RFC 4861 §6.3.6).
  mutating func routerIsUnreachable(_ address: IPv6Address) {
    guard let index = routers.firstIndex(where: { $0.address == address }) else { return }
    routers.add(routers.remove(at: index))
  }

  /// A router says that it is none any more (RFC 4861 §7.2.5).
  mutating func forgetRouter(_ address: IPv6Address, at now: Instant) {
    guard configuration.obeysRouters, let index = routers.firstIndex(where: { $0.address == address }) else {
      return
    }
    routers.remove(at: index)
    searchForRouters(at: now)
  }

  private mutating func setRouter(_ address: IPv6Address, until: Instant, preference: Int, at now: Instant) {
    if let index = routers.firstIndex(where: { $0.address == address }) {
      routers[index].until = until
      if routers[index].preference == preference { return }
      routers.remove(at: index)
    }
    guard until > now else { return }
    // A router is known: nobody needs to be asked.
    solicitationAt = .never
    // The first of those that are best stays the one in use.
    let place = routers.firstIndex { $0.preference < preference } ?? routers.count
    if routers.count >= Self.maximumRouterCount {
      refusedCount += 1
      guard place < routers.count else { return }
      routers.removeLast()
    }
    routers.insert(
      IPv6Lease(network: IPv6Network(address, prefixLength: 128), until: until, preference: preference),
      at: place)
  }

  /// Takes what a router said about a network or server: it is new, goes on, or ends now, which the next `removeEnded`
  /// sees. Returns whether it is new.
  @inline(never)
  private static func set(
    _ leases: inout [IPv6Lease], limit: Int, _ network: IPv6Network, until: Instant, at now: Instant,
    _ refusedCount: inout UInt64
  ) -> Bool {
    if let index = leases.firstIndex(where: { $0.network == network }) {
      leases[index].until = until
      return false
    }
    guard until > now else { return false }
    guard leases.count < limit else {
      refusedCount += 1
      return false
    }
    leases.add(IPv6Lease(network: network, until: until))
    return true
  }

  /// Returns whether there were any.
  @inline(never)
  private static func removeEnded(_ leases: inout [IPv6Lease], at now: Instant) -> Bool {
    let count = leases.count
    for index in leases.indices.reversed() where now >= leases[index].until { leases.remove(at: index) }
    return leases.count < count
  }

  /// The DNS servers that routers name.
  var namedResolvers: [IPv6Address] {
    var named: [IPv6Address] = []
    for resolver in resolvers { named.add(resolver.address) }
    return named
  }

  private mutating func limitPackets(to limit: UInt32, _ actions: inout [IPv6Action]) {
    let byteCount = Int(limit)
    guard byteCount >= IPv6Packet.minimumMTU, byteCount <= configuration.deviceMTU,
      byteCount != maximumTransmissionUnit
    else { return }
    maximumTransmissionUnit = byteCount
    actions.add(.limitPackets(byteCount: byteCount))
  }
}
