// RFC 791 §3.2 and RFC 8200 §4.5 before changing this file.

import Bytes
import Wire

/// A fragment of either family, as reassembly looks at it.
struct Fragment: ~Escapable {
  /// Which packet it belongs to.
  let key: FragmentKey
  /// What the whole packet begins with, as it came: of IPv6 with the extension headers, and with the fragment header,
  /// which is left out in the end.
  let header: RawSpan
  /// Where in `header` stands that a fragment header follows; 0 for IPv4.
  let protocolByteOffset: Int
  /// What it carries.
  let payload: RawSpan
  /// Where that stands in the whole packet's payload.
  let byteOffset: Int
  /// Whether fragments follow.
  let moreFragments: Bool
  /// The field of ECN.
  let congestion: UInt8

  /// A fragment of IPv4. Traps when it is none.
  @_lifetime(copy packet)
  init(_ packet: borrowing IPv4Packet) {
    precondition(packet.isFragment)
    key = FragmentKey(
      source: IPv6Address(mapped: packet.source), destination: IPv6Address(mapped: packet.destination),
      identity: UInt32(packet.protocol.rawValue) << 16 | UInt32(packet.identification))
    header = packet.wholePacket.extracting(0..<packet.headerByteCount)
    protocolByteOffset = 0
    payload = packet.payload
    byteOffset = packet.fragmentByteOffset
    moreFragments = packet.moreFragments
    congestion = packet.trafficClass & 3
  }

  /// A fragment of IPv6. Traps when it is none.
  @_lifetime(copy packet)
  init(_ packet: borrowing IPv6Packet) {
    precondition(packet.isFragment)
    key = FragmentKey(
      source: packet.source, destination: packet.destination, identity: packet.identification)
    header = packet.wholePacket.extracting(0..<packet.headerByteCount)
    protocolByteOffset = packet.protocolByteOffset
    payload = packet.payload
    byteOffset = packet.fragmentByteOffset
    moreFragments = packet.moreFragments
    congestion = packet.trafficClass & 3
  }
}

/// Which packet a fragment belongs to (RFC 791, page 28; RFC 8200 §4.5).
struct FragmentKey: Equatable {
  /// Who sent it; of IPv4 in the mapped form.
  let source: IPv6Address
  let destination: IPv6Address
  /// Identification; of IPv4 with the protocol.
  let identity: UInt32
}
