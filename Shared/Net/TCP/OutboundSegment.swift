// RFC 9293 §3.8 before changing this file.

import Wire

/// A segment to be sent: what `Connection.nextSegment` wants.
public struct OutboundSegment: Sendable {
  /// The header, complete but for its checksum.
  public var header: TCPHeader
  /// Where the payload begins in the send queue.
  public var payloadOffset: Int
  /// Bytes of payload.
  public var payloadByteCount: Int
  /// When the payload is more than one segment's: bytes of each segment that the device shall make of it; else 0.
  public var segmentByteCount: Int
  /// Why it is sent.
  var purpose: Purpose

  enum Purpose: Sendable, Equatable {
    case reset, syn, retransmission, data, windowProbe, keepAlive, acknowledgement
  }

  init(_ header: TCPHeader, _ plan: SegmentPlan, payloadOffset: Int) {
    self.header = header
    self.payloadOffset = payloadOffset
    payloadByteCount = plan.byteCount
    segmentByteCount = plan.segmentByteCount
    purpose = plan.purpose
  }

  /// What it takes of the sequence.
  var sequenceLength: Int {
    payloadByteCount + (header.flags.contains(.syn) ? 1 : 0) + (header.flags.contains(.fin) ? 1 : 0)
  }
}

/// A segment before its header is made: a few words, so that the functions that are asked what to send do not each copy
/// a whole one.
struct SegmentPlan {
  /// The place of its first byte.
  var number: SequenceNumber
  /// Bytes of the send queue from there on.
  var byteCount: Int
  /// As of `OutboundSegment`.
  var segmentByteCount = 0
  var purpose: OutboundSegment.Purpose

  init(_ purpose: OutboundSegment.Purpose, from number: SequenceNumber, _ byteCount: Int = 0) {
    self.purpose = purpose
    self.number = number
    self.byteCount = byteCount
  }

  /// Behind its last byte.
  var end: SequenceNumber { number + byteCount }
}
