// RFC 1812 §4.3.2.8 before changing this file.

import Platform

/// A limit on how often something may be done: a number at once, and a rate after that. For what others can make us
/// send: ICMP errors, echo replies, ARP replies.
///
/// Kept as one moment (the "virtual scheduling" of ITU-T I.371), so that asking costs 19 instructions, and a
/// bucket that nobody asks needs no timer. (`valgrind --tool=callgrind`, release, 2026-11-25, Swift 6.3.1.)
struct TokenBucket {
  /// How many may be done at once after a pause.
  let burst: Int
  private let intervalNanoseconds: UInt64
  /// How far ahead of the clock `fullAt` may be for one more to be allowed.
  private let toleranceNanoseconds: UInt64
  /// When the bucket will be full again.
  private var fullAt = Instant(nanoseconds: 0)
  /// How many were refused.
  private(set) var refusedCount: UInt64 = 0

  /// A full bucket. Traps when `burst` is less than 1, or `perSecond` outside 1...1,000,000.
  init(burst: Int, perSecond: Int) {
    precondition(burst >= 1 && burst <= 1_000_000)
    precondition(perSecond >= 1 && perSecond <= 1_000_000)
    self.burst = burst
    intervalNanoseconds = 1_000_000_000 / UInt64(perSecond)
    toleranceNanoseconds = intervalNanoseconds * UInt64(burst - 1)
  }

  /// Whether one more may be done now; when so, it counts as done.
  @inline(never)
  mutating func take(at now: Instant) -> Bool {
    let start = fullAt < now ? now : fullAt
    guard start.nanoseconds - now.nanoseconds <= toleranceNanoseconds else {
      refusedCount += 1
      return false
    }
    fullAt = start.advanced(byNanoseconds: intervalNanoseconds)
    return true
  }
}
