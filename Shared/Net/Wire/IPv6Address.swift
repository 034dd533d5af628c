// RFC 4291 §2 before changing this file.

import Bytes

/// An IPv6 address; tables that hold hosts of both families hold IPv4 addresses in their mapped form.
public struct IPv6Address: Hashable, Sendable {
  /// Bytes of an address.
  public static let byteCount = 16

  /// The first 8 bytes as a number.
  public let high: UInt64
  /// The last 8 bytes as a number: the interface identifier, where the prefix has 64 bits (§2.5.1).
  public let low: UInt64

  /// An address from its halves.
  @inline(__always)
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  init(_ bytes: RawSpan, at offset: Int) {
    high = bytes.bigEndian64(at: offset)
    low = bytes.bigEndian64(at: offset + 8)
  }

  /// The address with this interface identifier in a network of 64 bits: the rest of `network` is not looked at.
  public init(_ network: IPv6Network, interfaceIdentifier: UInt64) {
    self.init(high: network.address.high, low: interfaceIdentifier)
  }

  /// An IPv4 address in its mapped form, `::ffff:192.0.2.1` (RFC 4291 §2.5.5.2). It never travels in an IPv6 packet.
  @inline(__always)
  public init(mapped address: IPv4Address) {
    self.init(high: 0, low: 0xffff_0000_0000 | UInt64(address.rawValue))
  }

  /// The IPv4 address that this one is the mapped form of; nil when it is an IPv6 address.
  @inline(__always)
  public var mapped: IPv4Address? {
    isMapped ? IPv4Address(rawValue: UInt32(truncatingIfNeeded: low)) : nil
  }

  /// Whether it is the mapped form of an IPv4 address.
  @inline(__always)
  public var isMapped: Bool { high == 0 && low >> 32 == 0xffff }

  /// `::`: no address yet.
  public static let unspecified = IPv6Address(high: 0, low: 0)
  /// `::1`.
  public static let loopback = IPv6Address(high: 0, low: 1)
  /// `ff02::1`: every node on the link.
  public static let allNodes = IPv6Address(high: 0xff02 << 48, low: 1)
  /// `ff02::2`: every router on the link.
  public static let allRouters = IPv6Address(high: 0xff02 << 48, low: 2)

  /// Whether it is `::`.
  public var isUnspecified: Bool { high | low == 0 }
  /// Whether it is `::1`.
  public var isLoopback: Bool { high == 0 && low == 1 }
  /// Whether it is in ff00::/8.
  public var isMulticast: Bool { high >> 56 == 0xff }
  /// Whether it is in fe80::/10.
  public var isLinkLocal: Bool { high >> 54 == 0x3fa }
  /// Whether it is in fc00::/7 (RFC 4193).
  public var isUniqueLocal: Bool { high >> 57 == 0x7e }
  /// Whether a host can have it and be reached by it from another: neither a group, `::`, `::1` nor a mapped form.
  public var isHost: Bool {
    @inline(never) get { !isMulticast && (high != 0 || low > 1 && low >> 32 != 0xffff) }
  }

  /// The group that whoever has this address listens to: `ff02::1:ff` and its last 24 bits (§2.7.1).
  public var solicitedNode: IPv6Address {
    IPv6Address(high: 0xff02 << 48, low: 0x1_ff00_0000 | low & 0xff_ffff)
  }

  /// Appends 16 bytes. Traps when they have no room.
  @inline(__always)
  @_lifetime(output: copy output)
  func write(into output: inout OutputRawSpan) {
    output.append(bigEndian: high)
    output.append(bigEndian: low)
  }
}

extension EthernetAddress {
  /// Where packets to a group go: `33:33` and its last 32 bits (RFC 2464 §7).
  public init(group: IPv6Address) { self.init(rawValue: 0x3333_0000_0000 | group.low & 0xffff_ffff) }
}
