// RFC 5681 before changing this file.

import Platform

/// The algorithms to choose from.
public enum CongestionAlgorithm: Sendable {
  /// CUBIC (RFC 9438): on paths of much bandwidth and delay it comes back sooner than NewReno, on others it is the same.
  case cubic
  /// NewReno (RFC 5681, RFC 6582).
  case newReno
}

/// How much may be in the network, by the algorithm of one connection. All amounts are bytes.
///
/// What both algorithms keep stands here, and beside it what only one of them needs. Of two whole values to choose from,
/// the one that is chosen would be copied twice for every ACK.
struct CongestionController {
  private let segmentByteCount: Int32
  private let initialWindow: Int32
  /// cwnd.
  private(set) var window: Int
  private var slowStart = SlowStart()
  private let algorithm: CongestionAlgorithm
  /// cwnd_prior: the window before it was last reduced.
  private var windowBefore: Int32 = 0
  /// ssthresh before it was, for when it was for nothing.
  private var thresholdBefore = Int32.max
  private(set) var cubic = Cubic()
  private var newReno = NewReno()

  private var segment: Int { Int(segmentByteCount) }

  /// For segments of `segmentByteCount` bytes and an initial window of `initialWindow`.
  init(_ algorithm: CongestionAlgorithm = .cubic, segmentByteCount: Int, initialWindow: Int) {
    self.algorithm = algorithm
    self.segmentByteCount = Int32(segmentByteCount)
    self.initialWindow = Int32(initialWindow)
    window = initialWindow
  }

  /// `byteCount` new bytes were acknowledged outside of fast recovery. `isLimiting`: whether the window was what kept
  /// the sender from sending more; a window that is not used says nothing about the path (RFC 7661). `smoothed`: SRTT
  /// in nanoseconds; `latest`: the round trip of the latest of these bytes. 0 when not known.
  mutating func acknowledged(
    _ byteCount: Int, isLimiting: Bool, at now: Instant, smoothed: UInt64, latest: UInt64
  ) {
    cubic.pass(to: now, counts: isLimiting)
    guard isLimiting else { return }
    if window < slowStart.threshold {
      window = slowStart.grow(window, by: byteCount, roundTrip: latest)
      return
    }
    switch algorithm {
    case .cubic:
      window = cubic.grow(
        window, by: byteCount, segment: segment, windowBefore: Int(windowBefore), smoothed: smoothed, at: now)
    case .newReno: window = newReno.grow(window, by: byteCount, segment: segment)
    }
  }

  /// A loss was found by duplicate ACKs or SACK with `inFlight` bytes in the network.
  @inline(never)
  mutating func foundLoss(inFlight: Int) {
    reduce(inFlight: inFlight)
    window = slowStart.threshold
  }

  /// What was lost then has been repaired.
  mutating func repairedLoss() { window = max(slowStart.threshold, segment) }

  /// Nothing was lost when the window was last reduced: it is what it was, or larger.
  mutating func undoLoss() {
    window = max(window, Int(windowBefore))
    slowStart.threshold = max(slowStart.threshold, thresholdBefore == .max ? .max : Int(thresholdBefore))
    cubic.undoLoss()
  }

  /// The RTO passed with `inFlight` bytes in the network. `isRepeated`: before what was lost then has been repaired.
  @inline(never)
  mutating func timedOut(inFlight: Int, isRepeated: Bool) {
    // RFC 5681 §3.1 and RFC 9438 §4.8: once for the same data.
    if !isRepeated { reduce(inFlight: inFlight) }
    cubic.timedOut()
    newReno = NewReno()
    window = segment
  }

  /// Nothing was sent for an RTO: what was known about the path is old (RFC 5681 §4.1).
  mutating func wasIdle() {
    window = min(window, Int(initialWindow))
    cubic.endStage()
  }

  /// Multiplicative decrease: by one half, or by 0.7 (RFC 9438 §4.6).
  private mutating func reduce(inFlight: Int) {
    thresholdBefore = Int32(clamping: slowStart.threshold)
    windowBefore = Int32(clamping: window)
    cubic.foundLoss(window)
    newReno = NewReno()
    let left = algorithm == .cubic ? inFlight * 7 / 10 : inFlight / 2
    slowStart.threshold = max(left, 2 * segment)
  }
}
