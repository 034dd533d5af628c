// RFC 5681 before changing this file.

import Platform

/// How much may be in the network: the seam behind which the algorithm is chosen. All amounts are bytes.
protocol CongestionControl {
  /// For segments of `segmentByteCount` bytes and an initial window of `initialWindow`.
  init(segmentByteCount: Int, initialWindow: Int)
  /// cwnd.
  var window: Int { get }
  /// `byteCount` new bytes were acknowledged outside of fast recovery. `isLimiting`: whether the window was what kept
  /// the sender from sending more; a window that is not used says nothing about the path (RFC 7661). `smoothed`: SRTT
  /// in nanoseconds; `latest`: the round trip of the latest of these bytes. 0 when not known.
  mutating func acknowledged(
    _ byteCount: Int, isLimiting: Bool, at now: Instant, smoothed: UInt64, latest: UInt64)
  /// A loss was found by duplicate ACKs or SACK with `inFlight` bytes in the network.
  mutating func foundLoss(inFlight: Int)
  /// What was lost then has been repaired.
  mutating func repairedLoss()
  /// Nothing was lost when `foundLoss` was last told so: the window is what it was, or larger.
  mutating func undoLoss()
  /// The RTO passed with `inFlight` bytes in the network. `isRepeated`: before what was lost then has been repaired.
  mutating func timedOut(inFlight: Int, isRepeated: Bool)
  /// Nothing was sent for an RTO: what was known about the path is old (RFC 5681 §4.1).
  mutating func wasIdle()
}

/// The algorithms to choose from.
public enum CongestionAlgorithm: Sendable {
  /// CUBIC (RFC 9438): on paths of much bandwidth and delay it comes back sooner than NewReno, on others it is the same.
  case cubic
  /// NewReno (RFC 5681, RFC 6582).
  case newReno
}

/// The algorithm of one connection: a choice between values, so that nothing is allocated and the calls are direct.
enum CongestionController: CongestionControl {
  case cubic(Cubic)
  case newReno(NewReno)

  /// CUBIC.
  init(segmentByteCount: Int, initialWindow: Int) {
    self.init(.cubic, segmentByteCount: segmentByteCount, initialWindow: initialWindow)
  }

  /// The chosen algorithm.
  init(_ algorithm: CongestionAlgorithm, segmentByteCount: Int, initialWindow: Int) {
    switch algorithm {
    case .cubic: self = .cubic(Cubic(segmentByteCount: segmentByteCount, initialWindow: initialWindow))
    case .newReno:
      self = .newReno(NewReno(segmentByteCount: segmentByteCount, initialWindow: initialWindow))
    }
  }

  var window: Int {
    @inline(__always) get {
      switch self {
      case .cubic(let cubic): cubic.window
      case .newReno(let reno): reno.window
      }
    }
  }

  mutating func acknowledged(
    _ byteCount: Int, isLimiting: Bool, at now: Instant, smoothed: UInt64, latest: UInt64
  ) {
    switch self {
    case .cubic(var cubic):
      cubic.acknowledged(byteCount, isLimiting: isLimiting, at: now, smoothed: smoothed, latest: latest)
      self = .cubic(cubic)
    case .newReno(var reno):
      reno.acknowledged(byteCount, isLimiting: isLimiting, at: now, smoothed: smoothed, latest: latest)
      self = .newReno(reno)
    }
  }

  mutating func foundLoss(inFlight: Int) {
    switch self {
    case .cubic(var cubic):
      cubic.foundLoss(inFlight: inFlight)
      self = .cubic(cubic)
    case .newReno(var reno):
      reno.foundLoss(inFlight: inFlight)
      self = .newReno(reno)
    }
  }

  mutating func repairedLoss() {
    switch self {
    case .cubic(var cubic):
      cubic.repairedLoss()
      self = .cubic(cubic)
    case .newReno(var reno):
      reno.repairedLoss()
      self = .newReno(reno)
    }
  }

  mutating func undoLoss() {
    switch self {
    case .cubic(var cubic):
      cubic.undoLoss()
      self = .cubic(cubic)
    case .newReno(var reno):
      reno.undoLoss()
      self = .newReno(reno)
    }
  }

  mutating func timedOut(inFlight: Int, isRepeated: Bool) {
    switch self {
    case .cubic(var cubic):
      cubic.timedOut(inFlight: inFlight, isRepeated: isRepeated)
      self = .cubic(cubic)
    case .newReno(var reno):
      reno.timedOut(inFlight: inFlight, isRepeated: isRepeated)
      self = .newReno(reno)
    }
  }

  mutating func wasIdle() {
    switch self {
    case .cubic(var cubic):
      cubic.wasIdle()
      self = .cubic(cubic)
    case .newReno(var reno):
      reno.wasIdle()
      self = .newReno(reno)
    }
  }
}
