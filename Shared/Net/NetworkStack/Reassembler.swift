// RFC 791 §3.2, RFC 1122 §3.3.2, RFC 8200 §4.5, RFC 5722 and RFC 6864 before changing this file.

import Platform
import Wire

/// Why a fragment, or a datagram with all its fragments, was dropped. One counter each.
enum ReassemblyDrop: UInt8, CaseIterable, Sendable {
  /// Fragments overlap, or the same place came with other bytes (RFC 5722 §4 forbids it, RFC 1858 says why).
  case overlap
  /// A fragment of a datagram that was dropped for its faults.
  case ofDiscarded
  /// A fragment stands behind the last one, or there are two last ones.
  case contradiction
  /// Header and payload together exceed 65,535 bytes.
  case tooLong
  /// More fragments than `maximumFragmentCount`: they are too small.
  case tooManyFragments
  /// Some fragments say that routers on the way were congested, others that the sender does not care (RFC 3168 §5.3).
  case mixedCongestion
  /// The datagram made room for a newer one of the same source.
  case evictedBySource
  /// The datagram made room for a newer one of any source.
  case evicted
  /// The rest did not come in time.
  case timeout
  /// The same fragment once more. It does no harm.
  case duplicate
}

/// Puts packets of both families together from their fragments.
///
/// Memory is bounded for all packets and for each source, and is charged as it is allocated. A packet that needs room
/// gets it from the oldest incomplete one: of its own source when that holds its share, else of all. So a flood from
/// one source displaces only itself, and under a flood from many an honest packet is complete as long as its
/// fragments arrive before a whole cap's worth of others. Overlapping fragments discard the packet, also those of its
/// fragments that are still to come.
///
/// A packet waits 30 s for its fragments, from its first: as Linux does, less than the 60 s to 120 s of RFC 1122
/// §3.3.2 and the 60 s of RFC 8200 §4.5. Identifications of IPv4 come back sooner than that at today's rates, and fragments of different packets must not
/// meet (RFC 4963, RFC 6864 §3); and the fragments of a packet are milliseconds apart or lost.
///
/// Allocates when fragments come only; while memory grows and when a packet is complete, it is there twice for a moment
/// (at most 72 KB more). Cost of a fragment: a search through at most `maximumDatagramCount` keys and
/// `maximumFragmentCount` places, and one copy; one more copy when the packet is complete.
struct Reassembler: ~Copyable {
  /// How long a packet waits for its fragments, in nanoseconds.
  static let timeout: UInt64 = 30_000_000_000
  /// Fragments of a packet at most: enough for 65,535 bytes over links of 576 (RFC 791).
  static let maximumFragmentCount = 128
  /// Bytes allocated for all incomplete packets at most.
  static let defaultByteLimit = 512 << 10
  /// Incomplete packets at most.
  static let maximumDatagramCount = 64
  /// Incomplete packets of one source at most.
  static let maximumDatagramCountPerSource = 16

  /// Incomplete packets, oldest first; so the first has the next deadline.
  private var datagrams: [PartialDatagram] = []
  private var drops = InlineArray<10, UInt64>(repeating: 0)
  private let byteLimit: Int
  private let byteLimitPerSource: Int
  /// Bytes allocated for incomplete packets now.
  private(set) var byteCount = 0
  /// Packets put together.
  private(set) var completedCount: UInt64 = 0

  /// A reassembler of no packets. One source may use a quarter of `byteLimit`. Traps when that is not enough for a
  /// packet of 65,535 bytes.
  init(byteLimit: Int = defaultByteLimit) {
    self.byteLimit = byteLimit
    byteLimitPerSource = byteLimit / 4
    precondition(byteLimitPerSource >= PartialDatagram.maximumByteCount, "no room for the longest packet")
  }

  /// Incomplete packets, with those whose remaining fragments are to be dropped.
  var datagramCount: Int { datagrams.count }
  /// When `nextExpired` has to be called.
  var nextDeadline: Instant { datagrams.first?.deadline ?? .never }
  /// How many fragments or packets were dropped, and why.
  func count(of drop: ReassemblyDrop) -> UInt64 { drops[Int(drop.rawValue)] }

