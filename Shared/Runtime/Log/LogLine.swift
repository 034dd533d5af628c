import Bytes
import Platform

/// One line of logfmt or JSON, built into a buffer that is reused.
///
/// Inside a text, these are written as `\u00XX` or a short escape: quotes, backslashes, all control characters
/// (C0, DEL and C1: no terminal sequences), U+2028 and U+2029 (line ends to some viewers), and the bidirectional
/// overrides (they reorder what a reader sees). So a value is one token, on one line, in the order of its bytes.
struct LogLine: ~Copyable {
  private var bytes = ByteBuffer(capacity: 512)
  private let format: Logger.Format

  init(format: Logger.Format) { self.format = format }

  mutating func begin(at time: WallTime, level: StaticString, service: String, message: StaticString) {
    bytes.removeAll()
    bytes.append(format == .json ? "{\"time\":\"" : "time=")
    CivilTime(nanosecondsSinceEpoch: time.nanosecondsSinceEpoch).write(into: &bytes)
    if format == .json { bytes.append("\"") }
    append("level", level)
    append("service", service)
    append("message", message)
  }

  mutating func end() {
    bytes.append(format == .json ? "}\n" : "\n")
  }

  func write(to console: any Console) { console.write(bytes.bytes) }

  // MARK: Fields

  mutating func append(_ name: StaticString, _ text: String) {
    write(name: name)
    text.withBytes { write(text: $0) }
  }

  mutating func append(_ name: StaticString, _ text: StaticString) {
    write(name: name)
    // Safe: a literal's bytes are there for good.
    text.withUTF8Buffer { write(text: RawSpan(_unsafeBytes: UnsafeRawBufferPointer($0))) }
  }

  mutating func append(_ name: StaticString, _ number: Int64) {
    write(name: name)
    bytes.append(decimal: Int(number))
  }

  mutating func append(_ name: StaticString, _ flag: Bool) {
    write(name: name)
    bytes.append(flag ? "true" : "false")
  }

  mutating func append(_ name: StaticString, _ duration: Duration) {
    write(name: name)
    write(duration: duration)
  }

  // MARK: Names and values

  private mutating func write(name: StaticString) {
    bytes.append(format == .json ? ",\"" : " ")
    bytes.append(name)
    bytes.append(format == .json ? "\":" : "=")
  }

  private mutating func write(duration: Duration) {
    let nanoseconds = duration.nanoseconds
    if nanoseconds < 0 { bytes.append("-") }
    let microseconds = Int(nanoseconds.magnitude / 1000)
    bytes.append(decimal: microseconds / 1_000_000)
    bytes.append(".")
    bytes.append(decimal: microseconds % 1_000_000, atLeast: 6)
  }

  @inline(never)
  private mutating func write(text: RawSpan) {
    var count = text.byteCount
    if count > Logger.maximumValueByteCount {
      // Cut between characters: not before a continuation byte.
      count = Logger.maximumValueByteCount
      while count > 0 && text.byte(at: count) & 0xC0 == 0x80 { count -= 1 }
    }
    let isCut = count < text.byteCount
    let isQuoted = isCut || format == .json || !Self.isBare(text)
    if isQuoted { bytes.append("\"") }
    var index = 0
    while index < count {
      var end = index
      while end < count, Self.isPlain(text.byte(at: end)) { end += 1 }
      bytes.append(text.extracting(index..<end))
      index = end < count ? end + writeUnusual(text, at: end) : end
    }
    if isCut { bytes.append("…") }
    if isQuoted { bytes.append("\"") }
  }

  /// Whether a byte means itself, in quotes.
  private static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }

  /// Writes the character at `index`, which is not plain ASCII. Returns how many bytes it has.
  private mutating func writeUnusual(_ text: RawSpan, at index: Int) -> Int {
    let byte = text.byte(at: index)
    switch byte {
    case UInt8(ascii: "\""): bytes.append("\\\"")
    case UInt8(ascii: "\\"): bytes.append("\\\\")
    case UInt8(ascii: "\n"): bytes.append("\\n")
    case UInt8(ascii: "\r"): bytes.append("\\r")
    case UInt8(ascii: "\t"): bytes.append("\\t")
    case 0..<0x20, 0x7F: write(escaped: UInt16(byte))
    case 0xC2 where text.byte(at: index + 1) < 0xA0:
      write(escaped: UInt16(text.byte(at: index + 1)))
      return 2
    case 0xE2:
      // Strings hold valid UTF-8, so a byte of 0xE2 has two more.
      let (second, third) = (text.byte(at: index + 1), text.byte(at: index + 2))
      let scalar = 0x2000 | UInt16(second & 0x3F) << 6 | UInt16(third & 0x3F)
      switch scalar {
      case 0x2028...0x202E, 0x2066...0x2069: write(escaped: scalar)
      default: bytes.append(text.extracting(index..<index + 3))
      }
      return 3
    default: bytes.append(byte)
    }
    return 1
  }

  private mutating func write(escaped scalar: UInt16) {
    bytes.append("\\u")
    for shift: UInt16 in [12, 8, 4, 0] {
      let digit = UInt8(scalar >> shift & 0xF)
      bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }

  /// Whether logfmt needs no quotes: graphic ASCII, no quote, no backslash, no equals sign, not empty.
  private static func isBare(_ text: RawSpan) -> Bool {
    for index in 0..<text.byteCount {
      let byte = text.byte(at: index)
      guard isPlain(byte), byte != UInt8(ascii: " "), byte != UInt8(ascii: "=") else { return false }
    }
    return text.byteCount > 0
  }
}
