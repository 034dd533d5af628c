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
    /// `.never` in a place that is free.
    var until: Instant
    var segmentByteCount: Int
  }

  private var entries = InlineArray<32, Entry>(
    repeating: Entry(destination: IPv6Address(high: 0, low: 0), until: .never, segmentByteCount: 0))
  /// Destinations that are known.
  private(set) var count = 0

  /// Where `destination` stands; nil when nothing is known of it.
  private func index(of destination: IPv6Address) -> Int? {
    for index in entries.indices
    where entries[index].destination == destination && entries[index].until != .never { return index }
    return nil
  }

  /// The one found longest ago.
  private var oldest: Int {
    var oldest = 0
    for index in entries.indices where entries[index].until < entries[oldest].until { oldest = index }
    return oldest
  }

  /// When `nextExpired` has something to say.
  var deadline: Instant { entries[oldest].until }

  /// The path to `destination` takes segments of `segmentByteCount` bytes of payload without options.
  mutating func note(_ destination: IPv6Address, segmentByteCount: Int, at now: Instant) {
    var place = index(of: destination)
    if place == nil, count < Self.maximumCount {
      for index in entries.indices where entries[index].until == .never { place = index }
      count += 1
    }
    entries[place ?? oldest] = Entry(
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
    let index = oldest
    guard count > 0, entries[index].until <= now else { return nil }
    entries[index].until = .never
    count -= 1
    return entries[index].destination
  }
}
