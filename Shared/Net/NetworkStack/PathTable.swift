// RFC 1191 §6.3 and RFC 8201 §5.3 before changing this file.

import Platform
import Wire

/// The paths that take less than both their ends: what connections found out, for those that come after them. Bounded,
/// and each is forgotten after ten minutes, as it may take more by then.
struct PathTable {
  /// Destinations at most; beyond it the one found longest ago is forgotten.
  static let maximumCount = 64
  /// How long something found is believed, in nanoseconds.
  static let lifetime: UInt64 = 600_000_000_000

  private struct Entry {
    let destination: IPv6Address
    let segmentByteCount: Int
    let until: Instant
  }

  /// In the order they were found, and so of their ends.
  private var entries: [Entry] = []

  /// Destinations that are known.
  var count: Int { entries.count }
  /// When `nextExpired` has something to say.
  var deadline: Instant { entries.first?.until ?? .never }

  /// The path to `destination` takes segments of `segmentByteCount` bytes of payload without options.
  mutating func note(_ destination: IPv6Address, segmentByteCount: Int, at now: Instant) {
    entries.removeAll { $0.destination == destination }
    if entries.count >= Self.maximumCount { entries.removeFirst() }
    entries.append(
      Entry(
        destination: destination, segmentByteCount: segmentByteCount,
        until: now.advanced(byNanoseconds: Self.lifetime)))
  }

  /// What was found of the path to `destination`; nil when nothing was.
  func segmentByteCount(to destination: IPv6Address) -> Int? {
    for entry in entries where entry.destination == destination { return entry.segmentByteCount }
    return nil
  }

  /// Forgets a path whose time is up and returns its destination. Call it until it is nil.
  mutating func nextExpired(at now: Instant) -> IPv6Address? {
    guard let first = entries.first, first.until <= now else { return nil }
    entries.removeFirst()
    return first.destination
  }
}
