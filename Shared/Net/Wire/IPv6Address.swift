// RFC 4291 §2.2 before changing this file.

import Bytes

/// An IPv6 address. So far only what a DNS answer (AAAA) holds.
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
}
