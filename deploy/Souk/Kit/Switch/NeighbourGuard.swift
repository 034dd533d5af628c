// RFC 8200 §3, RFC 4861 §4 and RFC 6620 (what such a guard is for) before changing this file.
import Bytes
import Wire

/// What IPv6 a machine behind a port of the switch may send: what comes from it, and no claim to what is another's.
///
/// It may use its one address and addresses on the link, which nobody asks for by themselves. It is no router. Extension
/// headers, behind which a claim could hide, go nowhere: no service needs any.
struct NeighbourGuard {
  private static let tcp: UInt8 = 6
  private static let udp: UInt8 = 17
  private static let icmp: UInt8 = 58

  let own: IPv6Address

  /// Whether an Ethernet frame of type IPv6 may go on.
  func allows(_ frame: RawSpan) -> Bool {
    let start = EthernetFrame.headerByteCount
    guard frame.byteCount >= start + 40, let source = address(frame, at: start + 8) else { return false }
    switch frame.byte(at: start + 6) {
    case Self.tcp, Self.udp: return isOwn(source)
    case Self.icmp:
      guard frame.byteCount >= start + 48 else { return false }
      switch frame.byte(at: start + 40) {
      // A router's advertisements, and its redirects.
      case 134, 137: return false
      // A solicitation from nobody claims its target as much as an advertisement does.
      case 135: return isOwn(source) || source == IPv6Address(high: 0, low: 0) && claimsOwn(frame, start)
      case 136: return isOwn(source) && claimsOwn(frame, start)
      // A solicitation of routers may come from nobody.
      case 133: return isOwn(source) || source == IPv6Address(high: 0, low: 0)
      default: return isOwn(source)
      }
    default: return false
    }
  }

  /// Whether the target of a neighbour's message is the machine's own.
  private func claimsOwn(_ frame: RawSpan, _ start: Int) -> Bool {
    address(frame, at: start + 48).map(isOwn) ?? false
  }

  private func isOwn(_ address: IPv6Address) -> Bool { address == own || address.high == 0xfe80 << 48 }

  private func address(_ frame: RawSpan, at offset: Int) -> IPv6Address? {
    guard frame.byteCount >= offset + 16 else { return nil }
    return IPv6Address(high: frame.bigEndian64(at: offset), low: frame.bigEndian64(at: offset + 8))
  }
}
