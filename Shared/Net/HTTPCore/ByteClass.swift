import Bytes

// RFC 9110 §5.6.2 (tokens), RFC 9110 §5.5 (field values) and RFC 3986 appendix A (URIs) before changing this file.

/// What a byte may be part of: one bit per class, one table for all, so that a run of ordinary bytes costs
/// one load and one test per byte.
enum ByteClass {
  /// `tchar`: method, field name, list token.
  static let token: UInt8 = 1
  /// What a field value may hold: visible ASCII, space, tab, obs-text.
  static let fieldValue: UInt8 = 2
  /// `pchar` or `/`, without the `%` of an escape.
  static let path: UInt8 = 4
  /// `pchar`, `/` or `?`, without `%`.
  static let query: UInt8 = 8
  /// `reg-name`: unreserved or sub-delims, without `%`.
  static let name: UInt8 = 16
  /// A hexadecimal digit.
  static let hexadecimal: UInt8 = 32
  /// A decimal digit.
  static let digit: UInt8 = 64

  // swift-format-ignore
  private static let table: InlineArray<256, UInt8> = [
      0,   0,   0,   0,   0,   0,   0,   0,   0,   2,   0,   0,   0,   0,   0,   0,
      0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,
      2,  31,   2,   3,  31,   3,  31,  31,  30,  30,  31,  31,  30,  31,  31,  14,
    127, 127, 127, 127, 127, 127, 127, 127, 127, 127,  14,  30,   2,  30,   2,  10,
     14,  63,  63,  63,  63,  63,  63,  31,  31,  31,  31,  31,  31,  31,  31,  31,
     31,  31,  31,  31,  31,  31,  31,  31,  31,  31,  31,   2,   2,   2,   3,  31,
      3,  63,  63,  63,  63,  63,  63,  31,  31,  31,  31,  31,  31,  31,  31,  31,
     31,  31,  31,  31,  31,  31,  31,  31,  31,  31,  31,   2,   3,   2,  31,   0,
      2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,
      2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,
      2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,
      2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,
      2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,
      2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,
      2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,
      2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,   2,
  ]

  /// Whether `byte` belongs to one of the classes in `mask`.
  @inline(__always)
  static func contains(_ byte: UInt8, _ mask: UInt8) -> Bool { table[Int(byte)] & mask != 0 }
}

/// The bytes that the formats here give a meaning to.
enum ASCII {
  static let tab: UInt8 = 0x09
  static let lineFeed: UInt8 = 0x0a
  static let carriageReturn: UInt8 = 0x0d
  static let space: UInt8 = 0x20
  static let quote: UInt8 = 0x22
  static let percent: UInt8 = 0x25
  static let ampersand: UInt8 = 0x26
  static let asterisk: UInt8 = 0x2a
  static let plus: UInt8 = 0x2b
  static let comma: UInt8 = 0x2c
  static let hyphen: UInt8 = 0x2d
  static let dot: UInt8 = 0x2e
  static let slash: UInt8 = 0x2f
  static let zero: UInt8 = 0x30
  static let one: UInt8 = 0x31
  static let colon: UInt8 = 0x3a
  static let semicolon: UInt8 = 0x3b
  static let equals: UInt8 = 0x3d
  static let question: UInt8 = 0x3f
  static let openBracket: UInt8 = 0x5b
  static let backslash: UInt8 = 0x5c
  static let closeBracket: UInt8 = 0x5d
  static let openBrace: UInt8 = 0x7b
  static let closeBrace: UInt8 = 0x7d

  /// The value of a hexadecimal digit, nil for any other byte.
  @inline(__always)
  static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }

  /// The lower-case form of an ASCII letter; other bytes as they are.
  @inline(__always)
  static func lowercased(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte }
}

extension RawSpan {
  /// The byte at `index`, which the caller has compared with `byteCount`: scanning loops do it once per run.
  @inline(__always)
  func byte(_ index: Int) -> UInt8 {
    assert(index >= 0 && index < byteCount)
    // In bounds by the contract above; every bit pattern is a byte.
    return unsafeLoad(fromUncheckedByteOffset: index, as: UInt8.self)
  }

  /// The first index from `start` on, below `end`, whose byte is of none of the classes in `mask`.
  @inline(__always)
  func run(of mask: UInt8, from start: Int, to end: Int) -> Int {
    var index = start
    while index < end, ByteClass.contains(byte(index), mask) { index += 1 }
    return index
  }

  /// Like `run(of:)` for field values, eight bytes at a time: values are most of what browsers send.
  @inline(__always)
  func runOfFieldValue(from start: Int, to end: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    var index = start
    while end &- index >= 8 {
      // `end` is inside the span, and eight bytes are left before it.
      let word = unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
      let noDelete = word ^ (ones &* 0x7f)
      // The high bit of a byte is set where it is below 0x20, or is 0x7f; above a hit there may be false ones.
      let below = (word &- ones &* 0x20) & ~word
      let delete = (noDelete &- ones) & ~noDelete
      if (below | delete) & (ones &* 0x80) != 0 { break }
      index &+= 8
    }
    return run(of: ByteClass.fieldValue, from: index, to: end)
  }

  /// Whether `range` reads like `text`, which is in lower case, in any case. Range is inside the span.
  @inline(__always)
  func matches(_ range: Range<Int>, lowercase text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard range.count == count else { return false }
    let start = text.utf8Start
    for index in 0..<count where ASCII.lowercased(byte(range.lowerBound &+ index)) != start[index] {
      return false
    }
    return true
  }

  /// The same, not inlined: for what is asked seldom.
  @inline(never)
  func reads(_ range: Range<Int>, lowercase text: StaticString) -> Bool { matches(range, lowercase: text) }

  /// `range` without the spaces and tabs at both ends.
  func trimmed(_ range: Range<Int>) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, byte(start) == ASCII.space || byte(start) == ASCII.tab { start += 1 }
    while end > start, byte(end - 1) == ASCII.space || byte(end - 1) == ASCII.tab { end -= 1 }
    return start..<end
  }
}
