// RFC 9438 before changing this file.

import Platform

/// CUBIC: the window grows as a cubic function of the time since it was last reduced, slowly around the size at which
/// the loss was and fast away from it. Integers only: bytes, milliseconds.
struct Cubic: CongestionControl {
  /// Milliseconds from the plateau after which the curve is not followed any further: no path is that steady, and the
  /// third power must fit.
  private static let maximumDistance = 1_000_000

  private let segmentByteCount: Int32
  private let initialWindow: Int32
  private var segment: Int { Int(segmentByteCount) }
  private(set) var window: Int
  private var slowStart = SlowStart()
  /// W_max: where the curve is flat. 0 before anything was lost.
  private(set) var plateau = 0
  /// cwnd_prior: the window before it was last reduced.
  private var windowBefore: Int32 = 0
  /// Threshold and W_max before it was, for when it was for nothing (§4.9).
  private var thresholdBefore = Int32.max
  private var plateauBefore: Int32 = 0
  /// When an ACK last came.
  private var acknowledgedAt = Instant(nanoseconds: 0)
  /// The stage of congestion avoidance, when `isInStage`.
  private var stage = Stage(began: Instant(nanoseconds: 0), renoWindow: 0, plateauAfter: 0)
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

  init(segmentByteCount: Int, initialWindow: Int) {
    self.segmentByteCount = Int32(segmentByteCount)
    self.initialWindow = Int32(initialWindow)
    window = initialWindow
  }

  mutating func acknowledged(
    _ byteCount: Int, isLimiting: Bool, at now: Instant, smoothed: UInt64, latest: UInt64
  ) {
    let previously = acknowledgedAt
    acknowledgedAt = now
    guard isLimiting else {
      // §5.8: time in which the program was what limits does not count.
      stage.began = stage.began.advanced(byNanoseconds: now.nanoseconds - previously.nanoseconds)
      return
    }
    if window < slowStart.threshold {
      window = slowStart.grow(window, by: byteCount, roundTrip: latest)
      return
    }
    if !isInStage { beginStage(at: now) }
    // §4.3: W_est grows by alpha segments a window, 3 (1 - beta) / (1 + beta) until it is what the window was, then 1.
    let isBehind = stage.renoWindow < Int(windowBefore)
    stage.renoRemainder += isBehind ? segment * byteCount * 9 / 17 : segment * byteCount
    stage.renoWindow += stage.renoRemainder / window
    stage.renoRemainder %= window
    // §4.2: what the curve will be a round trip from now, no less than now and no more than half as much again.
    let ahead = now.nanoseconds - stage.began.nanoseconds
    let target = curve(after: Int(ahead &+ smoothed) / 1_000_000)
    if target < stage.renoWindow {
      window = max(window, stage.renoWindow)
      stage.growthRemainder = 0
    } else if target > window {
      stage.growthRemainder += (min(target, window + window / 2) - window) * byteCount
      let growth = stage.growthRemainder / window
      stage.growthRemainder %= window
      window += growth
    }
  }

  mutating func foundLoss(inFlight: Int) {
    reduce(inFlight: inFlight)
    window = slowStart.threshold
  }

  mutating func repairedLoss() { window = max(slowStart.threshold, segment) }

  mutating func undoLoss() {
    window = max(window, Int(windowBefore))
    slowStart.threshold = max(slowStart.threshold, thresholdBefore == .max ? .max : Int(thresholdBefore))
    plateau = max(plateau, Int(plateauBefore))
    forgetsPlateau = false
    // Unless a new stage has begun, the last one is still known and goes on (§4.9.1).
    isInStage = wasInStage && !isInStage
  }

  mutating func timedOut(inFlight: Int, isRepeated: Bool) {
    // §4.8 and RFC 5681 §3.1: once for the same data.
    if !isRepeated { reduce(inFlight: inFlight) }
    isInStage = false
    forgetsPlateau = true
    window = segment
  }

  mutating func wasIdle() {
    window = min(window, Int(initialWindow))
    isInStage = false
  }

  // MARK: The curve

  /// Multiplicative decrease by beta, 0.7 (§4.6), and fast convergence (§4.7): who lost before he reached the last
  /// plateau shares with others, and leaves them room.
  private mutating func reduce(inFlight: Int) {
    wasInStage = isInStage
    thresholdBefore = Int32(clamping: slowStart.threshold)
    plateauBefore = Int32(clamping: plateau)
    plateau = window < plateau ? window * 17 / 20 : window
    windowBefore = Int32(clamping: window)
    slowStart.threshold = max(inFlight * 7 / 10, 2 * segment)
    isInStage = false
    forgetsPlateau = false
  }

  private mutating func beginStage(at now: Instant) {
    isInStage = true
    // §4.8 and §4.10: after an RTO, and when nothing was ever lost, the plateau is here.
    if forgetsPlateau || plateau < window { plateau = window }
    forgetsPlateau = false
    // K = cubic root of (W_max - cwnd) / C, C = 0.4 segments / s^3.
    let cube = UInt64(min(plateau - window, 1 << 30)) * 2_500_000_000 / UInt64(segment)
    stage = Stage(began: now, renoWindow: window, plateauAfter: Int32(Self.cubicRoot(cube)))
  }

  /// W_cubic (§4.2, figure 1), in bytes.
  private func curve(after milliseconds: Int) -> Int {
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
