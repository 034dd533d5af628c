// RFC 826, RFC 1122 §2.3.2, RFC 4861 §7.3 and RFC 6583 before changing this file.

import Platform
import Wire

/// The hardware addresses of the hosts on a link, found by ARP and by IPv6's neighbour discovery. One value for each
/// interface, and one copy of code: an IPv4 neighbour has its mapped address, which says how it is asked for.
///
/// Entries are made by our own lookups, and by requests for our address, as whoever asks will be answered (RFC 826,
/// RFC 4861 §7.2.3), and by routers. Nothing else that is heard makes an entry; it can only change one. Entries that were used lately are never pushed
/// out, neither by lookups that a scan provokes nor by made-up senders. Requests go out at most once a second for each
/// address and, as only `maximumIncompleteCount` addresses are asked for at a time, at most that often in all.
///
/// Cost of a lookup of a known neighbour: 58 instructions, and a search through the entries when the last lookup with
/// the same place in `front` was another's. No allocation.
/// (`valgrind --tool=callgrind`, release, 2026-11-28, Swift 6.3.1.)
struct NeighbourCache: ~Copyable {
  /// What a lookup finds.
  enum Lookup: Equatable, Sendable {
    /// Send it there.
    case known(EthernetAddress)
    /// Not known yet: `hold` the packet, and send a broadcast request now when `request` says so.
    case pending(request: Bool)
    /// It did not answer lately, or too many are asked for: the host is unreachable for now.
    case failed
  }

  /// What time asks for.
  enum Event: Equatable, Sendable {
    /// Send a request for the address, which is a mapped form when ARP asks: to `hardware` alone, or to everybody (of
    /// IPv6 to the solicited-node group) when nil.
    case request(IPv6Address, to: EthernetAddress?)
    /// Nobody has the address. The packets held for it are given back, for whoever waits for their fate.
    case unreachable(IPv6Address, held: [[UInt8]])
  }

  /// Neighbours at most.
  static let maximumCount = 256
  /// Neighbours that are being asked for at most.
  static let maximumIncompleteCount = 64
  /// How long an answer is believed (RFC 4861 §10: 30 s; RFC 1122 §2.3.2.1: about a minute), in nanoseconds as all.
  static let reachableTime: UInt64 = 60_000_000_000
  /// How long TCP has to confirm a stale neighbour before it is asked (RFC 4861 §10, DELAY_FIRST_PROBE_TIME).
  static let delayTime: UInt64 = 5_000_000_000
  /// At most one request for an address in this time (RFC 1122 §2.3.2.1).
  static let requestInterval: UInt64 = 1_000_000_000
  /// Requests before a neighbour is given up (RFC 4861 §10).
  static let maximumRequestCount = 3
  /// How long a neighbour that did not answer is not asked for again.
  static let failureTime: UInt64 = 5_000_000_000
  /// How long an unused neighbour's hardware address is worth a try before everybody is asked.
  static let staleTime: UInt64 = 600_000_000_000
  /// A neighbour looked up within this time is in use, and keeps its entry.
  static let useTime: UInt64 = 60_000_000_000
  /// A hardware address that changed does not change again within this time, so that two hosts with one address do
  /// not take turns.
  static let changeInterval: UInt64 = 1_000_000_000

  /// In no order, so that the last can take a removed one's place.
  var entries: [Neighbour] = []
  /// Where in `entries` the last lookup of an address with this hash found it; a hint that may be wrong.
  private var front = InlineArray<64, UInt16>(repeating: 0)
  private var held = HeldPackets()
  var incompleteCount = 0
  /// When `advance` has to be called; may be early, is never late.
  private(set) var nextDeadline = Instant.never
  /// Neighbours that did not answer.
  var failedCount: UInt64 = 0
  /// Lookups and senders that found no place.
  var refusedCount: UInt64 = 0
  /// Neighbours whose hardware address changed.
  var changedCount: UInt64 = 0
  /// Changes that came too soon after another.
  var refusedChangeCount: UInt64 = 0

  /// An empty cache.
  init() {}

  /// Neighbours.
  var count: Int { entries.count }
  /// Packets held for neighbours.
  var heldCount: Int { held.count }
  /// Bytes of them.
  var heldByteCount: Int { held.byteCount }
  /// Held packets that made room for others, or whose neighbour did.
  private(set) var droppedHeldCount: UInt64 = 0

