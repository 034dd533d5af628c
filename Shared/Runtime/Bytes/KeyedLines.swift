/// Text of lines `key=value`, kept as it came: what is asked for is looked up in the bytes, and only that becomes a
/// `String`. A service reads its two dozen settings once each; a dictionary of strings costs it three times as much.
///
/// Cost: reading about 8 instructions a byte, and a look-up for each line; a look-up about 6 for each line, and the
/// answer's String. So it is for some dozens of lines.
public struct KeyedLines: Sendable {
  /// Why text is not taken, and in which line, counted from 1.
  public enum Failure: Error, Equatable {
    /// There is no `=` behind at least one byte.
    case noKey(line: Int)
    case notUTF8(line: Int)
    case repeatedKey(String, line: Int)
  }

  /// A line: its first byte, its first `=`, and the byte behind it.
  private struct Line: Sendable {
    let start: Int
    let equals: Int
    let end: Int
  }

  private var text: [UInt8] = []
  private var lines: [Line] = []

  /// No lines.
  public init() {}

  /// Reads `text`, whose empty lines count for nothing.
  public init(_ text: RawSpan) throws(Failure) {
    lines.reserveCapacity(Self.expectedCount)
    var number = 0
    var start = 0
    // Safe: the bytes are copied before the call returns.
    self.text = text.withUnsafeBytes { Array($0) }
    while start < text.byteCount {
      number += 1
      let (line, bits) = Self.line(in: text, from: start)
      start = line.end + 1
      guard line.end > line.start else { continue }
      guard line.equals > line.start else { throw .noKey(line: number) }
      guard bits < 0x80 || String(validUTF8: text.extracting(line.start..<line.end)) != nil else {
        throw .notUTF8(line: number)
      }
      let key = text.extracting(line.start..<line.equals)
      guard find(key) == nil else { throw .repeatedKey(String(utf8: key), line: number) }
      lines.append(line)
    }
  }

  /// Lines that are expected, about: more are no mistake.
  private static let expectedCount = 24

  /// The line that begins at `start`; without `=`, that stands before it. And all bits of its bytes.
  private static func line(in text: RawSpan, from start: Int) -> (line: Line, bits: UInt8) {
    // Safe: no byte at or behind `count` is looked at.
    text.withUnsafeBytes { bytes in
      var equals = start &- 1
      var bits: UInt8 = 0
      var end = start
      while end < bytes.count, bytes[end] != UInt8(ascii: "\n") {
        if bytes[end] == UInt8(ascii: "="), equals < start { equals = end }
        bits |= bytes[end]
        end &+= 1
      }
      return (Line(start: start, equals: equals, end: end), bits)
    }
  }

  private func find(_ key: RawSpan) -> Int? {
    let count = key.byteCount
    // Safe: the pointers are used only while they are lent, and every line lies in the text.
    return key.withUnsafeBytes { key in
      text.withUnsafeBytes { text in
        for index in lines.indices {
          let line = lines[index]
          guard line.equals &- line.start == count else { continue }
          var offset = 0
          while offset < count, text[line.start &+ offset] == key[offset] { offset &+= 1 }
          if offset == count { return index }
        }
        return nil
      }
    }
  }

  private func string(_ start: Int, _ end: Int) -> String {
    String(utf8: text.span.bytes.extracting(start..<end))
  }

  /// The value of `key`; nil when no line has it.
  public subscript(key: String) -> String? {
    guard let index = key.withBytes({ find($0) }) else { return nil }
    return string(lines[index].equals + 1, lines[index].end)
  }

  /// The lines whose keys begin with `prefix`, which is left out, and have something behind it; in their order.
  public func behind(_ prefix: String) -> [(key: String, value: String)] {
    var found: [(key: String, value: String)] = []
    prefix.withBytes { prefix in
      let count = prefix.byteCount
      for line in lines where line.equals - line.start > count {
        var offset = 0
        while offset < count, text[line.start + offset] == prefix.byte(at: offset) { offset += 1 }
        guard offset == count else { continue }
        found.append((string(line.start + count, line.equals), string(line.equals + 1, line.end)))
      }
    }
    return found
  }

  /// How many lines there are.
  public var count: Int { lines.count }
}

extension KeyedLines: ExpressibleByDictionaryLiteral {
  /// Lines of these keys and values: for tests. Values have no end of a line, keys neither that nor `=`, and none
  /// repeats.
  public init(dictionaryLiteral elements: (String, String)...) {
    for (key, value) in elements { append(key, value) }
  }

  /// The same of a dictionary.
  public init(_ values: [String: String]) {
    for (key, value) in values { append(key, value) }
  }

  private mutating func append(_ key: String, _ value: String) {
    let start = text.count
    text += Array((key + "=" + value + "\n").utf8)
    lines.append(Line(start: start, equals: start + key.utf8.count, end: text.count - 1))
  }
}
