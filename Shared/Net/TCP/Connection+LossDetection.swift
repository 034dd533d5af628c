// RFC 8985 before changing this file.

import Platform
import Wire

/// A tail-loss probe on its way (RFC 8985 §7.3).
struct TailProbe {
  /// TLP.end_seq: SND.NXT when it was sent.
  var end: SequenceNumber
  /// TLP.is_retrans: whether it was data sent again, and so may repair a loss that nobody else notices.
  var isAgain: Bool
}

/// RACK-TLP: with SACK, a segment is lost when one that was sent sufficiently later has arrived; and when no ACK comes
/// for two round trips, a probe makes the peer say what it has before the RTO passes.
extension Connection {
  /// Whether the peer has what lies beyond a gap, or losses are being repaired.
  var hasGapAtPeer: Bool {
    @inline(__always) get { sentLog.receivedByteCount > 0 || !recovery.isOpen }
  }

  mutating func beginLossDetection(_ segment: borrowing TCPSegment, at now: Instant) {
    var echoed: UInt64 = 0
    if hasGapAtPeer, let timestamps, let echo = segment.options.timestamps?.echo {
      echoed = timestamps.roundTrip(echo, at: now) ?? 0
    }
    rack.beginAcknowledgement(at: now, echoedRoundTrip: echoed)
  }

  /// RACK_detect_loss_and_arm_timer (§6.2, step 5), after an ACK that told of `arrived` new bytes, or when the clock
  /// says so.
  mutating func findLosses(at now: Instant, arrived: Int = 0) {
    lossProbeAt = .never
    guard state.isSynchronized, state != .timeWait, unacknowledged < sendMaximum else { return }
    let isSure =
      !recovery.isOpen || recovery.duplicateCount >= Scoreboard.duplicateThreshold
      || scoreboard.isFrontLost(segment: segmentByteCount)
    let window = rack.reorderingWindow(isSure: isSure, smoothed: retransmission.smoothed ?? 0)
    let (found, next) = sentLog.findLosses(rack, window: window, at: now)
    lossProbeAt = next
    guard found, recovery.isOpen else { return }
    beginFastRecovery(at: now, arrived: arrived)
    tailProbe = nil
    // Others may have been found with the first.
    lossProbeAt =
      sentLog.findLosses(
        rack, window: rack.reorderingWindow(isSure: true, smoothed: retransmission.smoothed ?? 0), at: now
      ).next
  }

  /// Takes the first block of an ACK when it is a D-SACK (RFC 2883 §4): it reports what arrived twice, and lies below
  /// the ACK or within the second block. What was sent again was sent for nothing, then, or the network made a copy.
  mutating func takeDuplicateReport(_ options: TCPOptions, from acknowledgement: SequenceNumber) {
    let block = options.sackBlock(0)
    guard block.start < block.end, acknowledgement - block.start <= maximumSendWindow else { return }
    if block.end > acknowledgement {
      guard options.sackBlockCount > 1 else { return }
      let second = options.sackBlock(1)
      guard second.start <= block.start, block.end <= second.end else { return }
    }
    counters.duplicatesReported &+= 1
    if let probe = tailProbe, block.end == probe.end {
      // §7.4.2 of RFC 8985: the probe's both copies arrived, so that nothing was lost.
      tailProbe = nil
    } else {
      rack.duplicateReported(acknowledgement, sent: sendMaximum)
    }
    if recovery.isForNothing(block) { undoRecovery() }
  }

  /// All that was sent again in the last phase had arrived before, or was about to: the window was reduced for nothing
  /// (RFC 3708 §3, RFC 4015 §3; RFC 9438 §4.9). What counts as lost is in the network, for all we know.
  mutating func undoRecovery() {
    counters.recoveriesUndone &+= 1
    recovery.undoableByteCount = -1
    recovery.doubt = .none
    congestion.undoLoss()
    switch recovery.phase {
    case .open: rack.sawReordering()
    case .fast(let point):
      rack.sawReordering()
      recovery.end(at: point)
    case .loss(let point): recovery.end(at: point)
    }
    sentLog.undoLosses()
  }

  // MARK: Tail-loss probe

  /// TLP_calc_PTO (§7.2): two round trips, and what the peer may wait before it acknowledges less than two full segments.
  /// Not when the RTO is as near: it does the same, and more.
  mutating func scheduleTailProbe(at now: Instant) {
    lossProbeAt = .never
    guard recovery.isOpen, tailProbe == nil, unacknowledged < sendMaximum, retransmission.backoffCount == 0,
      let smoothed = retransmission.smoothed
    else { return }
    var wait = 2 * smoothed + RetransmissionTimer.granularity
    if flightByteCount < 2 * segmentByteCount { wait += configuration.peerAcknowledgementDelay }
    let at = now.advanced(byNanoseconds: wait)
    if at < retransmitAt { lossProbeAt = at }
  }

  /// The timer of both has expired.
  mutating func lossProbeTimedOut(at now: Instant) {
    if hasGapAtPeer {
      findLosses(at: now)
      // No ACK will let out what was found now: one segment, so that there is one.
      if case .fast = recovery.phase { reduceRate(segmentByteCount, isSafe: false) }
      return
    }
    if recovery.isOpen, owedProbe == .none, unacknowledged < sendMaximum { owedProbe = .tail }
  }

  /// TLP_send_probe (§7.3): a segment of new data if there is one and the peer takes it, whatever the congestion window
  /// says; else the last one again.
  mutating func planTailProbe() -> SegmentPlan {
    let full = segmentByteCount
    let byteCount = min(full, sendQueueEnd - sendNext)
    if byteCount > 0, usableWindow >= byteCount {
      return SegmentPlan(.data, from: sendNext, byteCount)
    }
    let start = flightByteCount > full ? sendMaximum - full : unacknowledged
    return again(from: start, to: sendMaximum)
  }

  /// TLP_process_ack (§7.4.2).
  mutating func judgeTailProbe(_ acknowledgement: SequenceNumber, isDuplicate: Bool) {
    guard let probe = tailProbe, acknowledgement >= probe.end else { return }
    if !probe.isAgain || isDuplicate {
      // It was new, or both copies arrived, of which a D-SACK would tell, too: nothing was lost.
      tailProbe = nil
    } else if acknowledgement > probe.end {
      // The probe has repaired a loss, which is a sign of congestion like any other.
      tailProbe = nil
      guard recovery.isOpen else { return }
      congestion.foundLoss(inFlight: windowInUse)
      congestion.repairedLoss()
    }
  }
}
