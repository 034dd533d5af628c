// RFC 4862 §5 and RFC 4861 §6.3 before changing this file.

import Platform
import Wire

/// What the owner of an `Autoconfiguration` does, in this order.
enum IPv6Action: Equatable, Sendable {
  /// Send this: a probe for an address, or its announcement.
  case send(NeighbourMessage)
  /// Ask for routers.
  case solicit(RouterSolicitation)
  /// The address can be used from now on.
  case configure(IPv6Address)
  /// The address is no longer ours: connections from it end.
  case deconfigure(IPv6Address)
  /// Another host has the address, so that it did not become ours, or is ours no more. After its `deconfigure`.
  case duplicate(IPv6Address)
  /// Packets of at most this many bytes may be sent on the link.
  case limitPackets(byteCount: Int)
  /// The `namedResolvers` may be asked, and no others that routers named before.
  case useResolvers
}

extension [IPv6Action] {
  /// As `append`, whose code would stand at every place.
  @inline(never)
  mutating func add(_ action: IPv6Action) { append(action) }
}

/// An address of an interface.
struct IPv6OwnAddress: Equatable, Sendable {
  /// Where it comes from.
  enum Origin: Equatable, Sendable {
    /// Made by us, for the link.
    case linkLocal
    /// From whoever configured this machine.
    case fixed
    /// Made by us, of a prefix that a router advertised.
    case router
  }

  /// What can be done with it (RFC 4862 §2).
  enum State: Equatable, Sendable {
    /// Nothing yet: others are asked whether they have it.
    case tentative
    /// Everything, while others are asked still (RFC 4429): of fixed ones.
    case optimistic
    /// Everything.
    case preferred
    /// It goes on for what uses it, and is used for new things when there is no other.
    case deprecated
  }

  /// The address.
  let address: IPv6Address
  /// Its network.
  let network: IPv6Network
  /// Where it comes from.
  let origin: Origin
  /// What can be done with it.
  var state: State
  /// When it becomes deprecated.
  var preferredUntil = Instant.never
  /// When it goes.
  var validUntil = Instant.never
  /// When its next probe is due, or all were sent and nobody answered; `never` when that is over.
  var probeAt: Instant
  /// Probes that were sent.
  var probeCount = 0
  /// What tells its probe from another host's (RFC 7527).
  var nonce: UInt64 = 0
  /// Addresses that others had before this one was made (RFC 7217 §5, DAD_Counter).
  var duplicateCount: UInt8 = 0

  /// Whether it is ours: questions about it are answered, and packets to it are taken.
  var isAssigned: Bool { state != .tentative }

  /// Takes its lifetimes, which a router names anew.
  mutating func live(preferredUntil: Instant, validUntil: Instant, at now: Instant) {
    self.preferredUntil = preferredUntil
    self.validUntil = validUntil
    if state == .deprecated, now < preferredUntil { state = .preferred }
  }

  /// Becomes deprecated when its time has come.
  mutating func age(to now: Instant) {
    if now >= preferredUntil, isAssigned { state = .deprecated }
  }

  /// When something changes by itself.
  var nextDeadline: Instant {
    min(probeAt, min(validUntil, state == .preferred || state == .optimistic ? preferredUntil : .never))
  }
}

/// Something that a router said and that ends: a network on the link, a router, a DNS server. One type for all, as code
/// for each would be there three times.
struct IPv6Lease: Equatable, Sendable {
  /// The network; of a router or server with all 128 bits.
  let network: IPv6Network
  /// When it ends.
  var until: Instant
  /// Which of several is rather used: higher is better (RFC 4191).
  var preference = 0

  /// The router or server.
  var address: IPv6Address { network.address }
}

// As `append`, whose code would stand at every place.

extension [IPv6Lease] {
  @inline(never)
  mutating func add(_ lease: IPv6Lease) { append(lease) }
}

extension [IPv6OwnAddress] {
  @inline(never)
  mutating func add(_ address: IPv6OwnAddress) { append(address) }
}

extension Instant {
  /// The moment at which a lifetime of `seconds` that begins now ends; all ones mean never (RFC 4861 §4.6.2).
  @inline(never)
  func end(ofSeconds seconds: UInt32) -> Instant {
    seconds == .max ? .never : advanced(byNanoseconds: UInt64(seconds) * 1_000_000_000)
  }
}
