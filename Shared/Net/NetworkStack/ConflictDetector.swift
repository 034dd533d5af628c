// RFC 5227 before changing this file.

import Platform
import Wire

/// Finds out whether another host on the link has our address, before we use it and while we do, and defends it.
///
/// One value for each address of an interface. It sends nothing: it says what to send, and both kinds of packet go to
/// everybody on the link (§1.1). Requests for the address are answered by the interface, while `isUsable`.
struct ConflictDetector {
  /// How an address comes into use.
  enum Start: Sendable {
    /// Asked about for 4 to 7 seconds before it is used (§2.1): for addresses from others, such as of DHCP.
    case probing
    /// Used and announced at once, for images whose address was assigned by whoever started them and which must serve
    /// within milliseconds. One probe goes with it, as hosts that ignore announcements answer that. Who is heard with
    /// the address before the last announcement had it first, and gets it.
    case optimistic
  }

  /// What happens when an address that was defended is in conflict again soon.
  enum Persistence: Sendable {
    /// It is given up (§2.4 b).
    case yielding
    /// It is kept, and defended at most once per `defendInterval` (§2.4 c): for hosts that others know by this
    /// address. Nor does it yield while it starts optimistically.
    case keeping
  }

  /// What the caller shall do.
  enum Action: Equatable, Sendable {
    /// Send this probe to everybody.
    case probe(ARPPacket)
    /// Send this announcement to everybody.
    case announce(ARPPacket)
    /// The address may be used from now on.
    case use
    /// Another host has the address too. It stays ours: send this announcement to everybody.
    case defend(ARPPacket, against: EthernetAddress)
    /// Another host has the address: stop using it, and tell people. Nothing follows.
    case giveUp(to: EthernetAddress)
  }

  /// Longest wait before the first probe (§1.1 PROBE_WAIT), in nanoseconds like all that follow.
  static let maximumProbeWait: UInt64 = 1_000_000_000
  /// Probes before an address is used (PROBE_NUM).
  static let probeCount = 3
  /// Shortest and longest time between probes (PROBE_MIN, PROBE_MAX).
  static let probeInterval: ClosedRange<UInt64> = 1_000_000_000...2_000_000_000
  /// From the last probe to the first announcement (ANNOUNCE_WAIT).
  static let announceWait: UInt64 = 2_000_000_000
  /// Announcements when an address comes into use (ANNOUNCE_NUM).
  static let announcementCount = 2
  /// Between announcements (ANNOUNCE_INTERVAL).
  static let announceInterval: UInt64 = 2_000_000_000
  /// At most one defence in this time (DEFEND_INTERVAL).
  static let defendInterval: UInt64 = 10_000_000_000
  /// Conflicts on an interface after which new addresses are tried slowly (MAX_CONFLICTS).
  static let maximumConflictCount = 10
  /// How slowly (RATE_LIMIT_INTERVAL).
  static let rateLimitInterval: UInt64 = 60_000_000_000

  private enum State {
    case probing(sent: Int)
    case starting
    case announcing(sent: Int)
    case inUse
    case givenUp
  }

  /// The address.
  let address: IPv4Address
  private let hardware: EthernetAddress
  private let start: Start
  private let persistence: Persistence
  /// 16 bits for the wait before the first probe and for each interval behind one.
  private let random: UInt64
  private var state: State
  /// When `advance` has to be called; `never` when only packets matter.
  private(set) var nextDeadline: Instant
  private var defendedAt: Instant?
  /// Packets that showed another host with the address.
  private(set) var conflictCount: UInt64 = 0

  /// A detector for `address` of the interface `hardware`; call `advance` at once. `random` is 64 random bits, so that
  /// hosts that start together do not probe together.
  init(
    address: IPv4Address, hardware: EthernetAddress, start: Start, persistence: Persistence, random: UInt64,
    at now: Instant
  ) {
    self.address = address
    self.hardware = hardware
    self.start = start
    self.persistence = persistence
    self.random = random
    switch start {
    case .probing:
      state = .probing(sent: 0)
      let wait = Self.fraction(random, 0, of: Self.maximumProbeWait)
      nextDeadline = now.advanced(byNanoseconds: wait)
    case .optimistic:
      state = .starting
      nextDeadline = now
    }
  }

