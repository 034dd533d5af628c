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
  /// RACK.end_seq: behind the segment of RACK.xmit_ts, and whether that was sent more than once.
  private var end = SequenceNumber(0)
  private var isAgain = false
  /// RACK.reordering_seen: something arrived after what was sent later, though it was sent once.
  private(set) var isReorderingSeen = false
  /// RACK.fack: behind the highest that arrived, and the same before the ACK that is being looked at: one that follows a
  /// lost one reports more than one segment, and their order is not known.
  private var highest = SequenceNumber(0)
  private var highestBefore = SequenceNumber(0)
  /// The moment of the ACK, and how long ago what it echoes was sent; 0 when timestamps do not tell.
  private var now = Instant(nanoseconds: 0)
  private var echoedRoundTrip: UInt64 = 0

  /// Nothing was sent yet; `number` is the first to come.
  mutating func begin(at number: SequenceNumber) {
    highest = number
    highestBefore = number
  }

  /// An ACK has come; what it reports follows.
  mutating func beginAcknowledgement(at now: Instant, echoedRoundTrip: UInt64 = 0) {
    self.now = now
    self.echoedRoundTrip = echoedRoundTrip
    highestBefore = highest
  }

  /// RACK_update and RACK_detect_reordering (§6.2, steps 1 to 3): the part of `run` up to `end` arrived.
  mutating func delivered(_ run: SentLog.Run, upTo end: SequenceNumber) {
    let took = now.nanoseconds - run.sentAt.nanoseconds
    if run.isAgain {
      // The ACK may be of an earlier copy: it came too soon, or echoes what was sent before.
      if minimumRoundTrip != .max, took < minimumRoundTrip { return }
      if echoedRoundTrip > took + RetransmissionTimer.granularity { return }
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

  /// RACK_update_reo_wnd (§6.2, step 4): how much later than its successors a segment may arrive. None while the path
  /// keeps the order and the loss is sure: three segments above it arrived, or others are being repaired. No less than
  /// a millisecond: on a shorter path the order is that of queues in a machine.
  func reorderingWindow(isSure: Bool, smoothed: UInt64) -> UInt64 {
    if isSure && !isReorderingSeen { return 0 }
    return max(RetransmissionTimer.granularity, min(minimumRoundTrip / 4, smoothed))
  }
}