  /// How sure we are of a neighbour; nil when nothing is known.
  func state(of address: IPv6Address) -> Neighbour.State? {
    entries.first { $0.address == address }?.state
  }

  /// Where packets to `address` go.
  @inline(__always)
  mutating func lookup(_ address: IPv6Address, at now: Instant) -> Lookup {
    let index = Int(front[Self.place(address)])
    if index < entries.count, entries[index].address == address, now < entries[index].trustedUntil {
      entries[index].usedAt = now
      return .known(entries[index].hardware)
    }
    return lookupSlowly(address, at: now)
  }

  /// Keeps a copy of an IP packet for a neighbour that is `pending`. It is given back by `receive` or `advance`. Its
  /// checksums must be whole: what a device would have finished is lost.
  mutating func hold(_ packet: RawSpan, for address: IPv6Address) {
    guard let index = find(address), entries[index].state == .incomplete else {
      droppedHeldCount += 1
      return
    }
    let before = held.droppedCount
    held.hold(packet, for: address)
    droppedHeldCount += held.droppedCount - before
  }

  /// A layer above heard from the neighbour what only an answer to us can be, such as an acknowledgment of new data
  /// (RFC 4861 §7.3.1). Cost: as of a lookup.
  mutating func confirm(_ address: IPv6Address, at now: Instant) {
    guard let index = find(address), entries[index].isResolved else { return }
    let deadline = now.advanced(byNanoseconds: Self.reachableTime)
    guard entries[index].state == .reachable else { return enter(.reachable, index, until: deadline) }
    entries[index].deadline = deadline
    entries[index].trustedUntil = deadline
  }

  /// What is to be done by `now`. Call it until it is nil, at the latest at `nextDeadline`.
  mutating func advance(to now: Instant) -> Event? {
    guard now >= nextDeadline else { return nil }
    var index = 0
    var next = Instant.never
    while index < entries.count {
      if entries[index].state.isTimed {
        if now >= entries[index].deadline {
          if let event = timeout(index, at: now) { return event }
          // Its place is another's now, or its state has no timer.
          continue
        }
        next = min(next, entries[index].deadline)
      }
      index += 1
    }
    nextDeadline = next
    return nil
  }

  /// Forgets all neighbours, and the packets held for them: the interface went down, or has another address.
  mutating func removeAll() {
    droppedHeldCount += UInt64(held.count)
    held = HeldPackets()
    entries = []
    incompleteCount = 0
    nextDeadline = .never
  }

  // MARK: Entries

  @inline(__always)
  private static func place(_ address: IPv6Address) -> Int {
    // The upper bits of a product with an odd constant near 2^64 / golden ratio (Knuth, volume 3, §6.4). A host's
    // addresses of several prefixes may have one identifier.
    Int(((address.low ^ address.high) &* 0x9e37_79b9_7f4a_7c15) >> 58)
  }

  /// The entry of an address, remembered for the next lookup.
  mutating func find(_ address: IPv6Address) -> Int? {
    let place = Self.place(address)
    let hint = Int(front[place])
    if hint < entries.count, entries[hint].address == address { return hint }
    for index in entries.indices where entries[index].address == address {
      front[place] = UInt16(index)
      return index
    }
    return nil
  }

  /// Changes a state, with what follows from it.
  mutating func enter(_ state: Neighbour.State, _ index: Int, until deadline: Instant) {
    if entries[index].state == .incomplete { incompleteCount -= 1 }
    if state == .incomplete { incompleteCount += 1 }
    entries[index].enter(state, until: deadline)
    if state.isTimed { nextDeadline = min(nextDeadline, deadline) }
  }

  /// Removes an entry; the last one takes its place. What was held for it is lost.
  mutating func remove(_ index: Int) {
    if entries[index].state == .incomplete {
      incompleteCount -= 1
      droppedHeldCount += UInt64(held.take(for: entries[index].address).count)
    }
    let last = entries.removeLast()
    if index < entries.count { entries[index] = last }
  }

  /// Counts a request that is about to be sent.
  mutating func ask(_ index: Int, at now: Instant) {
    let deadline = now.advanced(byNanoseconds: Self.requestInterval)
    entries[index].ask(at: now, until: deadline)
    nextDeadline = min(nextDeadline, deadline)
  }

  /// Hands out what was held.
  mutating func takeHeld(for address: IPv6Address) -> [[UInt8]] { held.take(for: address) }
}
