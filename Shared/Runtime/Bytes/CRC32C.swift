// RFC 3720 §B.4 (the polynomial and its test vectors) before changing this file.

/// The Castagnoli CRC: finds damage, not forgery.
public struct CRC32C: Sendable {
  /// The polynomial 0x1EDC6F41, bits reversed, by the low four bits of the remainder: 64 bytes of table.
  private static let table: InlineArray<16, UInt32> = [
    0x0000_0000, 0x105e_c76f, 0x20bd_8ede, 0x30e3_49b1, 0x417b_1dbc, 0x5125_dad3, 0x61c6_9362, 0x7198_540d,
    0x82f6_3b78, 0x92a8_fc17, 0xa24b_b5a6, 0xb215_72c9, 0xc38d_26c4, 0xd3d3_e1ab, 0xe330_a81a, 0xf36e_6f75,
  ]

  private var remainder: UInt32 = .max

  /// The CRC of no bytes.
  public init() {}

  /// Takes in the bytes that follow. About 9 instructions a byte.
  public mutating func update(_ bytes: RawSpan) {
    var remainder = remainder
    // Safe: no byte at or behind `count` is read.
    bytes.withUnsafeBytes { bytes in
      var offset = 0
      // The remainder of four bytes is that of one after the other: low bits come first.
      while bytes.count &- offset >= 4 {
        remainder ^= UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        remainder = Self.afterByte(Self.afterByte(Self.afterByte(Self.afterByte(remainder))))
        offset &+= 4
      }
      while offset < bytes.count {
        remainder = Self.afterByte(remainder ^ UInt32(bytes[offset]))
        offset &+= 1
      }
    }
    self.remainder = remainder
  }

  /// The remainder once its low byte went through the polynomial.
  @inline(__always)
  private static func afterByte(_ remainder: UInt32) -> UInt32 {
    let half = remainder >> 4 ^ table[Int(remainder & 15)]
    return half >> 4 ^ table[Int(half & 15)]
  }

  /// Of everything that was taken in.
  public var value: UInt32 { ~remainder }

  /// Of `bytes`.
  public static func of(_ bytes: RawSpan) -> UInt32 {
    var crc = CRC32C()
    crc.update(bytes)
    return crc.value
  }
}
