// RFC 791 §3.2, RFC 1122 §3.2.1.3 and RFC 6890 before changing this file.

import Bytes

/// An IPv4 address.
public struct IPv4Address: Hashable, Sendable, CustomStringConvertible {
  /// The address as a number: `10.0.0.1` is `0x0a000001`.
  public let rawValue: UInt32

  /// An address from its number.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// An address from its bytes in order.
  public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
    rawValue = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
  }

  init(_ bytes: RawSpan, at offset: Int) { rawValue = bytes.bigEndian32(at: offset) }

  /// Four decimal numbers without leading zeros, joined by dots; nil for anything else.
  public init?(_ text: String) {
    var value: UInt32 = 0
    var parts = 1
    var number: UInt32 = 0
    var digits = 0
    for unit in Array(text.utf8) {
      if unit == UInt8(ascii: ".") {
        guard digits > 0, parts < 4 else { return nil }
        value = value << 8 | number
        parts += 1
        (number, digits) = (0, 0)
      } else {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(unit), digits == 0 || number > 0 else {
          return nil
        }
        number = number * 10 + UInt32(unit - UInt8(ascii: "0"))
        digits += 1
        guard number <= 255 else { return nil }
      }
    }
    guard parts == 4, digits > 0 else { return nil }
    rawValue = value << 8 | number
  }

  /// `0.0.0.0`: no address yet.
  public static let unspecified = IPv4Address(rawValue: 0)
  /// `255.255.255.255`: everybody on the link.
  public static let broadcast = IPv4Address(rawValue: .max)
  /// `127.0.0.1`.
  public static let loopback = IPv4Address(127, 0, 0, 1)

  /// Whether it is `0.0.0.0`.
  public var isUnspecified: Bool { rawValue == 0 }
  /// Whether it is `255.255.255.255`.
  public var isBroadcast: Bool { rawValue == .max }
  /// Whether it is in 127.0.0.0/8.
  public var isLoopback: Bool { rawValue >> 24 == 127 }
  /// Whether it is in 224.0.0.0/4.
  public var isMulticast: Bool { rawValue >> 28 == 0xe }
  /// Whether it is in 169.254.0.0/16 (RFC 3927).
  public var isLinkLocal: Bool { rawValue >> 16 == 0xa9fe }

  /// `10.0.0.1`.
  public var description: String {
    var text = ""
    for shift: UInt32 in [24, 16, 8, 0] { text += String(rawValue >> shift & 255) + (shift > 0 ? "." : "") }
    return text
  }
}

/// A network: an address and how many of its leading bits name the network (RFC 4632).
public struct IPv4Network: Hashable, Sendable, CustomStringConvertible {
  /// The network's own address; the bits of the host are zero.
  public let address: IPv4Address
  /// 0...32.
  public let prefixLength: Int

  /// The network that `address` is in. Traps outside 0...32.
  public init(_ address: IPv4Address, prefixLength: Int) {
    precondition(prefixLength >= 0 && prefixLength <= 32)
    self.prefixLength = prefixLength
    self.address = IPv4Address(rawValue: address.rawValue & Self.mask(prefixLength))
  }

  /// The network by its mask; nil when the mask's ones do not stand together.
  public init?(_ address: IPv4Address, mask: IPv4Address) {
    let prefixLength = (~mask.rawValue).leadingZeroBitCount
    guard Self.mask(prefixLength) == mask.rawValue else { return nil }
    self.init(address, prefixLength: prefixLength)
  }

  private static func mask(_ prefixLength: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: UInt64(0xffff_ffff_0000_0000) &>> UInt64(truncatingIfNeeded: prefixLength))
  }

  /// `255.255.255.0` for a prefix of 24.
  public var mask: IPv4Address { IPv4Address(rawValue: Self.mask(prefixLength)) }
  /// The address that means everybody in the network.
  public var broadcast: IPv4Address { IPv4Address(rawValue: address.rawValue | ~mask.rawValue) }
  /// Whether `other` is in it.
  public func contains(_ other: IPv4Address) -> Bool {
    // By no more than 32 places of 64.
    UInt64(other.rawValue ^ address.rawValue) &>> UInt64(truncatingIfNeeded: 32 &- prefixLength) == 0
  }
  /// `10.0.0.0/8`.
  public var description: String { address.description + "/" + String(Int(prefixLength)) }
}
