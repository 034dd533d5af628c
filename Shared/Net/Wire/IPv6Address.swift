// RFC 4291 §2 before changing this file.

import Bytes

/// An IPv6 address; tables that hold hosts of both families hold IPv4 addresses in their mapped form.
public struct IPv6Address: Hashable, Sendable {
  /// The first 8 bytes as a number.
  public let high: UInt64
  /// The last 8 bytes as a number.
  public let low: UInt64

  /// An address from its halves.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  init(_ bytes: RawSpan, at offset: Int) {
    high = bytes.bigEndian64(at: offset)
    low = bytes.bigEndian64(at: offset + 8)
  }

  /// An IPv4 address in its mapped form, `::ffff:192.0.2.1` (RFC 4291 §2.5.5.2). It never travels in an IPv6 packet.
  public init(mapped address: IPv4Address) {
    self.init(high: 0, low: 0xffff_0000_0000 | UInt64(address.rawValue))
  }

  /// The IPv4 address that this one is the mapped form of; nil when it is an IPv6 address.
  public var mapped: IPv4Address? {
    high == 0 && low >> 32 == 0xffff ? IPv4Address(rawValue: UInt32(truncatingIfNeeded: low)) : nil
  }
}
