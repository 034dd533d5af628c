// RFC 9438 before changing this file.

import Platform

/// CUBIC: the window grows as a cubic function of the time since it was last reduced, slowly around the size at which
/// the loss was and fast away from it. Integers only: bytes, milliseconds.
struct Cubic {
  /// Milliseconds from the plateau after which the curve is not followed any further: no path is that steady, and the
  /// third power must fit.
  private static let maximumDistance = 1_000_000

  /// W_max: where the curve is flat. 0 before anything was lost.
  private(set) var plateau = 0
  /// When an ACK last came.
  private var acknowledgedAt = Instant(nanoseconds: 0)
  /// The stage of congestion avoidance, when `isInStage`.
  private var stage = Stage(began: Instant(nanoseconds: 0), renoWindow: 0, plateauAfter: 0)
  /// W_max before the window was last reduced, for when that was for nothing (§4.9).
  private var plateauBefore: Int32 = 0
  private var isInStage = false
  private var wasInStage = false
  /// Whether the next stage is the first after an RTO, which knows of no plateau (§4.8).
  private var forgetsPlateau = false

  /// What is known since congestion avoidance began (§4.1.2).
  private struct Stage {
    /// t_epoch, moved on by the time in which the window was not used.
    var began: Instant
    /// W_est: what Reno's window would be.
    var renoWindow: Int
    /// What growth left over that is less than a byte: times the window.
    var growthRemainder = 0
    var renoRemainder = 0
    /// K, in milliseconds: from the beginning to the plateau.
    var plateauAfter: Int32
  }

  /// An ACK came. Time in which the program was what limits does not count (§5.8).
  mutating func pass(to now: Instant, counts: Bool) {
    if !counts {
      stage.began = stage.began.advanced(byNanoseconds: now.nanoseconds - acknowledgedAt.nanoseconds)
    }
    acknowledgedAt = now
  }

  /// What `window` becomes when `byteCount` bytes are acknowledged; `windowBefore` is cwnd_prior, `smoothed` SRTT in
  /// nanoseconds.
  mutating func grow(
    _ window: Int, by byteCount: Int, segment: Int, windowBefore: Int, smoothed: UInt64, at now: Instant
  ) -> Int {
    if !isInStage { beginStage(window, segment: segment, at: now) }
    // §4.3: W_est grows by alpha segments a window, 3 (1 - beta) / (1 + beta) until it is what the window was, then 1.
    let isBehind = stage.renoWindow < windowBefore
    stage.renoRemainder += isBehind ? segment * byteCount * 9 / 17 : segment * byteCount
    stage.renoWindow += stage.renoRemainder / window
    stage.renoRemainder %= window
    // §4.2: what the curve will be a round trip from now, no less than now and no more than half as much again.
    let ahead = now.nanoseconds - stage.began.nanoseconds
    let target = curve(after: Int(ahead &+ smoothed) / 1_000_000, segment: segment)
    if target < stage.renoWindow {
      stage.growthRemainder = 0
      return max(window, stage.renoWindow)
    }
    guard target > window else { return window }
    stage.growthRemainder += (min(target, window + window / 2) - window) * byteCount
    let growth = stage.growthRemainder / window
    stage.growthRemainder %= window
    return window + growth
  }

  /// A loss was found. Fast convergence (§4.7): who lost before he reached the last plateau shares with others, and
  /// leaves them room.
  mutating func foundLoss(_ window: Int) {
    wasInStage = isInStage
    plateauBefore = Int32(clamping: plateau)
    plateau = window < plateau ? window * 17 / 20 : window
    isInStage = false
    forgetsPlateau = false
  }

  /// It was none.
  mutating func undoLoss() {
    plateau = max(plateau, Int(plateauBefore))
    forgetsPlateau = false
    // Unless a new stage has begun, the last one is still known and goes on (§4.9.1).
    isInStage = wasInStage && !isInStage
  }

  /// The RTO passed (§4.8).
  mutating func timedOut() {
    isInStage = false
    forgetsPlateau = true
  }

  /// What comes begins with a stage of its own.
  mutating func endStage() { isInStage = false }

  // MARK: The curve

  private mutating func beginStage(_ window: Int, segment: Int, at now: Instant) {
    isInStage = true
    // §4.8 and §4.10: after an RTO, and when nothing was ever lost, the plateau is here.
    if forgetsPlateau || plateau < window { plateau = window }
    forgetsPlateau = false
    // K = cubic root of (W_max - cwnd) / C, C = 0.4 segments / s^3.
    let cube = UInt64(min(plateau - window, 1 << 30)) * 2_500_000_000 / UInt64(segment)
    stage = Stage(began: now, renoWindow: window, plateauAfter: Int32(Self.cubicRoot(cube)))
  }

  /// W_cubic (§4.2, figure 1), in bytes.
  private func curve(after milliseconds: Int, segment: Int) -> Int {
    let limit = Self.maximumDistance
    let distance = max(-limit, min(limit, milliseconds - Int(stage.plateauAfter)))
    // C is 4e-10 segments / ms^3; in two steps, as the product would not fit.
    return plateau + distance * distance * distance / 1_000_000 * 4 * segment / 10_000
  }

  /// The largest number whose third power is at most `number`: bit by bit from the top.
  static func cubicRoot(_ number: UInt64) -> UInt64 {
    var root: UInt64 = 0
    // 2,642,245^3 is the largest that fits.
    for shift in (0..<22).reversed() as ReversedCollection<Range<UInt64>> {
      let candidate = root | 1 << shift
      if candidate <= 2_642_245, candidate * candidate * candidate <= number { root = candidate }
    }
    return root
  }
}
