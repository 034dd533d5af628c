// RFC 4861 §4.2 and §6.1.2, and RFC 4191 §2.2 before changing this file.

import Bytes

/// What a router says about its link, validated.
public struct RouterAdvertisement: ~Escapable {
  static let minimumByteCount = 16

  private let bytes: RawSpan
  /// The router: a link-local address.
  public let source: IPv6Address
  /// The options, to be read once.
  public let options: NDPOptions

  /// Reads `message`, which came in `packet`. Refuses `unsupported` (another message), `truncated`, `badOption` and
  /// `badValue` (from another link, or not from a link-local address).
  @_lifetime(copy message)
  public init(validating message: borrowing ICMPv6Message, in packet: borrowing IPv6Packet) throws(WireError)
  {
    guard message.type == NDPType.routerAdvertisement else { throw .unsupported }
    options = try message.options(behind: Self.minimumByteCount, packet)
    source = packet.source
    guard source.isLinkLocal else { throw .badValue }
    bytes = message.bytes
  }

  /// How many hops packets of hosts should go; 0 when it does not say.
  public var hopLimit: UInt8 { bytes.byte(at: 4) }
  /// Whether DHCPv6 gives addresses, which is not spoken here.
  public var isManaged: Bool { bytes.byte(at: 5) & 0x80 != 0 }
  /// Whether it would rather be asked than others (1) or less than others (-1); 0 in between.
  public var preference: Int {
    switch bytes.byte(at: 5) >> 3 & 3 {
    case 1: 1
    case 3: -1
    // 2 is reserved, and read as 0 (RFC 4191 §2.2).
    default: 0
    }
  }
  /// How long it may be a default router; 0 when it is none.
  public var lifetimeSeconds: UInt16 { bytes.bigEndian16(at: 6) }
  /// The hardware address of the router, if it says so.
  public var hardware: EthernetAddress? { options.hardware(NDPOption.sourceHardware) }
}
