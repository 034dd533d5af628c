// RFC 5681, RFC 6582 and RFC 3465 before changing this file.

import Platform

/// Slow start and congestion avoidance, counted in bytes, with what RFC 6582 asks of the window in fast recovery.
struct NewReno: CongestionControl {
  private let segment: Int
  private let initialWindow: Int
  private(set) var window: Int
  private var slowStart = SlowStart()
  /// Window and threshold before the last loss that was found.
  private var windowBefore = 0
  private var thresholdBefore = Int.max
  /// Bytes acknowledged since the window last grew by a segment (RFC 3465 §2.1).
  private var acknowledgedCount = 0

  init(segmentByteCount: Int, initialWindow: Int) {
    segment = segmentByteCount
    self.initialWindow = initialWindow
    window = initialWindow
  }

  mutating func acknowledged(
    _ byteCount: Int, isLimiting: Bool, at now: Instant, smoothed: UInt64, latest: UInt64
  ) {
    guard isLimiting else { return }
    if window < slowStart.threshold {
      window = slowStart.grow(window, by: byteCount, roundTrip: latest)
      return
    }
    acknowledgedCount += byteCount
    if acknowledgedCount >= window {
      acknowledgedCount -= window
      window += segment
    }
  }

  mutating func foundLoss(inFlight: Int) {
    windowBefore = window
    thresholdBefore = slowStart.threshold
    slowStart.threshold = max(inFlight / 2, 2 * segment)
    window = slowStart.threshold
    acknowledgedCount = 0
  }

  mutating func repairedLoss() { window = max(slowStart.threshold, segment) }

  mutating func undoLoss() {
    window = max(window, windowBefore)
    slowStart.threshold = max(slowStart.threshold, thresholdBefore)
  }

  mutating func timedOut(inFlight: Int, isRepeated: Bool) {
    // ssthresh is halved once for the same data (RFC 5681 §3.1).
    if !isRepeated { slowStart.threshold = max(inFlight / 2, 2 * segment) }
    window = segment
    acknowledgedCount = 0
  }

  mutating func wasIdle() { window = min(window, initialWindow) }
}
