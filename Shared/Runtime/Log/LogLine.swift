import Platform

/// One line of logfmt or JSON, built into a byte array that is reused.
///
/// Inside a text, these are written as `\u00XX` or a short escape: quotes, backslashes, all control characters
/// (C0, DEL and C1: no terminal sequences), U+2028 and U+2029 (line ends to some viewers), and the bidirectional
/// overrides (they reorder what a reader sees). So a value is one token, on one line, in the order of its bytes.
struct LogLine {
  private(set) var bytes: [UInt8] = []
  private let format: Logger.Format

  init(format: Logger.Format) {
    self.format = format
    bytes.reserveCapacity(512)
  }

  mutating func begin(at time: WallTime, level: StaticString, service: String, message: StaticString) {
    bytes.removeAll(keepingCapacity: true)
    if format == .json {
      bytes.append(UInt8(ascii: "{"))
      write("\"time\":\"")
      CivilTime(time).write(into: &bytes)
      bytes.append(UInt8(ascii: "\""))
    } else {
      write("time=")
      CivilTime(time).write(into: &bytes)
    }
    append(LogField("level", level))
    append(LogField("service", service))
    append(LogField("message", message))
  }

  mutating func append(_ field: LogField) {
    if format == .json {
      write(",\"")
      write(field.name)
      write("\":")
    } else {
      bytes.append(UInt8(ascii: " "))
      write(field.name)
      bytes.append(UInt8(ascii: "="))
    }
    switch field.value {
    case .text(var text): text.withUTF8 { write(text: $0) }
    case .literal(let text): text.withUTF8Buffer { write(text: $0) }
    case .integer(let number): write(number: number)
    case .bool(let flag): write(flag ? "true" : "false")
    case .duration(let duration): write(duration: duration)
    }
  }

  mutating func end() {
    if format == .json { bytes.append(UInt8(ascii: "}")) }
    bytes.append(UInt8(ascii: "\n"))
  }

  func write(to console: any Console) { console.write(bytes.span.bytes) }

  // MARK: Values

  private mutating func write(_ literal: StaticString) {
    literal.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }

  private mutating func write(number: Int64) {
    if number < 0 { bytes.append(UInt8(ascii: "-")) }
    write(digits: number.magnitude, atLeast: 1)
  }

  private mutating func write(digits number: UInt64, atLeast minimum: Int) {
    let first = bytes.count
    var rest = number
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0 || bytes.count - first < minimum
    bytes[first...].reverse()
  }

  private mutating func write(duration: Duration) {
    let nanoseconds = duration.nanoseconds
    if nanoseconds < 0 { bytes.append(UInt8(ascii: "-")) }
    let microseconds = nanoseconds.magnitude / 1000
    write(digits: microseconds / 1_000_000, atLeast: 1)
    bytes.append(UInt8(ascii: "."))
    write(digits: microseconds % 1_000_000, atLeast: 6)
  }

  private mutating func write(text: UnsafeBufferPointer<UInt8>) {
    var count = text.count
    if count > Logger.maximumValueByteCount {
      // Cut between characters: not before a continuation byte.
      count = Logger.maximumValueByteCount
      while count > 0 && text[count] & 0xC0 == 0x80 { count -= 1 }
    }
    let isCut = count < text.count
    let isQuoted = isCut || format == .json || !Self.isBare(text)
    if isQuoted { bytes.append(UInt8(ascii: "\"")) }
    var index = 0
    while index < count {
      let byte = text[index]
      if byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") {
        bytes.append(byte)
        index += 1
      } else {
        index += writeUnusual(text, at: index)
      }
    }
    if isCut { write("…") }
    if isQuoted { bytes.append(UInt8(ascii: "\"")) }
  }

  /// Writes the character at `index`, which is not plain ASCII. Returns how many bytes it has.
  private mutating func writeUnusual(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> Int {
    let byte = text[index]
    switch byte {
    case UInt8(ascii: "\""): write("\\\"")
    case UInt8(ascii: "\\"): write("\\\\")
    case UInt8(ascii: "\n"): write("\\n")
    case UInt8(ascii: "\r"): write("\\r")
    case UInt8(ascii: "\t"): write("\\t")
    case 0..<0x20, 0x7F: write(escaped: UInt16(byte))
    case 0xC2 where text[index + 1] < 0xA0:
      write(escaped: UInt16(text[index + 1]))
      return 2
    case 0xE2:
      // Strings hold valid UTF-8, so a byte of 0xE2 has two more.
      let scalar = 0x2000 | UInt16(text[index + 1] & 0x3F) << 6 | UInt16(text[index + 2] & 0x3F)
      switch scalar {
      case 0x2028...0x202E, 0x2066...0x2069: write(escaped: scalar)
      default: bytes.append(contentsOf: text[index..<index + 3])
      }
      return 3
    default: bytes.append(byte)
    }
    return 1
  }

  private mutating func write(escaped scalar: UInt16) {
    write("\\u")
    for shift: UInt16 in [12, 8, 4, 0] {
      let digit = UInt8(scalar >> shift & 0xF)
      bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }

  /// Whether logfmt needs no quotes: graphic ASCII, no quote, no backslash, no equals sign, not empty.
  private static func isBare(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    for byte in text {
      guard byte > 0x20 && byte < 0x7F else { return false }
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "="): return false
      default: break
      }
    }
    return !text.isEmpty
  }
}
