import Platform
import Wire

/// A link that sends only now and then, all at once, as radio and cable uplinks do: frames wait for the next multiple
/// of an interval and leave together. What is mostly ACKs becomes compressed ACKs (RFC 2525 calls what follows bursts).
///
/// Some such links also thin: of the pure ACKs that wait only the last one leaves (RFC 3449 §5.2.2).
final class Aggregator: PathStage {
  private let interval: UInt64
  private let thins: Bool
  /// The pure ACK that waits, by connection, and when it leaves.
  private var waiting: [UInt32: (acknowledgement: WaitingAcknowledgement, until: Instant)] = [:]

  /// Waits for multiples of `interval`.
  init(interval: UInt64, thins: Bool) {
    self.interval = interval
    self.thins = thins
  }

  func take(_ frame: FrameBuffer, at hop: Hop) {
    let departure = Instant(nanoseconds: (hop.now.nanoseconds / interval + 1) * interval)
    guard thins, let segment = SegmentEditor(frame), segment.isPureAcknowledgement else {
      return hop.pass(frame, at: departure)
    }
    let ports = segment.load32(at: 0)
    if let (last, until) = waiting[ports], until > hop.now, last.isOlder(than: segment) {
      // The newer one takes the older one's place.
      last.frame.copy(frame)
      last.acknowledgement = segment.acknowledgementNumber
      return hop.drop(frame, "thinned")
    }
    waiting[ports] = (WaitingAcknowledgement(frame, segment.acknowledgementNumber), departure)
    hop.pass(frame, at: departure)
  }
}

/// A pure ACK that may still be replaced.
private final class WaitingAcknowledgement {
  let frame: FrameBuffer
  var acknowledgement: SequenceNumber

  init(_ frame: FrameBuffer, _ acknowledgement: SequenceNumber) {
    self.frame = frame
    self.acknowledgement = acknowledgement
  }

  /// A duplicate says something of its own, so only one that acknowledges more replaces it.
  func isOlder(than segment: SegmentEditor) -> Bool { acknowledgement < segment.acknowledgementNumber }
}
