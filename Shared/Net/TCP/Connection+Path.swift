// RFC 1191 §6, RFC 8201 §5, RFC 4821 §7 and RFC 5927 §7.2 before changing this file.

import Platform
import Wire

/// What is known of a connection's path, as payload of segments without options.
struct PathLimit {
  /// What both ends take; the path is never believed to take more.
  var agreedByteCount: UInt16 = 0
  /// What a router says that the path takes, until a time-out bears it out; 0: nothing.
  var claimedByteCount: UInt16 = 0
}

/// Segments are never fragmented: what is too large for the path is lost. A router says so, or nobody does.
extension Connection {
  /// The largest payload of a segment without options that is sent now: what both ends agreed on, or less when the
  /// path takes less.
  public var pathSegmentByteCount: Int { segmentByteCount + optionByteCount }

  /// Makes segments no larger than `byteCount` bytes of payload without options, nor than both ends agreed on.
  public mutating func usePath(segmentByteCount byteCount: Int) {
    let taken = min(max(byteCount, configuration.minimumSegmentByteCount), Int(path.agreedByteCount))
    segmentByteCount = taken - optionByteCount
  }

  /// A router says that the segment at `number` was too large, and that `byteCount` bytes of payload without options
  /// would pass: ICMP's fragmentation needed, or packet too big. `byteCount` is not below what IP promises. Returns
  /// whether it is believed; then what is in flight is sent again at once, in smaller segments.
  ///
  /// Who guesses a place in flight could make us send small segments. Once as much as a full segment has arrived, only
  /// a time-out of what was quoted makes such a word credible (RFC 5927 §7.2).
  public mutating func receiveTooBig(
    quoting number: SequenceNumber, segmentByteCount byteCount: Int, at now: Instant
  ) -> Bool {
    guard state.isSynchronized, number >= unacknowledged, number < sendMaximum,
      byteCount < pathSegmentByteCount
    else {
      counters.droppedPathClaims &+= 1
      return false
    }
    let arrived = unacknowledged - initialSendNumber
    guard arrived > 0, arrived <= segmentByteCount else {
      path.claimedByteCount = UInt16(byteCount)
      pathClaimNumber = number
      return false
    }
    usePath(segmentByteCount: byteCount)
    counters.pathReductions &+= 1
    sendAgain(at: now)
    return true
  }

  /// All that is in flight is sent again. It was not lost by congestion, whose window stays (RFC 1191 §6.4).
  private mutating func sendAgain(at now: Instant) {
    timed = nil
    sentLog.loseAll(reported: false)
    lossProbeAt = .never
    tailProbe = nil
    if owedProbe == .tail { owedProbe = .none }
    // Anew: nothing that was known of an earlier loss speaks for this one.
    recovery = Recovery()
    recovery.phase = .loss(point: sendMaximum)
    recovery.began = now
    recovery.highRetransmitted = unacknowledged
    recovery.mustRetransmitFront = true
  }

  /// The RTO has passed once more. A router that said why is right then. If nobody did, and full segments do not
  /// arrive time and again, smaller ones may: the path is a black hole for what it should have complained about
  /// (RFC 4821 §7.7, RFC 8899 §4.3).
  mutating func reconsiderPath() {
    let claimed = Int(path.claimedByteCount)
    path.claimedByteCount = 0
    if claimed > 0, pathClaimNumber >= unacknowledged {
      usePath(segmentByteCount: claimed)
      counters.pathReductions &+= 1
      return
    }
    // The third time and the fifth. What SACK reports arrived: one segment as large is proof that this is no black
    // hole, any number of smaller ones is not; nor is one that a box on the way has cut, which costs smaller segments.
    var largest = min(segmentByteCount, min(flightByteCount, sendWindow))
    let front = sentLog.frontSegmentByteCount
    if front > 0, front < largest { largest = front }
    guard retransmission.backoffCount & 1 == 1, retransmission.backoffCount > 1,
      Int(sentLog.reportedSegmentByteCount) < largest
    else { return }
    // What every path of IPv6 takes; then what every host of IPv4 does. The last segment may be smaller, and yet too
    // large.
    let smaller = largest > 1220 ? 1220 : 536
    guard smaller < largest else { return }
    usePath(segmentByteCount: smaller)
    counters.blackHoles &+= 1
  }
}
