// RFC 1191 §6.3 and RFC 8201 §5.3 before changing this file.

import Platform
import Wire

/// The paths that take less than both their ends: what connections found out, for those that come after them. Bounded,
/// and each is forgotten after ten minutes, as it may take more by then.
struct PathTable {
  /// Destinations at most; beyond it the one found longest ago is forgotten.
  static let maximumCount = 32
  /// How long something found is believed, in nanoseconds.
  static let lifetime: UInt64 = 600_000_000_000

  private struct Entry {
    var destination: IPv6Address
    /// 0 in a place that is free, which thereby is older than any other.
    var until: Instant
    var segmentByteCount: Int

    var isFree: Bool { until.nanoseconds == 0 }
  }

  private var entries = InlineArray<32, Entry>(
    repeating: Entry(
      destination: .unspecified, until: Instant(nanoseconds: 0), segmentByteCount: 0))
  /// Destinations that are known.
  private(set) var count = 0

  /// Where `destination` stands; nil when nothing is known of it.
  private func index(of destination: IPv6Address) -> Int? {
    for index in entries.indices where entries[index].destination == destination && !entries[index].isFree {
      return index
    }
    return nil
  }

  /// A free place, or that of the one found longest ago.
  private var oldest: Int {
    var oldest = 0
    for index in entries.indices where entries[index].until < entries[oldest].until { oldest = index }
    return oldest
  }

  /// When `nextExpired` has something to say.
  var deadline: Instant {
    var deadline = Instant.never
    for index in entries.indices where !entries[index].isFree {
      deadline = min(deadline, entries[index].until)
    }
    return deadline
  }

  /// The path to `destination` takes segments of `segmentByteCount` bytes of payload without options.
  mutating func note(_ destination: IPv6Address, segmentByteCount: Int, at now: Instant) {
    let place = index(of: destination) ?? oldest
    if entries[place].isFree { count += 1 }
    entries[place] = Entry(
      destination: destination, until: now.advanced(byNanoseconds: Self.lifetime),
      segmentByteCount: segmentByteCount)
  }

  /// What was found of the path to `destination`; nil when nothing was.
  func segmentByteCount(to destination: IPv6Address) -> Int? {
    guard let index = index(of: destination) else { return nil }
    return entries[index].segmentByteCount
  }

  /// Forgets a path whose time is up and returns its destination. Call it until it is nil.
  mutating func nextExpired(at now: Instant) -> IPv6Address? {
    for index in entries.indices where !entries[index].isFree && entries[index].until <= now {
      entries[index].until = Instant(nanoseconds: 0)
      count -= 1
      return entries[index].destination
    }
    return nil
  }
}