  /// Whether the address may be used.
  var isUsable: Bool {
    switch state {
    case .announcing, .inUse: true
    case .probing, .starting, .givenUp: false
    }
  }

  /// How long to wait before another address is tried on an interface that saw `count` conflicts (§2.1.1).
  static func delay(afterConflicts count: Int) -> UInt64 {
    count < maximumConflictCount ? 0 : rateLimitInterval
  }

  /// What is to be done by `now`. Call it until it is nil, at the latest at `nextDeadline`.
  mutating func advance(to now: Instant) -> Action? {
    guard now >= nextDeadline else { return nil }
    switch state {
    case .probing(let sent) where sent < Self.probeCount:
      state = .probing(sent: sent + 1)
      let range = Self.probeInterval
      let wait =
        sent + 1 == Self.probeCount
        ? Self.announceWait
        : range.lowerBound + Self.fraction(random, sent + 1, of: range.upperBound - range.lowerBound)
      nextDeadline = now.advanced(byNanoseconds: wait)
      return .probe(packet(sender: .unspecified))
    case .probing:
      state = .announcing(sent: 0)
      return .use
    case .starting:
      state = .announcing(sent: -1)
      return .use
    case .announcing(let sent):
      state = .announcing(sent: sent + 1)
      if sent < 0 { return .probe(packet(sender: .unspecified)) }
      nextDeadline = now.advanced(byNanoseconds: Self.announceInterval)
      guard sent == Self.announcementCount - 1 else { return .announce(packet(sender: address)) }
      state = .inUse
      nextDeadline = .never
      return .announce(packet(sender: address))
    case .inUse, .givenUp:
      nextDeadline = .never
      return nil
    }
  }

  /// Looks at every ARP packet that arrives on the interface, whoever it is for (§2.1.1, §2.4).
  mutating func receive(_ packet: ARPPacket, at now: Instant) -> Action? {
    guard packet.senderHardware != hardware else { return nil }
    let claims = packet.sender == address
    switch state {
    case .givenUp: return nil
    case .probing, .starting:
      // Another host that probes for the same address is a conflict until one of both has it (§2.1.1).
      guard claims || packet.isProbe && packet.target == address else { return nil }
      return conflict(packet.senderHardware)
    case .announcing:
      guard claims else { return nil }
      if start == .optimistic && persistence == .yielding { return conflict(packet.senderHardware) }
      return defend(against: packet.senderHardware, at: now)
    case .inUse:
      guard claims else { return nil }
      return defend(against: packet.senderHardware, at: now)
    }
  }

  @inline(never)
  private mutating func conflict(_ other: EthernetAddress) -> Action {
    conflictCount += 1
    state = .givenUp
    nextDeadline = .never
    return .giveUp(to: other)
  }

  private mutating func defend(against other: EthernetAddress, at now: Instant) -> Action? {
    if let defendedAt, now < defendedAt.advanced(byNanoseconds: Self.defendInterval) {
      guard persistence == .keeping else { return conflict(other) }
      conflictCount += 1
      return nil
    }
    conflictCount += 1
    defendedAt = now
    return .defend(packet(sender: address), against: other)
  }

  /// A probe or an announcement: a request about the address, from nobody or from ourselves (§2.1.1, §2.3).
  private func packet(sender: IPv4Address) -> ARPPacket {
    ARPPacket(
      operation: .request, senderHardware: hardware, sender: sender, targetHardware: .zero, target: address)
  }

  /// The part of `whole` that 16 of the random bits say.
  private static func fraction(_ random: UInt64, _ index: Int, of whole: UInt64) -> UInt64 {
    (random >> UInt64(16 * index) & 0xffff) * whole / 0xffff
  }
}
