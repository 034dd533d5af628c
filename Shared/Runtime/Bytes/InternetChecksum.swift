// RFC 1071 and RFC 1624 before changing this file.

/// The Internet checksum while it is being added up: the ones' complement sum of 16-bit words.
///
/// Pieces may be added in any number and of any length; a piece that begins at an odd place is added swapped
/// (RFC 1071 §2B). Cost: 831 instructions for 1,460 bytes.
/// (`valgrind --tool=callgrind`, release, 2026-11-23, Swift 6.3.1.)
public struct InternetChecksum: Equatable, Sendable {
  /// The sum of words as they lie in memory; the order of bytes is mended once, at the end (RFC 1071 §2B).
  private var sum: UInt64 = 0
  private var isOdd = false

  /// The sum of nothing.
  @inline(__always)
  public init() {}

  /// The sum of `bytes`.
  @inline(__always)
  public init(of bytes: RawSpan) { add(bytes) }

  /// Adds a number of 2 bytes, at an even place.
  @inline(__always)
  public mutating func add(bigEndian value: UInt16) {
    precondition(!isOdd)
    sum &+= UInt64(value.bigEndian)
  }

  /// Adds a number of 4 bytes, at an even place.
  @inline(__always)
  public mutating func add(bigEndian value: UInt32) {
    precondition(!isOdd)
    sum &+= UInt64(value.bigEndian)
  }

  /// Adds a number of 8 bytes, at an even place.
  @inline(__always)
  public mutating func add(bigEndian value: UInt64) {
    precondition(!isOdd)
    // By halves: the sum must not overflow.
    sum &+= (value.bigEndian & 0xffff_ffff) &+ value.bigEndian >> 32
  }

  /// Adds `bytes` behind what was added before.
  public mutating func add(_ bytes: RawSpan) {
    if bytes.byteCount == 0 { return }
    let piece = Self.sum(bytes)
    // Folded to 16 bits, so that 2^48 pieces cannot overflow the sum.
    sum &+= UInt64(isOdd ? piece.byteSwapped : piece)
    if bytes.byteCount & 1 == 1 { isOdd.toggle() }
  }

  /// The sum itself, not complemented: what a device that finishes the checksum expects in the field.
  public var partial: UInt16 { UInt16(bigEndian: Self.fold(sum)) }

  /// The checksum: what the field holds. Over bytes that include their right checksum it is 0.
  public var value: UInt16 { ~partial }

  /// Whether what was added includes its right checksum.
  public var isValid: Bool { Self.fold(sum) == 0xffff }

  /// The checksum after one word that it covers changed (RFC 1624 §3, equation 3).
  public static func updating(_ checksum: UInt16, from old: UInt16, to new: UInt16) -> UInt16 {
    var sum = UInt32(~checksum) + UInt32(~old) + UInt32(new)
    sum = (sum & 0xffff) + (sum >> 16)
    sum = (sum & 0xffff) + (sum >> 16)
    return ~UInt16(truncatingIfNeeded: sum)
  }

  /// The checksum after two words that it covers changed, such as an address.
  public static func updating(_ checksum: UInt16, from old: UInt32, to new: UInt32) -> UInt16 {
    let high = updating(
      checksum, from: UInt16(truncatingIfNeeded: old >> 16), to: UInt16(truncatingIfNeeded: new >> 16))
    return updating(high, from: UInt16(truncatingIfNeeded: old), to: UInt16(truncatingIfNeeded: new))
  }

  /// The words of `bytes` as they lie in memory, folded. An odd last byte is followed by a zero.
  private static func sum(_ bytes: RawSpan) -> UInt16 {
    let count = bytes.byteCount
    var total: UInt64 = 0
    var offset = 0
    if count >= 64 {
      // All words are added modulo 2^64, and their upper halves apart: what the upper halves bring into the first sum
      // is known, and without it the sum of the lower halves is left. 2^32 halves fit, so no carry is looked at.
      var words = SIMD8<UInt64>()
      var upper = SIMD8<UInt64>()
      let end = count & ~63
      while offset < end {
        // In bounds by the loop's condition; any bits are numbers.
        let block = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: SIMD8<UInt64>.self)
        words &+= block
        upper &+= block &>> 32
        offset += 64
      }
      let high = upper.wrappedSum()
      total = UInt64(fold(words.wrappedSum() &- high << 32)) + UInt64(fold(high))
    }
    while offset + 8 <= count {
      // In bounds by the loop's condition.
      let word = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
      total &+= (word & 0xffff_ffff) &+ word >> 32
      offset += 8
    }
    while offset + 2 <= count {
      total &+= UInt64(bytes.bigEndian16(at: offset).bigEndian)
      offset += 2
    }
    if offset < count { total &+= UInt64((UInt16(bytes.byte(at: offset)) << 8).bigEndian) }
    return fold(total)
  }

  @inline(__always)
  private static func fold(_ sum: UInt64) -> UInt16 {
    var sum = (sum & 0xffff_ffff) + (sum >> 32)
    sum = (sum & 0xffff) + (sum >> 16)
    sum = (sum & 0xffff) + (sum >> 16)
    sum = (sum & 0xffff) + (sum >> 16)
    return UInt16(truncatingIfNeeded: sum)
  }
}
