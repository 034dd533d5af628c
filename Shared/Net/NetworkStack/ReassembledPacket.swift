import Bytes
import Wire

/// A packet that owns its bytes: one put together, or a first fragment whose others did not come.
struct ReassembledPacket: ~Copyable {
  private let bytes: ByteBuffer
  /// Which family it is of.
  let isIPv6: Bool
  /// Whether a fragment came in a broadcast or multicast frame: for `PacketScope`.
  let isLinkGroup: Bool

  init(_ bytes: consuming ByteBuffer, isIPv6: Bool, isLinkGroup: Bool) {
    self.bytes = bytes
    self.isIPv6 = isIPv6
    self.isLinkGroup = isLinkGroup
  }

  /// Bytes of header and payload.
  var byteCount: Int { bytes.count }

  /// Lends a packet of IPv4: whole, valid, and with a right header checksum. Nobody looked at its payload's checksum.
  /// Traps when it is of IPv6.
  func withPacket<R>(_ body: (borrowing IPv4Packet) -> R) -> R {
    do throws(WireError) {
      return body(try IPv4Packet(validating: bytes.bytes, checksumIsTrusted: true))
    } catch {
      preconditionFailure("put together wrongly")
    }
  }

  /// Lends a packet of IPv6, whose extension headers behind the fragment header nobody looked at until now: what is
  /// wrong with them is thrown, or is the packet's `problem`. Neighbour discovery never comes in fragments, and is
  /// refused as `badValue` (RFC 6980 §5). Traps when it is of IPv4.
  func withIPv6Packet<R>(_ body: (borrowing IPv6Packet) -> R) throws(WireError) -> R {
    precondition(isIPv6)
    let packet = try IPv6Packet(validating: bytes.bytes)
    if packet.protocol == .icmpv6, packet.payload.byteCount > 0, NDPType.contains(packet.payload.byte(at: 0))
    {
      throw .badValue
    }
    return body(packet)
  }
}
