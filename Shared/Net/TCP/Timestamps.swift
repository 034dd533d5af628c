// RFC 7323 §3 to §5 before changing this file.

import Platform
import Wire

/// The timestamps of a connection on which both ends agreed.
struct Timestamps {
  /// Added to our clock, so that it does not tell how long this machine has been up.
  let offset: UInt32
  /// TS.Recent: the peer's clock, to be echoed.
  private(set) var recent: UInt32 = 0
  /// When it was taken.
  private var recentAt = Instant(nanoseconds: 0)

  /// After this long without a segment TS.Recent may have wrapped and says nothing (§5.5).
  static let lifetime: UInt64 = 24 * 24 * 3600 * 1_000_000_000

  init(offset: UInt32) { self.offset = offset }

  /// TSval: milliseconds of our clock.
  func value(at now: Instant) -> UInt32 { UInt32(truncatingIfNeeded: now.nanoseconds / 1_000_000) &+ offset }

  /// What goes into a segment.
  func option(at now: Instant) -> TCPTimestamps { TCPTimestamps(value: value(at: now), echo: recent) }

  /// Whether a segment with `value` comes from before the last one (§5.3 R1).
  func isOld(_ value: UInt32, at now: Instant) -> Bool {
    Int32(truncatingIfNeeded: value &- recent) < 0 && now.nanoseconds - recentAt.nanoseconds < Self.lifetime
  }

  /// A segment that is not old and includes or precedes the last byte we acknowledged carried `value` (§4.3).
  mutating func take(_ value: UInt32, at now: Instant) {
    recent = value
    recentAt = now
  }

  /// How long ago we sent `echo`, in nanoseconds; nil when that cannot be.
  func roundTrip(_ echo: UInt32, at now: Instant) -> UInt64? {
    let milliseconds = value(at: now) &- echo
    return milliseconds < 600_000 ? UInt64(milliseconds) * 1_000_000 : nil
  }
}
