// RFC 6928 §2, RFC 5681 §4.1 and RFC 9002 §7.7 before changing this file.

import Platform

/// Pacing of bursts: what the window has room for goes out at once only up to ten segments, or a millisecond's
/// worth; more, as after a pause, a stretch ACK or a repair, at two windows for each round trip, so that a queue on the
/// path need not take all of it. Steady ACKs never let out that much, so they need no timer; nor does a path shorter
/// than `shortestPacedRoundTrip`, where a window is a burst anyway, and one that no timer could cut.
extension Connection {
  static let shortestPacedRoundTrip: UInt64 = 2_000_000
  /// How long to wait when a burst is cut, at least: what has become due by then goes out together.
  static let pacingInterval: UInt64 = 1_000_000
  /// Segments that may go out at once.
  static let burstSegmentCount = 10

  /// The smoothed round trip of a path that is paced; else nil.
  private var pacedRoundTrip: UInt64? {
    @inline(__always) get {
      guard let smoothed = retransmission.smoothed, smoothed >= Self.shortestPacedRoundTrip else {
        return nil
      }
      return smoothed
    }
  }

  /// When a burst that was cut goes on; `.never` while none waits.
  var paceAt: Instant {
    @inline(__always) get {
      isPacing ? paidUntil.advanced(byNanoseconds: Self.pacingInterval) : .never
    }
  }

  /// How much of `byteCount` new bytes may go out now, in one large segment; 0 when they have to wait.
  mutating func paced(_ byteCount: Int, at now: Instant) -> Int {
    isPacing = false
    guard let roundTrip = pacedRoundTrip else { return byteCount }
    if paidUntil >= now {
      isPacing = true
      return 0
    }
    let burst = Self.burstSegmentCount * segmentByteCount
    if byteCount <= burst { return byteCount }
    let due = 2 * congestion.window * Int(Self.pacingInterval) / Int(roundTrip)
    return min(byteCount, max(burst, due - due % segmentByteCount))
  }

  /// `byteCount` new bytes went out.
  mutating func didPace(_ byteCount: Int, at now: Instant) {
    guard let roundTrip = pacedRoundTrip else { return }
    // Nanoseconds for each byte, times 1024.
    let price = (roundTrip << 9) / UInt64(max(1, congestion.window))
    let credit = max(
      Self.pacingInterval, UInt64(Self.burstSegmentCount) * ((price * UInt64(segmentByteCount)) >> 10))
    let earliest = Instant(nanoseconds: now.nanoseconds - min(now.nanoseconds, credit))
    paidUntil = max(paidUntil, earliest).advanced(byNanoseconds: (price * UInt64(byteCount)) >> 10)
  }
}
