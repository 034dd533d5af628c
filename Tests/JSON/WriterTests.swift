import JSON
import Testing

@Suite struct WriterTests {
  @Test func `a document is compact and in the order it was written`() {
    let text = written { writer in
      writer.object { writer in
        writer.field("id", "p1")
        writer.field(
          "price",
          object: { price in
            price.field("amount", 1299)
            price.field("currency", "EUR")
          })
        writer.field(
          "tags",
          array: { tags in
            tags.value("a")
            tags.value("b")
          })
        writer.field("next", nil as String?)
        writer.field("count", nil as Int?)
        writer.field("ok", true)
        writer.field("ratio", 0.5)
        writer.nullField("none")
        writer.key("nested")
        writer.array { $0.array { _ in } }
        writer.field("big", Int64.max)
      }
    }
    #expect(
      text == #"{"id":"p1","price":{"amount":1299,"currency":"EUR"},"tags":["a","b"],"next":null,"#
        + #""count":null,"ok":true,"ratio":0.5,"none":null,"nested":[[]],"big":9223372036854775807}"#)
  }

  @Test func `only what must be escaped is escaped`() {
    #expect(written { $0.value("a\"b\\c/d") } == #""a\"b\\c/d""#)
    #expect(
      written { $0.value("\u{8}\t\n\u{C}\r\0\u{1F}\u{7F}") } == "\"\\b\\t\\n\\f\\r\\u0000\\u001f\u{7F}\"")
    #expect(written { $0.value("é€😀\u{2028}\u{2029}") } == "\"é€😀\u{2028}\u{2029}\"")
    #expect(written { $0.object { $0.field("\"", 1) } } == #"{"\"":1}"#)
  }

  @Test func `escapes are found at every place in a word`() throws {
    for character in ["\"", "\\", "\0", "\u{1F}", "é", " ", "!", "[", "]"] {
      for before in 0..<20 {
        let text =
          String(repeating: "x", count: before) + character + String(repeating: "y", count: 20 - before)
        #expect(try JSON.parse(JSON.string(text).serialized()) == .string(text))
      }
    }
  }

  @Test func `integers of every length are written`() {
    for value in [0, 7, 10, 99, 100, -1, -10, Int64.max, Int64.min, 1_000_000] as [Int64] {
      #expect(written { $0.value(value) } == "\(value)")
    }
  }

  @Test func `numbers keep their kind`() throws {
    for value in [0.0, -0.0, 1, 1e16, 1e300, -Double.leastNonzeroMagnitude, 0.1, 123456789.5] {
      guard case .number(let read) = try JSON.parse(JSON.number(value).serialized()) else {
        Issue.record("\(value) came back as an integer")
        continue
      }
      #expect(read.bitPattern == value.bitPattern)
    }
  }

  @Test func `raw text stands as a value`() {
    #expect(
      written { writer in
        writer.array { writer in
          writer.raw(Array("{}".utf8))
          writer.value(1)
          writer.raw(Array("[2]".utf8))
        }
      } == "[{},1,[2]]")
  }

  @Test(arguments: UInt64(1)...200)
  func `what is written is read back equal`(seed: UInt64) throws {
    var generator = Generator(seed: seed)
    for _ in 0..<20 {
      let value = generator.json(depth: 4)
      let text = value.serialized()
      let read = try JSON.parse(text)
      #expect(read == value, "seed \(seed)")
      #expect(read.serialized() == text, "seed \(seed)")
    }
  }

  @Test(arguments: UInt64(1)...50)
  func `every cut of a generated document is refused`(seed: UInt64) throws {
    var generator = Generator(seed: seed)
    let text = JSON.array([generator.json(depth: 3)]).serialized()
    for count in stride(from: 0, to: text.count, by: max(1, text.count / 100)) {
      expectRefused(Array(text[..<count]), .unexpectedEnd, at: count)
    }
  }
}
