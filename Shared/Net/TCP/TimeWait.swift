// RFC 9293 §3.10.7.4 and §3.6.1, RFC 1337 and RFC 6191 §2 before changing this file.

import Platform
import Wire

/// What is remembered of a connection in TIME-WAIT: enough to answer a FIN that comes again, and to tell a new
/// connection from a late segment. Small, as there can be tens of thousands.
public struct TimeWait: Sendable {
  /// When it may be forgotten.
  public private(set) var until: Instant
  private let duration: UInt64
  private let sendNext: SequenceNumber
  private let receiveNext: SequenceNumber
  private let window: UInt16
  private let timestamps: Timestamps?

  /// What to do about a segment.
  public enum Answer: Sendable {
    /// Nothing.
    case drop
    /// Send this segment, which has no payload.
    case send(TCPHeader)
    /// A new connection begins: forget this one and treat the segment as a SYN to a listener.
    case reopen
  }

  /// Remembers `connection`, which is in TIME-WAIT since `now`.
  public init(_ connection: borrowing Connection, at now: Instant) {
    precondition(connection.state == .timeWait)
    duration = connection.configuration.timeWait
    until = now.advanced(byNanoseconds: duration)
    sendNext = connection.sendNext
    receiveNext = connection.receiveNext
    // The edge as it was told, or less than a unit beyond it; a peer that has finished has no use for it.
    let (told, shift) = (connection.receiveEdge - receiveNext, Int(connection.receiveWindowShift))
    window = UInt16(min((max(0, told) + (1 << shift) - 1) >> shift, 0xffff))
    timestamps = connection.timestamps
  }

  /// Takes a segment that arrived at `now`.
  public mutating func receive(_ segment: borrowing TCPSegment, at now: Instant) -> Answer {
    let flags = segment.flags
    // An RST does not end TIME-WAIT: an old one could (RFC 1337 §3).
    if flags.contains(.rst) { return .drop }
    if flags.contains(.syn) {
      if isNewer(segment, at: now) { return .reopen }
      return .send(acknowledgement(segment, at: now))
    }
    guard flags.contains(.ack) else { return .drop }
    // A FIN again: our ACK was lost, and the wait begins anew.
    if flags.contains(.fin) { until = now.advanced(byNanoseconds: duration) }
    return segment.sequenceLength > 0 ? .send(acknowledgement(segment, at: now)) : .drop
  }

  /// Whether a SYN cannot be a late one: its timestamp is newer, or without timestamps its number lies beyond
  /// (RFC 6191 §2).
  private func isNewer(_ segment: borrowing TCPSegment, at now: Instant) -> Bool {
    if segment.flags.contains(.ack) { return false }
    if let timestamps, let theirs = segment.options.timestamps {
      let difference = Int32(truncatingIfNeeded: theirs.value &- timestamps.recent)
      if difference != 0 { return difference > 0 }
    }
    return segment.sequenceNumber >= receiveNext
  }

  /// The initial sequence number of a connection of ours that may take this one's place before its time; nil when none
  /// may. With timestamps the peer tells late segments of either from each other once its clock has moved on, and ours
  /// goes on where it was (RFC 6191 §2, seen from the other side).
  public func successor(at now: Instant) -> SequenceNumber? {
    guard timestamps != nil, until <= now.advanced(byNanoseconds: duration - min(duration, Self.reuseDelay))
    else {
      return nil
    }
    // Beyond any window that the old connection can have had without scaling, as Linux does.
    return sendNext + 0x1_0001
  }

  /// How long a connection in TIME-WAIT is left alone, in nanoseconds: by then any peer's clock has ticked (RFC 7323
  /// §5.4: once a second at least).
  static let reuseDelay: UInt64 = 1_000_000_000

  private func acknowledgement(_ segment: borrowing TCPSegment, at now: Instant) -> TCPHeader {
    var header = TCPHeader(
      sourcePort: segment.destinationPort, destinationPort: segment.sourcePort, sequenceNumber: sendNext,
      acknowledgementNumber: receiveNext, flags: .ack, window: window)
    header.options.timestamps = timestamps?.option(at: now)
    return header
  }
}
