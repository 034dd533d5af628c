// RFC 5681 §3.1 and RFC 9406 before changing this file.

/// Slow start, of all algorithms: the window grows by what is acknowledged, up to ssthresh. The first time, when that is
/// not known, HyStart++ looks for its end: when round trips become longer, the queue of the path fills, and the window
/// grows by a quarter of that for some rounds before it is enough (Conservative Slow Start). Without that, twice what
/// the path holds would be under way when the first loss is noticed, and half of it lost.
struct SlowStart {
  /// MIN_RTT_THRESH and MAX_RTT_THRESH, in microseconds (§4.3).
  private static let (minimumRise, maximumRise): (UInt32, UInt32) = (4_000, 16_000)
  /// N_RTT_SAMPLE.
  private static let sampleCount: UInt8 = 8
  /// CSS_GROWTH_DIVISOR.
  private static let conservativeDivisor = 4
  /// CSS_ROUNDS.
  private static let conservativeRounds: UInt8 = 5

  /// ssthresh; the largest number while it is not known.
  var threshold: Int {
    @inline(__always) get { known == .max ? .max : Int(known) }
    set { known = Int32(clamping: newValue) }
  }
  private var known = Int32.max
  /// What is to be acknowledged until the round trip ends: the window at its beginning.
  private var remaining: Int32 = 0
  /// The shortest round trips of the last round and of this one, and of the one in which they became longer, in
  /// microseconds; the largest number when there is none.
  private var last = UInt32.max
  private var current = UInt32.max
  private var baseline = UInt32.max
  /// Round trips measured in this round.
  private var measured: UInt8 = 0
  /// Rounds until it is enough; 0 while round trips are as short as ever.
  private var roundsLeft: UInt8 = 0

  /// What `window` becomes when `byteCount` bytes are acknowledged; L is what was acknowledged, as one ACK may tell of a
  /// batch of our driver (RFC 3465 §2.3). `roundTrip`: of the latest of them in nanoseconds, 0 when not measured.
  mutating func grow(_ window: Int, by byteCount: Int, roundTrip: UInt64) -> Int {
    guard known == .max else { return min(window + byteCount, max(threshold, window)) }
    if roundTrip > 0 { measure(UInt32(clamping: roundTrip / 1000)) }
    let grown = window + (roundsLeft > 0 ? byteCount / Self.conservativeDivisor : byteCount)
    remaining -= Int32(byteCount)
    if remaining <= 0 { endRound(grown) }
    return grown
  }

  private mutating func measure(_ roundTrip: UInt32) {
    current = min(current, roundTrip)
    if measured < Self.sampleCount { measured += 1 }
    guard measured == Self.sampleCount else { return }
    if roundsLeft > 0 {
      // They are short again: it was not our queue.
      if current < baseline { roundsLeft = 0 }
    } else if last != .max, current >= last + max(Self.minimumRise, min(last / 8, Self.maximumRise)) {
      baseline = current
      roundsLeft = Self.conservativeRounds
    }
  }

  private mutating func endRound(_ window: Int) {
    remaining = Int32(clamping: window)
    last = current
    current = .max
    measured = 0
    guard roundsLeft > 0 else { return }
    roundsLeft -= 1
    if roundsLeft == 0 { threshold = window }
  }
}
