// RFC 792, RFC 1122 §3.2.2 and RFC 5927 §4 before changing this file.

import Bytes

/// The beginning of a packet of ours that an ICMP error quotes: its header and at least 8 bytes behind it.
/// That is enough to find whose it was, and too little for the checks of a packet; who quotes may have
/// changed time to live, checksum and length.
public struct QuotedIPv4Packet: ~Escapable {
  /// Bytes behind the header that an error must quote (RFC 792).
  public static let minimumPayloadByteCount = 8

  private let bytes: RawSpan
  private let headerByteCount: Int

  /// Reads an error's payload. Refuses `truncated`, `unsupported`, `badLength`.
  @_lifetime(copy bytes)
  public init(validating bytes: RawSpan) throws(WireError) {
    guard bytes.byteCount >= IPv4Packet.minimumHeaderByteCount else { throw .truncated }
    let first = bytes.byte(at: 0)
    guard first >> 4 == 4 else { throw .unsupported }
    let header = Int(first & 15) * 4
    guard header >= IPv4Packet.minimumHeaderByteCount else { throw .badLength }
    guard bytes.byteCount >= header + Self.minimumPayloadByteCount else { throw .truncated }
    self.bytes = bytes
    headerByteCount = header
  }

  /// Who sent it: one of our addresses, or the error is not for us.
  public var source: IPv4Address { IPv4Address(bytes, at: 12) }
  /// Who it was for.
  public var destination: IPv4Address { IPv4Address(bytes, at: 16) }
  /// What it carried.
  public var `protocol`: IPProtocol { IPProtocol(rawValue: bytes.byte(at: 9)) }
  /// Whether it was another than the first fragment, so that no ports can be read.
  public var isLaterFragment: Bool { bytes.bigEndian16(at: 6) & 0x1fff != 0 }
  /// Our port, of TCP or UDP.
  public var sourcePort: UInt16 { bytes.bigEndian16(at: headerByteCount) }
  /// The peer's port, of TCP or UDP.
  public var destinationPort: UInt16 { bytes.bigEndian16(at: headerByteCount + 2) }
  /// The place in the stream of TCP, which must be in flight for the error to be believed (RFC 5927 §4.1).
  public var sequenceNumber: SequenceNumber { SequenceNumber(bytes.bigEndian32(at: headerByteCount + 4)) }
  /// What was quoted behind the header: 8 bytes or more.
  public var payload: RawSpan {
    @_lifetime(copy self) get { bytes.extracting(headerByteCount..<bytes.byteCount) }
  }
}
