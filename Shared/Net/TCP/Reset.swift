// RFC 9293 §3.10.7.1 before changing this file.

import Wire

extension TCPHeader {
  /// The RST that answers a segment to a port where nobody is; nil when it is an RST itself.
  public init?(resetting segment: borrowing TCPSegment) {
    guard !segment.flags.contains(.rst) else { return nil }
    if segment.flags.contains(.ack) {
      self.init(
        sourcePort: segment.destinationPort, destinationPort: segment.sourcePort,
        sequenceNumber: segment.acknowledgementNumber, acknowledgementNumber: SequenceNumber(0),
        flags: .rst, window: 0)
    } else {
      self.init(
        sourcePort: segment.destinationPort, destinationPort: segment.sourcePort,
        sequenceNumber: SequenceNumber(0),
        acknowledgementNumber: segment.sequenceNumber + segment.sequenceLength, flags: [.rst, .ack],
        window: 0)
    }
  }
}
