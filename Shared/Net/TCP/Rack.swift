// RFC 8985 §5.3, §6.2 and §7.2 before changing this file.

import Platform
import Wire

/// What RACK knows of a path: when the latest of what has arrived was sent, and how far segments get out of order.
struct Rack {
  /// How long the smallest round trip is believed.
  private static let minimumLifetime: UInt64 = 10_000_000_000

  /// RACK.xmit_ts: when the segment was sent that was sent last of all that arrived.
  private var sentAt = Instant(nanoseconds: 0)
  /// RACK.rtt: how long it took.
  private(set) var roundTrip: UInt64 = 0
  /// RACK.min_RTT; the largest number before the first measurement.
  private(set) var minimumRoundTrip = UInt64.max
  private var minimumTakenAt = Instant(nanoseconds: 0)
  /// The moment of the ACK.
  private var now = Instant(nanoseconds: 0)
  /// RACK.end_seq: behind the segment of RACK.xmit_ts, and whether that was sent more than once.
  private var end = SequenceNumber(0)
  private var isAgain = false
  /// RACK.reordering_seen: something arrived after what was sent later, though it was sent once.
  private(set) var isReorderingSeen = false
  /// RACK.reo_wnd_mult: quarters of the smallest round trip; and in how many more recoveries without D-SACK it is one
  /// again (RACK.reo_wnd_persist).
  private(set) var windowFactor: UInt8 = 1
  private var recoveriesLeft: UInt8 = 0
  /// RACK.dsack_round: where the round trip ends in which a D-SACK came; it grows the window once.
  private var roundEnd = SequenceNumber(0)
  private var isInRound = false
  /// RACK.fack: behind the highest that arrived, and the same before the ACK that is being looked at: one that follows a
  /// lost one reports more than one segment, and their order is not known.
  private var highest = SequenceNumber(0)
  private var highestBefore = SequenceNumber(0)
  /// How long ago what the ACK echoes was sent, in milliseconds; 0 when timestamps do not tell.
  private var echoedMilliseconds: UInt32 = 0

  /// Nothing was sent yet; `number` is the first to come.
  mutating func begin(at number: SequenceNumber) {
    highest = number
    highestBefore = number
  }

  /// An ACK has come; what it reports follows.
  mutating func beginAcknowledgement(at now: Instant, echoedRoundTrip: UInt64 = 0) {
    self.now = now
    echoedMilliseconds = UInt32(clamping: echoedRoundTrip / 1_000_000)
    highestBefore = highest
  }

  /// RACK_update and RACK_detect_reordering (§6.2, steps 1 to 3): the part of `run` up to `end` arrived.
  @inline(never)
  mutating func delivered(_ run: SentLog.Run, upTo end: SequenceNumber) {
    let took = now.nanoseconds - run.sentAt.nanoseconds
    if run.isAgain {
      // The ACK may be of an earlier copy: it came too soon, or echoes what was sent before.
      if minimumRoundTrip != .max, took < minimumRoundTrip { return }
      if UInt64(echoedMilliseconds) * 1_000_000 > took + RetransmissionTimer.granularity { return }
    } else {
      if end < highestBefore { isReorderingSeen = true }
      let isOld = now.nanoseconds - minimumTakenAt.nanoseconds > Self.minimumLifetime
      if isOld || took <= minimumRoundTrip {
        minimumRoundTrip = took
        minimumTakenAt = now
      }
    }
    if end > highest { highest = end }
    if run.sentAt > sentAt || run.sentAt == sentAt && end > self.end {
      sentAt = run.sentAt
      self.end = end
      isAgain = run.isAgain
      roundTrip = took
    }
  }

  /// RACK_sent_after: whether something that arrived was sent after `run`. What was sent at one moment was sent in
  /// order, but for repairs, of which it is not known.
  func isAfter(_ run: SentLog.Run) -> Bool {
    run.sentAt < sentAt || run.sentAt == sentAt && run.isAgain == isAgain && run.end < end
  }

  /// Segments arrived in another order than they were sent in.
  mutating func sawReordering() { isReorderingSeen = true }

  /// A D-SACK came with an ACK of all before `acknowledgement`, while `sent` was the end of what was sent: the window was
  /// too small.
  mutating func duplicateReported(_ acknowledgement: SequenceNumber, sent: SequenceNumber) {
    recoveriesLeft = 16
    if isInRound, acknowledgement < roundEnd { return }
    isInRound = true
    roundEnd = sent
    if windowFactor < .max { windowFactor += 1 }
  }

  /// Losses were repaired.
  mutating func recoveryEnded() {
    if recoveriesLeft > 0 { recoveriesLeft -= 1 } else { windowFactor = 1 }
  }

  /// RACK_update_reo_wnd (§6.2, step 4): how much later than its successors a segment may arrive. None while the path
  /// keeps the order and the loss is sure: three segments above it arrived, or others are being repaired. No less than
  /// a millisecond: on a shorter path the order is that of queues in a machine.
  func reorderingWindow(isSure: Bool, smoothed: UInt64) -> UInt64 {
    if isSure && !isReorderingSeen { return 0 }
    let quarter = min(minimumRoundTrip / 4, smoothed)
    return max(RetransmissionTimer.granularity, min(quarter * UInt64(windowFactor), smoothed))
  }
}
