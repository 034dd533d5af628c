import Bytes

// RFC 3986 §2 and the URL standard's application/x-www-form-urlencoded before changing this file.

/// Percent-encoding, both ways.
public enum PercentCoding {
  /// Decodes `%XX`; with `plusIsSpace` also `+`. Nil when an escape is malformed, or when the result is not
  /// UTF-8 or holds a NUL, which no text of the shop has a use for.
  @inline(never)
  public static func decode(_ input: RawSpan, plusIsSpace: Bool = false) -> String? {
    let count = input.byteCount
    var isPlain = true
    for index in 0..<count {
      let byte = input.byte(index)
      if byte == ASCII.percent || byte == 0 || byte >= 0x80 || (plusIsSpace && byte == ASCII.plus) {
        isPlain = false
        break
      }
    }
    if isPlain { return input.string(0..<count) }
    guard let bytes = decodeBytes(input, plusIsSpace: plusIsSpace), !bytes.contains(0) else { return nil }
    return String(validUTF8: bytes.span.bytes)
  }

  /// Decodes to bytes; nil when an escape is malformed.
  @inline(never)
  public static func decodeBytes(_ input: RawSpan, plusIsSpace: Bool = false) -> [UInt8]? {
    let count = input.byteCount
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    var index = 0
    while index < count {
      let byte = input.byte(index)
      if byte == ASCII.percent {
        guard index + 2 < count, let high = ASCII.hexadecimalValue(input.byte(index + 1)),
          let low = ASCII.hexadecimalValue(input.byte(index + 2))
        else { return nil }
        bytes.append(high << 4 | low)
        index += 3
      } else {
        bytes.append(plusIsSpace && byte == ASCII.plus ? ASCII.space : byte)
        index += 1
      }
    }
    return bytes
  }

  /// `text` as one path segment: everything but unreserved bytes is escaped, `/` too.
  public static func encode(pathSegment text: String) -> String { encode(text, spaceAsPlus: false) }

  /// `text` as a name or value in a query or a form: like a path segment, but a space becomes `+`.
  public static func encode(query text: String) -> String { encode(text, spaceAsPlus: true) }

  private static func encode(_ text: String, spaceAsPlus: Bool) -> String {
    let digits: StaticString = "0123456789ABCDEF"
    var bytes = ByteBuffer(capacity: text.byteCount)
    text.withBytes { text in
      for index in 0..<text.byteCount {
        let byte = text.byte(at: index)
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, ASCII.hyphen, ASCII.dot, 0x5f, 0x7e: bytes.append(byte)
        case ASCII.space where spaceAsPlus: bytes.append(ASCII.plus)
        default:
          bytes.append(ASCII.percent)
          bytes.append(digits.utf8Start[Int(byte >> 4)])
          bytes.append(digits.utf8Start[Int(byte & 15)])
        }
      }
    }
    return String(utf8: bytes.bytes)
  }
}
