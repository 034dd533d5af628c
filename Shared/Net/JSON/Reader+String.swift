// RFC 8259 §7 before changing this file.
import Bytes

extension Reader {
  /// The string that begins with the quote at `offset`. Most have no escape: those are copied once.
  mutating func string() throws(JSONError.Reason) -> String {
    offset += 1
    let start = offset
    try skipUnescaped()
    if bytes.byte(at: offset) == UInt8(ascii: "\"") {
      offset += 1
      return text(start..<offset - 1)
    }
    var decoded: [UInt8] = []
    var plain = start
    while true {
      append(plain..<offset, to: &decoded)
      if take(UInt8(ascii: "\"")) { break }
      try escape(into: &decoded)
      plain = offset
      try skipUnescaped()
    }
    return String(utf8: decoded)
  }

  /// Steps to the next quote or backslash over validated text; the document may not end before it.
  private mutating func skipUnescaped() throws(JSONError.Reason) {
    while true {
      offset = bytes.firstSpecial(from: offset)
      guard let byte = peek() else { throw .unexpectedEnd }
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return }
      guard byte >= 0x80 else { throw .controlCharacter }
      try skipScalar(leadingByte: byte)
    }
  }

  /// One scalar of two to four bytes (RFC 3629 §4, Unicode table 3-7).
  private mutating func skipScalar(leadingByte: UInt8) throws(JSONError.Reason) {
    let second: ClosedRange<UInt8>
    let byteCount: Int
    switch leadingByte {
    case 0xC2...0xDF: (second, byteCount) = (0x80...0xBF, 2)
    case 0xE0: (second, byteCount) = (0xA0...0xBF, 3)
    case 0xED: (second, byteCount) = (0x80...0x9F, 3)
    case 0xE1...0xEF: (second, byteCount) = (0x80...0xBF, 3)
    case 0xF0: (second, byteCount) = (0x90...0xBF, 4)
    case 0xF1...0xF3: (second, byteCount) = (0x80...0xBF, 4)
    case 0xF4: (second, byteCount) = (0x80...0x8F, 4)
    default: throw .malformedUTF8
    }
    for index in 1..<byteCount {
      guard offset + index < bytes.byteCount else { throw error(.unexpectedEnd, at: bytes.byteCount) }
      let byte = bytes.byte(at: offset + index)
      guard index == 1 ? second.contains(byte) : byte & 0xC0 == 0x80 else { throw .malformedUTF8 }
    }
    offset += byteCount
  }

  /// The escape whose backslash is at `offset`.
  private mutating func escape(into decoded: inout [UInt8]) throws(JSONError.Reason) {
    let start = offset
    offset += 1
    guard let byte = peek() else { throw .unexpectedEnd }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(byte)
    case UInt8(ascii: "b"): decoded.append(0x08)
    case UInt8(ascii: "f"): decoded.append(0x0C)
    case UInt8(ascii: "n"): decoded.append(0x0A)
    case UInt8(ascii: "r"): decoded.append(0x0D)
    case UInt8(ascii: "t"): decoded.append(0x09)
    case UInt8(ascii: "u"): append(try escapedScalar(from: start), to: &decoded)
    default: throw error(.malformedEscape, at: start)
    }
  }

  /// The scalar of `\uXXXX`, or of two of them that are a surrogate pair; `offset` is behind the first `u`.
  private mutating func escapedScalar(from start: Int) throws(JSONError.Reason) -> UInt32 {
    let first = try fourHexDigits(of: start)
    if first < 0xD800 || first > 0xDFFF { return first }
    guard first <= 0xDBFF else { throw error(.loneSurrogate, at: start) }
    let next = offset
    guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
      throw offset == bytes.byteCount ? .unexpectedEnd : error(.loneSurrogate, at: start)
    }
    let second = try fourHexDigits(of: next)
    guard second >= 0xDC00 && second <= 0xDFFF else { throw error(.loneSurrogate, at: start) }
    return 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
  }

  private mutating func fourHexDigits(of escape: Int) throws(JSONError.Reason) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek() else { throw .unexpectedEnd }
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: throw error(.malformedEscape, at: escape)
      }
      value = value << 4 | UInt32(digit)
      offset += 1
    }
    return value
  }

  private func append(_ scalar: UInt32, to decoded: inout [UInt8]) {
    switch scalar {
    case ..<0x80: decoded.append(UInt8(scalar))
    case ..<0x800:
      decoded.append(UInt8(0xC0 | scalar >> 6))
      decoded.append(UInt8(0x80 | scalar & 0x3F))
    case ..<0x10000:
      decoded.append(UInt8(0xE0 | scalar >> 12))
      decoded.append(UInt8(0x80 | scalar >> 6 & 0x3F))
      decoded.append(UInt8(0x80 | scalar & 0x3F))
    default:
      decoded.append(UInt8(0xF0 | scalar >> 18))
      decoded.append(UInt8(0x80 | scalar >> 12 & 0x3F))
      decoded.append(UInt8(0x80 | scalar >> 6 & 0x3F))
      decoded.append(UInt8(0x80 | scalar & 0x3F))
    }
  }

  private func append(_ range: Range<Int>, to decoded: inout [UInt8]) {
    bytes.extracting(range).withUnsafeBytes { decoded.append(contentsOf: $0) }
  }

  /// The bytes of `range`, which were validated, as a string.
  func text(_ range: Range<Int>) -> String {
    String(utf8: bytes.extracting(range))
  }
}