  /// Takes a fragment; returns the packet when it is complete. `isLinkGroup` says that it came in a broadcast or
  /// multicast frame. What is refused is counted.
  mutating func insert(
    _ fragment: borrowing Fragment, isLinkGroup: Bool, at now: Instant
  ) -> ReassembledPacket? {
    let source = fragment.key.source
    let datagram: PartialDatagram
    if let known = find(fragment.key) {
      datagram = known
    } else {
      makePlace(for: source)
      datagram = PartialDatagram(fragment.key, until: now.advanced(byNanoseconds: Self.timeout))
      datagrams.append(datagram)
      byteCount += PartialDatagram.emptyByteCount
    }
    switch datagram.check(fragment) {
    case .take: break
    case .ignore(let drop):
      drops[Int(drop.rawValue)] += 1
      return nil
    case .discard(let drop):
      drops[Int(drop.rawValue)] += 1
      byteCount -= datagram.discard()
      return nil
    }
    makeRoom(datagram.growth(for: fragment), for: datagram, of: source)
    byteCount += datagram.append(fragment, isLinkGroup: isLinkGroup)
    guard datagram.isComplete else { return nil }
    byteCount -= datagram.byteCount
    // Its place may have changed, as older ones made room.
    if let index = datagrams.firstIndex(where: { $0 === datagram }) { datagrams.remove(at: index) }
    switch datagram.assembled() {
    case .packet(let packet):
      completedCount += 1
      return packet
    case .drop(let drop):
      drops[Int(drop.rawValue)] += 1
      return nil
    }
  }

  /// Drops packets whose time is up at `now`. Returns the first fragment, as it came, of one of them: for ICMP time
  /// exceeded (code 1), which is sent about first fragments only (RFC 792, RFC 8200 §4.5). Call it until it is nil, at the latest at
  /// `nextDeadline`.
  mutating func nextExpired(at now: Instant) -> ReassembledPacket? {
    while let datagram = datagrams.first, now >= datagram.deadline {
      datagrams.remove(at: 0)
      byteCount -= datagram.byteCount
      guard !datagram.isDiscarded else { continue }
      drops[Int(ReassemblyDrop.timeout.rawValue)] += 1
      if let first = datagram.firstFragment() { return first }
    }
    return nil
  }

  private func find(_ key: FragmentKey) -> PartialDatagram? {
    for datagram in datagrams where datagram.key == key { return datagram }
    return nil
  }

  /// Makes one more packet possible, by the limits of counts.
  private mutating func makePlace(for source: IPv6Address) {
    var count = 0
    for datagram in datagrams where datagram.key.source == source { count += 1 }
    if count >= Self.maximumDatagramCountPerSource {
      evict(.evictedBySource, of: source)
    } else if datagrams.count >= Self.maximumDatagramCount {
      evict(.evicted)
    }
  }

  /// Makes `additional` bytes possible, by the limits of bytes. That succeeds, as any one packet fits.
  private mutating func makeRoom(_ additional: Int, for datagram: PartialDatagram, of source: IPv6Address) {
    guard additional > 0 else { return }
    var held = 0
    for other in datagrams where other.key.source == source { held += other.byteCount }
    while held + additional > byteLimitPerSource {
      held -= evict(.evictedBySource, of: source, sparing: datagram)
    }
    while byteCount + additional > byteLimit { evict(.evicted, sparing: datagram) }
  }

  /// Drops the oldest packet, when it is said the oldest of `source`, but never `spared`; returns the bytes that came
  /// free. Traps when there is none.
  @inline(never) @discardableResult
  private mutating func evict(
    _ drop: ReassemblyDrop, of source: IPv6Address? = nil, sparing spared: PartialDatagram? = nil
  ) -> Int {
    for index in datagrams.indices where datagrams[index] !== spared {
      if let source, datagrams[index].key.source != source { continue }
      let freed = datagrams.remove(at: index).byteCount
      byteCount -= freed
      drops[Int(drop.rawValue)] += 1
      return freed
    }
    preconditionFailure("nothing to evict")
  }
}
