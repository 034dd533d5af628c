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
  /// HighRxt: behind the last byte sent again in this phase.
  var highRetransmitted = SequenceNumber(0)
  /// When the phase began: an echo of our clock from before says nothing about what was sent again since, as the ACK of
  /// the first copy may have been lost (Karn).
  var began = Instant(nanoseconds: 0)
  /// Duplicate ACKs since SND.UNA last moved.
  var duplicateCount = 0
  /// FlightSize at the first of them: without what Limited Transmit sent (RFC 5681 §3.2, step 2).
  var flightByteCount = 0
  /// The first lost segment goes out whatever the window says (RFC 6675 §5, step 4.3).
  var mustRetransmitFront = false
  /// Whether the one rescue retransmission of this phase was made (RFC 6675 §4, rule 4).
  var hasRescued = false
  /// RecoveryPoint of the last phase: without SACK, duplicate ACKs up to here may be echoes of what was sent again
  /// for nothing (RFC 6582 §3.2, step 2).
  var lastPoint: SequenceNumber?

  var isOpen: Bool { phase == .open }
}

/// A segment to be sent: what `Connection.nextSegment` wants.
public struct OutboundSegment: Sendable {
  /// The header, complete but for its checksum.
  public var header: TCPHeader
  /// Where the payload begins in the send queue.
  public var payloadOffset = 0
  /// Bytes of payload.
  public var payloadByteCount = 0
  /// When the payload is more than one segment's: bytes of each segment that the device shall make of it; else 0.
  public var segmentByteCount = 0
  /// Why it is sent.
  var purpose: Purpose

  enum Purpose: Sendable, Equatable {
    case reset, syn, retransmission, data, windowProbe, keepAlive, acknowledgement
  }

  init(_ header: TCPHeader, _ purpose: Purpose) {
    self.header = header
    self.purpose = purpose
  }

  /// What it takes of the sequence.
  var sequenceLength: Int {
    payloadByteCount + (header.flags.contains(.syn) ? 1 : 0) + (header.flags.contains(.fin) ? 1 : 0)
  }
}
