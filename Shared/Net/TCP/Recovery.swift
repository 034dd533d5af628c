// RFC 6675 §5, RFC 6582 §3 and RFC 6298 §5 before changing this file.

import Platform
import Wire

/// What a connection is doing about losses.
struct Recovery {
  enum Phase: Equatable {
    /// Nothing is known to be lost.
    case open
    /// A loss was told by duplicate ACKs or SACK; over when `point` is acknowledged.
    case fast(point: SequenceNumber)
    /// The RTO passed: all that was in flight counts as lost; over when `point` is acknowledged.
    case loss(point: SequenceNumber)
  }

  var phase = Phase.open
  /// The first lost segment goes out whatever the window says (RFC 6675 §5, step 4.3).
  var mustRetransmitFront = false
  /// Whether the one rescue retransmission of this phase was made (RFC 6675 §4, rule 4).
  var hasRescued = false
  var doubt = Doubt.none
  /// HighRxt: behind the last byte sent again in this phase.
  var highRetransmitted = SequenceNumber(0)
  /// Duplicate ACKs since SND.UNA last moved.
  var duplicateCount: Int32 = 0
  /// SND.UNA when the phase began: what was sent again in it lies behind.
  var beginning = SequenceNumber(0)
  /// Bytes sent again in the last phase of which no D-SACK has said that it was for nothing; when that is 0 again, the
  /// phase was (RFC 3708 §3). Negative when that can no longer be.
  var undoableByteCount: Int32 = -1
  /// TSval of the first segment sent again in the phase (RetransmitTS, RFC 3522 §3.2): an echo from before is of the
  /// first copy, which was not lost.
  var firstTimestamp: UInt32 = 0

  /// Whether timestamps may still tell that a phase is for nothing.
  enum Doubt {
    /// They do not; or it was judged.
    case none
    /// Nothing was sent again yet.
    case began
    /// The first ACK of what was sent again will tell.
    case awaitsEcho
  }

  /// When the phase began: an echo of our clock from before says nothing about what was sent again since, as the ACK of
  /// the first copy may have been lost (Karn).
  var began = Instant(nanoseconds: 0)
  /// RecoveryPoint of the last phase: without SACK, duplicate ACKs up to here may be echoes of what was sent again
  /// for nothing (RFC 6582 §3.2, step 2).
  var lastPoint: SequenceNumber?

  /// What may be sent in fast recovery; with SACK only.
  var rate = RateReduction()

  var isOpen: Bool { phase == .open }

  var isFast: Bool {
    if case .fast = phase { true } else { false }
  }

  private var isInLoss: Bool {
    if case .loss = phase { true } else { false }
  }

  /// A phase begins at SND.UNA, whose segment goes out first. With SACK the peer will say what it had; with
  /// timestamps, which copy of the first it was.
  mutating func begin(
    _ phase: Phase, from unacknowledged: SequenceNumber, at now: Instant, isSACKPermitted: Bool
  ) {
    // When a second RTO passes for the same data, the echo of the first copy still counts.
    if !(doubt == .awaitsEcho && beginning == unacknowledged) { doubt = .began }
    // Nor is one report enough then: each copy of it has to be one too many.
    if !(isInLoss && beginning == unacknowledged) { undoableByteCount = isSACKPermitted ? 0 : -1 }
    self.phase = phase
    began = now
    beginning = unacknowledged
    highRetransmitted = unacknowledged
    mustRetransmitFront = true
  }

  /// The phase ends; without SACK, what echoes of it say up to `point` is not believed.
  mutating func end(at point: SequenceNumber) {
    phase = .open
    duplicateCount = 0
    mustRetransmitFront = false
    lastPoint = point
  }

  /// `segment` is sent again.
  mutating func didRetransmit(_ segment: borrowing OutboundSegment) {
    if undoableByteCount >= 0 {
      // More than a number holds: nobody will tell of all that.
      let sum = Int(undoableByteCount) + segment.sequenceLength
      undoableByteCount = Int32(exactly: sum) ?? -1
    }
    guard doubt == .began, let timestamps = segment.header.options.timestamps else { return }
    firstTimestamp = timestamps.value
    doubt = .awaitsEcho
  }

  /// `block` of what was sent again has arrived twice. Returns whether that is now so of all of it.
  mutating func isForNothing(_ block: SACKBlock) -> Bool {
    guard undoableByteCount > 0, block.start - beginning >= 0 else { return false }
    undoableByteCount -= Int32(min(block.end - block.start, Int(undoableByteCount)))
    return undoableByteCount == 0
  }

  /// The first ACK beyond `beginning`, which was awaited, echoes `echo`. Returns whether that was of the first copy (RFC 3522 §3.2, step 4).
  mutating func isForNothing(_ echo: UInt32?) -> Bool {
    doubt = .none
    guard let echo else { return false }
    return Int32(truncatingIfNeeded: echo &- firstTimestamp) < 0
  }
}
