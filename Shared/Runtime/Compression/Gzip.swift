// RFC 1952 (GZIP file format 4.3) before changing this file.

import Bytes

/// A file compressed by `gzip`.
///
/// For texts that a program carries in itself and sends as they are: browsers unpack them. What `gzip -n` writes is
/// read: one member without a name, a comment or extra fields. Our own, because zlib's would be 27 KB of an image and this
/// is 4.
public enum Gzip {
  /// The file. It is never longer than `limit` bytes, and its length and CRC are those of the trailer (§2.3.1).
  public static func decompress(_ member: Span<UInt8>, limit: Int) throws(GzipError) -> [UInt8] {
    let header = 10
    let trailer = 8
    guard member.count >= header + trailer else { throw .truncated }
    // ID1, ID2, CM (deflate), FLG.
    guard member.bytes.bigEndian32(at: 0) == 0x1f8b_0800 else { throw .unknownFormat }

    var inflater = Inflater(member.extracting(header..<member.count - trailer), limit: limit)
    inflater.run()
    if let failure = inflater.failure { throw failure }
    let bytes = inflater.output
    let end = member.count - trailer
    guard crc(of: bytes) == member.bytes.bigEndian32(at: end).byteSwapped,
      UInt32(truncatingIfNeeded: bytes.count) == member.bytes.bigEndian32(at: end + 4).byteSwapped
    else { throw .damaged }
    return bytes
  }

  /// CRC-32 (§8), bit by bit: what is unpacked, is so once.
  private static func crc(of bytes: [UInt8]) -> UInt32 {
    var remainder = UInt32.max
    for byte in bytes {
      remainder ^= UInt32(byte)
      for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 0 ? 0 : 0xedb8_8320) }
    }
    return ~remainder
  }
}

/// Why a file cannot be unpacked.
public enum GzipError: Error {
  /// It ends too early.
  case truncated
  /// It does not begin as `gzip -n` begins a file.
  case unknownFormat
  /// It contradicts itself: a code, a distance, the length or the CRC.
  case damaged
  /// What is in it is longer than the limit.
  case tooLarge
}
