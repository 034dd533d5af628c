import Bytes

// RFC 4291 §2.3 before changing this file.

/// An IPv6 network: an address and how many of its leading bits name the network.
public struct IPv6Network: Hashable, Sendable, CustomStringConvertible {
  /// The network's own address; the bits behind the prefix are zero.
  public let address: IPv6Address
  /// 0...128.
  public let prefixLength: Int

  /// The network that `address` is in. Traps outside 0...128.
  public init(_ address: IPv6Address, prefixLength: Int) {
    precondition(prefixLength >= 0 && prefixLength <= 128)
    self.prefixLength = prefixLength
    self.address = Self.masked(address, prefixLength)
  }

  /// fe80::/64, where every link-local address is (RFC 4291 §2.5.6).
  public static let linkLocal = IPv6Network(IPv6Address(high: 0xfe80 << 48, low: 0), prefixLength: 64)

  private static func masked(_ address: IPv6Address, _ prefixLength: Int) -> IPv6Address {
    // A shift by 64 or more leaves nothing.
    let high = ~(UInt64.max >> UInt64(prefixLength))
    let low = prefixLength <= 64 ? 0 : ~(UInt64.max >> UInt64(prefixLength - 64))
    return IPv6Address(high: address.high & high, low: address.low & low)
  }

  /// Whether `other` is in it.
  public func contains(_ other: IPv6Address) -> Bool { Self.masked(other, prefixLength) == address }
  /// `2001:db8::/32`.
  public var description: String { address.description + "/" + String(Int(prefixLength)) }
}
