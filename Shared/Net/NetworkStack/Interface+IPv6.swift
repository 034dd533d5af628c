// RFC 4862 and RFC 4861 §5.2 before changing this file.

import Bytes
import EventLoop
import Platform
import Wire

extension Interface {
  func start(_ addressing: IPv6Addressing) {}
  var usesIPv6: Bool { false }
  func listens(to group: IPv6Address) -> Bool { false }
  func nextHopOfIPv6(to destination: IPv6Address) -> IPv6Address? { nil }
  func sourceOfIPv6(for destination: IPv6Address) -> IPv6Address? { nil }
  func isOnLinkIPv6(_ address: IPv6Address) -> Bool { false }
  func hearOfOurs(_ message: NeighbourMessage) -> Bool { false }
  func receive(_ message: borrowing RouterAdvertisement) {}
}
