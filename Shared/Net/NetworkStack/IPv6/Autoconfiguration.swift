// RFC 4861 §6.3, RFC 4862 and RFC 7559 before changing this file.

import Platform
import TCP
import Wire

/// The addresses of an interface, the networks on its link and its routers: how they come and go by IPv6's stateless
/// autoconfiguration. A value that is given messages and the time, and returns actions, as `DHCPClient` is.
///
/// The owner calls `advance` first, then whenever `nextDeadline` has come, and hands in every advertisement of a router,
/// and every message about an address of ours. Probes begin at once, without the random wait of RFC 4862 §5.4.2, as an
/// image boots in less; fixed addresses are used while they are probed for (RFC 4429), for the same reason.
///
/// Not done: DHCPv6, temporary addresses (RFC 8981; a server is found by its address), redirects, routes beside the
/// default one (RFC 4191 §2.3), and a router's timers for neighbours, as `NeighbourCache` has its own.
///
/// Cost: a search through a few entries for each question, without allocation; an event allocates for its actions.
struct Autoconfiguration: Sendable {
  /// What the interface is.
  struct Configuration: Sendable {
    /// The interface.
    var hardware: EthernetAddress
    /// Bytes of an IP packet that the device takes, at most.
    var deviceMTU: Int
    /// The secret key of stable identifiers: 16 random bytes, the same at every start of this host (RFC 7217).
    var identifierKey: (UInt64, UInt64)
    /// Whether routers are asked for and believed.
    var obeysRouters: Bool
  }

  /// Addresses at most, the link-local one among them; a prefix that comes when there are as many makes none.
  static let maximumAddressCount = 8
  /// Networks on the link at most, beside the link-local one.
  static let maximumNetworkCount = 8
  /// The shortest prefix that is believed to be on the link: a provider's whole allocation. By a shorter one, one forged
  /// advertisement would take every destination from the routers.
  static let minimumPrefixLength = 32
  /// Default routers at most (RFC 4861 §6.3.4: at least 2).
  static let maximumRouterCount = 4
  /// DNS servers at most that routers name (RFC 8106 §5.3.1: at least 3).
  static let maximumResolverCount = 3
  /// Probes before an address is used (RFC 4862 §5.1, DupAddrDetectTransmits).
  static let probeCount = 1
  /// How long a probe is waited for (RFC 4861 §10, RETRANS_TIMER), in nanoseconds as all.
  static let probeWait: UInt64 = 1_000_000_000
  /// How often another address is made in place of one that somebody has (RFC 7217 §7, IDGEN_RETRIES).
  static let maximumDuplicateCount: UInt8 = 3
  /// The first wait for a router; each following one is about twice as long (RFC 7559 §2).
  static let firstSolicitationWait: UInt64 = 4_000_000_000
  /// The longest wait for a router, on average.
  static let longestSolicitationWait: UInt64 = 3_600_000_000_000
  /// A router cannot shorten an address's life to less than this at once (RFC 4862 §5.5.3 e).
  static let shortestLifetime: UInt64 = 7_200_000_000_000
  /// How many hops our packets go, unless a router asks for more: less would only cut us off.
  static let defaultHopLimit: UInt8 = 64

  let configuration: Configuration
  let identifiers: StableIdentifier
  var numbers: KeyedNumbers
  /// Our addresses, the link-local one first.
  var addresses: [IPv6OwnAddress] = []
  /// The networks on the link, beside the link-local one.
  var networks: [IPv6Lease] = []
  /// The default routers, the one in use first.
  var routers: [IPv6Lease] = []
  /// The DNS servers that routers named.
  var resolvers: [IPv6Lease] = []
  /// How many hops our packets go.
  private(set) var hopLimit = Self.defaultHopLimit
  /// What routers limit packets to; the device's own limit otherwise.
  var maximumTransmissionUnit: Int
  /// When routers are asked for again; `never` when one is known, or none are wanted.
  var solicitationAt: Instant
  var solicitationWait: UInt64 = 0
  /// When `advance` is due.
  private(set) var nextDeadline: Instant
  /// Addresses that others had.
  var duplicateCount: UInt64 = 0
  /// Messages that said that another host has an address that is ours.
  var contestedCount: UInt64 = 0
  /// Advertisements of routers that were read.
  var advertisementCount: UInt64 = 0
  /// What routers said that found no place.
  var refusedCount: UInt64 = 0

  /// An interface that comes up at `now`, with 16 random bytes for this start. Call `advance` at once.
  init(_ configuration: Configuration, key: (UInt64, UInt64), at now: Instant) {
    self.configuration = configuration
    identifiers = StableIdentifier(key: configuration.identifierKey)
    numbers = KeyedNumbers(key: key)
    maximumTransmissionUnit = configuration.deviceMTU
    solicitationAt = configuration.obeysRouters ? now : .never
    nextDeadline = now
    addresses.add(newAddress(of: .linkLocal, origin: .linkLocal, at: now))
  }

  /// Adds an address that whoever configured this machine gave it, with its network and perhaps a router. Before the
  /// first `advance`. Traps when it is no host's.
  mutating func add(_ address: IPv6Address, in network: IPv6Network, gateway: IPv6Address?, at now: Instant) {
    precondition(address.isHost)
    addresses.add(
      IPv6OwnAddress(address: address, network: network, origin: .fixed, state: .tentative, probeAt: now))
    if network != .linkLocal { networks.add(IPv6Lease(network: network, until: .never)) }
    if let gateway {
      routers.add(IPv6Lease(network: IPv6Network(gateway, prefixLength: 128), until: .never))
    }
  }

  /// Does what is due at `now`; nothing before `nextDeadline`.
  mutating func advance(to now: Instant) -> [IPv6Action] {
    guard now >= nextDeadline else { return [] }
    var actions: [IPv6Action] = []
    advanceAddresses(to: now, &actions)
    advanceRouters(to: now, &actions)
    schedule()
    return actions
  }

  /// Sets `nextDeadline` after something changed.
  mutating func schedule() {
    var next = solicitationAt
    for address in addresses { next = min(next, address.nextDeadline) }
    for network in networks { next = min(next, network.until) }
    for router in routers { next = min(next, router.until) }
    for resolver in resolvers { next = min(next, resolver.until) }
    nextDeadline = next
  }

  /// Takes a router's word for how far packets must go, if it is more than we think.
  mutating func raiseHopLimit(to limit: UInt8) { hopLimit = max(Self.defaultHopLimit, limit) }

  // MARK: Questions

  /// Whether `address` is ours: packets to it are taken, and questions about it are answered.
  func has(_ address: IPv6Address) -> Bool {
    addresses.contains { $0.address == address && $0.isAssigned }
  }

  /// Whether packets to `group` are for us: those of every node, and of whoever has one of our addresses or will.
  func listens(to group: IPv6Address) -> Bool {
    group == .allNodes || addresses.contains { $0.address.solicitedNode == group }
  }

  /// Whether `address` is reached without a router.
  @inline(never)
  func isOnLink(_ address: IPv6Address) -> Bool {
    address.isLinkLocal || networks.contains { $0.network.contains(address) }
  }

  /// The neighbour that packets to `destination`, which is no group, go to; nil when there is no way.
  func nextHop(to destination: IPv6Address) -> IPv6Address? {
    isOnLink(destination) ? destination : routers.first?.address
  }
}
