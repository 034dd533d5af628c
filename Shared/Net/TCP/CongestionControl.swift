// RFC 5681 before changing this file.

/// How much may be in the network: the seam behind which the algorithm is chosen. All amounts are bytes.
protocol CongestionControl {
  /// For segments of `segmentByteCount` bytes and an initial window of `initialWindow`.
  init(segmentByteCount: Int, initialWindow: Int)
  /// cwnd.
  var window: Int { get }
  /// `byteCount` new bytes were acknowledged outside of fast recovery. `isLimiting`: whether the window was what kept
  /// the sender from sending more; a window that is not used says nothing about the path (RFC 7661).
  mutating func acknowledged(_ byteCount: Int, isLimiting: Bool)
  /// A loss was found by duplicate ACKs or SACK with `inFlight` bytes in the network.
  mutating func foundLoss(inFlight: Int)
  /// What was lost then has been repaired.
  mutating func repairedLoss()
  /// The RTO passed with `inFlight` bytes in the network. `isRepeated`: before what was lost then has been repaired.
  mutating func timedOut(inFlight: Int, isRepeated: Bool)
  /// Nothing was sent for an RTO: what was known about the path is old (RFC 5681 §4.1).
  mutating func wasIdle()
}
