// RFC 4862 and RFC 4861 §5.2 before changing this file.

import Bytes
import EventLoop
import Platform
import Wire

extension Interface {
  var usesIPv6: Bool { false }
  func listens(to group: IPv6Address) -> Bool { false }
  func nextHopOfIPv6(to destination: IPv6Address) -> IPv6Address? { nil }
  func sourceOfIPv6(for destination: IPv6Address) -> IPv6Address? { nil }
  func isOnLinkIPv6(_ address: IPv6Address) -> Bool { false }
  func hearOfOurs(_ message: NeighbourMessage) -> Bool { false }
  func receive(_ message: borrowing RouterAdvertisement) {}
}
extension IPv4Reassembler {
  mutating func insert(_ packet: borrowing IPv6Packet, isLinkGroup: Bool, at now: Instant) -> ReassembledPacket? { nil }
}
extension ReassembledPacket {
  func withIPv6Packet(_ body: (borrowing IPv6Packet) -> Void) {}
}
