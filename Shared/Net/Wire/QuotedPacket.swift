// RFC 792, RFC 1122 §3.2.2, RFC 4443 §2.4 and RFC 5927 §4 before changing this file.

import Bytes

/// The beginning of a packet of ours, of either family, that an ICMP error quotes: its header and at least 8 bytes
/// behind it. That is enough to find whose it was, and too little for the checks of a packet; who quotes may have
/// changed hops, checksum and length. Extension headers are not walked, as no packet of ours with ports has any.
public struct QuotedPacket: ~Escapable {
  /// Bytes behind the header that an error must quote (RFC 792).
  public static let minimumPayloadByteCount = 8

  private let bytes: RawSpan
  private let headerByteCount: Int

  /// Reads an error's payload. Refuses `truncated`, `unsupported`, `badLength`.
  @_lifetime(copy bytes)
  public init(validating bytes: RawSpan) throws(WireError) {
    guard bytes.byteCount >= IPv4Packet.minimumHeaderByteCount else { throw .truncated }
    let first = bytes.byte(at: 0)
    let header: Int
    switch first >> 4 {
    case 4:
      header = Int(first & 15) * 4
      guard header >= IPv4Packet.minimumHeaderByteCount else { throw .badLength }
    case 6: header = IPv6Packet.minimumHeaderByteCount
    default: throw .unsupported
    }
    guard bytes.byteCount >= header + Self.minimumPayloadByteCount else { throw .truncated }
    self.bytes = bytes
    headerByteCount = header
  }

  /// Whether it is a packet of IPv6: an error of the other family's ICMP may not quote it.
  public var isIPv6: Bool { bytes.byte(at: 0) >> 4 == 6 }
  /// Who sent it: one of our addresses, or the error is not for us. Of IPv4 in the mapped form.
  public var source: IPv6Address {
    isIPv6 ? IPv6Address(bytes, at: 8) : IPv6Address(mapped: IPv4Address(bytes, at: 12))
  }
  /// Who it was for. Of IPv4 in the mapped form.
  public var destination: IPv6Address {
    isIPv6 ? IPv6Address(bytes, at: 24) : IPv6Address(mapped: IPv4Address(bytes, at: 16))
  }
  /// What it carried; of an IPv6 packet with extension headers the first of these.
  public var `protocol`: IPProtocol { IPProtocol(rawValue: bytes.byte(at: isIPv6 ? 6 : 9)) }
  /// Whether it was another than the first fragment, so that no ports can be read. Those of IPv6 have another protocol.
  public var isLaterFragment: Bool { !isIPv6 && bytes.bigEndian16(at: 6) & 0x1fff != 0 }
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
