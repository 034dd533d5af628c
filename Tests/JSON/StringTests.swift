import JSON
import Testing

@Suite struct StringTests {
  private func read(_ text: String) throws -> [Unicode.Scalar] {
    Array(try #require(try JSON.parse(text).string).unicodeScalars)
  }

  @Test func `all escapes are decoded`() throws {
    #expect(try read(#""\"\\\/\b\f\n\r\t""#) == ["\"", "\\", "/", "\u{8}", "\u{C}", "\n", "\r", "\t"])
    #expect(
      try read(#""\u0000\u001f\u007F\u00e9\u20AC\uFFFF""#) == [
        "\0", "\u{1F}", "\u{7F}", "é", "€", "\u{FFFF}",
      ])
    #expect(try read(#""\uD83D\uDE00\ud800\udc00\uDBFF\uDFFF""#) == ["😀", "\u{10000}", "\u{10FFFF}"])
    #expect(try read(#""a\u0062c\\u0064""#) == ["a", "b", "c", "\\", "u", "0", "0", "6", "4"])
  }

  @Test(arguments: [
    #""\ud800""#, #""\udc00""#, #""\ud800\ud800""#, #""\ud800x""#, #""\ud800\n""#, #""\udc00\ud800""#,
    #""\ud800\u0041""#, #""\uDBFF""#, #""\uDFFF""#,
  ])
  func `half a surrogate pair is refused`(_ text: String) {
    expectRefused(text, .loneSurrogate, at: 1)
  }

  @Test(arguments: [
    #""\a""#, #""\'""#, #""\0""#, #""\x41""#, #""\U0041""#, #""\u12""#, #""\u12g4""#, #""\u+123""#,
    #""\u 123""#,
    "\"\\\n\"", "\"\\é\"",
  ])
  func `escapes that RFC 8259 section 7 does not know are refused`(_ text: String) {
    expectRefused(text, .malformedEscape, at: 1)
  }

  @Test func `an escape inside a pair is refused where it begins`() {
    expectRefused(#""\ud83d\u12x4""#, .malformedEscape, at: 7)
  }

  @Test func `control characters must be escaped at every place in a word`() {
    for control in UInt8(0)..<0x20 {
      for place in 0..<17 {
        var bytes = Array("\"aaaaaaaaaaaaaaaaa\"".utf8)
        bytes[1 + place] = control
        expectRefused(bytes, .controlCharacter, at: 1 + place)
      }
    }
  }

  @Test func `every plain ASCII character means itself at every place in a word`() throws {
    for character in UInt8(0x20)..<0x80
    where character != UInt8(ascii: "\"") && character != UInt8(ascii: "\\") {
      for place in 0..<17 {
        var bytes = Array("\"aaaaaaaaaaaaaaaaa\"".utf8)
        bytes[1 + place] = character
        #expect(try JSON.parse(bytes).string == String(decoding: bytes[1..<18], as: UTF8.self))
      }
    }
  }

  @Test func `a quote ends a string at every place in a word`() throws {
    for length in 0..<40 {
      let text = String(repeating: "x", count: length)
      #expect(try JSON.parse("[\"\(text)\",\"y\"]") == .array([.string(text), .string("y")]))
    }
  }

  @Test(
    arguments: [
      [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2, 0x41], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
      [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xE2, 0x82, 0x41], [0xF0, 0x80, 0x80, 0x80],
      [0xF0, 0x8F, 0xBF, 0xBF],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xF8, 0x88, 0x80, 0x80, 0x80],
      [0xF0, 0x9F, 0x98, 0x22],
    ] as [[UInt8]])
  func `malformed UTF-8 is refused where its scalar begins`(_ sequence: [UInt8]) {
    expectRefused([0x22, 0x61] + sequence + [0x22, 0x20, 0x20], .malformedUTF8, at: 2)
    expectRefused([0x7B, 0x22] + sequence + [0x22, 0x3A, 0x31, 0x7D], .malformedUTF8, at: 2)
  }

  @Test func `every scalar is read back, plain and escaped`() throws {
    var plain = ""
    var escaped = "\""
    for value in UInt32(0x80)...0x10FFFF where value % 7 == 0 || value < 0x900 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      plain.unicodeScalars.append(scalar)
      for unit in String(scalar).utf16 {
        let digits = String(unit, radix: 16)
        escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    let limits = JSONLimits(maximumByteCount: 1 << 22)
    let fromPlain = try #require(try JSON.parse("\"\(plain)\"", limits: limits).string)
    let fromEscaped = try #require(try JSON.parse(escaped + "\"", limits: limits).string)
    #expect(fromPlain.utf8.elementsEqual(plain.utf8))
    #expect(fromEscaped.utf8.elementsEqual(plain.utf8))
  }

  @Test func `reading does not change a string's normal form`() throws {
    #expect(try read("\"e\u{301}\"") == ["e", "\u{301}"])
    #expect(try read("\"\u{FEFF}\u{2028}\"") == ["\u{FEFF}", "\u{2028}"])
  }
}
