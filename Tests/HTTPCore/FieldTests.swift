import HTTPCore
import Testing

@Suite struct FieldTests {
  private func refusedAfterHost(_ lines: String, _ reason: Refusal.Reason) {
    refused("GET / HTTP/1.1\r\nHost: a\r\n" + lines, reason)
  }

  @Test func `names keep their case and values lose the white space around them`() {
    let head = accepted("GET / HTTP/1.1\r\nHost: a\r\nX-A:b\r\nx-B: \t c  d\t \r\nE:\r\nF: \t \r\n\r\n")
    #expect(head.fields == ["Host: a", "X-A: b", "x-B: c  d", "E: ", "F: "])
  }

  @Test func `a value may hold every visible byte, tab, space and bytes above 127`() {
    let request =
      Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8) + Array(0x21...0x7e) + [9, 0x20]
      + Array(0x80...0xff) + Array("\r\n\r\n".utf8)
    let (outcome, _) = parse(request)
    #expect(outcome.progress == .complete(headByteCount: request.count))
  }

  @Test func `every byte that no value may hold is refused when it arrives`() {
    for byte in 0...255 as ClosedRange<UInt8> where (byte < 0x20 && byte != 9 && byte != 13) || byte == 0x7f {
      let request = Array("GET / HTTP/1.1\r\nHost: a\r\nX: b".utf8) + [byte]
      refused(request, at: request.count - 1, byte == 10 ? .malformedLineEnd : .malformedFieldValue)
    }
  }

  @Test func `every byte that no name may hold is refused when it arrives`() {
    let token = Set("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    for byte in 0...255 as ClosedRange<UInt8> where !token.contains(byte) && byte != 0x3a {
      let request = Array("GET / HTTP/1.1\r\nHost: a\r\nX".utf8) + [byte]
      refused(request, at: request.count - 1, .malformedFieldName)
    }
  }

  @Test func `white space before a colon is refused`() {
    refusedAfterHost("X‸ : b\r\n\r\n", .malformedFieldName)
    refusedAfterHost("X‸\t: b\r\n\r\n", .malformedFieldName)
    refused("GET / HTTP/1.1\r\nHost‸ : a\r\n\r\n", .malformedFieldName)
    refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding‸ : chunked\r\n\r\n", .malformedFieldName)
    refusedAfterHost("‸: b\r\n\r\n", .malformedFieldName)
    refusedAfterHost("X‸\r\n\r\n", .malformedFieldName)
  }

  @Test func `a folded line is refused at its first byte`() {
    refusedAfterHost("X: b\r\n‸ c\r\n\r\n", .foldedLine)
    refusedAfterHost("X: b\r\n‸\tc\r\n\r\n", .foldedLine)
    refused("GET / HTTP/1.1\r\n‸ Host: a\r\n\r\n", .foldedLine)
    refused("GET / HTTP/1.1\r\nHost: a\r\n‸ \r\n", .foldedLine)
  }

  @Test func `a bare CR or LF is refused anywhere`() {
    refusedAfterHost("X: b‸\nY: c\r\n\r\n", .malformedLineEnd)
    refusedAfterHost("X: b\r‸Y: c\r\n\r\n", .malformedLineEnd)
    refusedAfterHost("X: b\r‸\r\n\r\n", .malformedLineEnd)
    refusedAfterHost("X: b\r\n‸\n", .malformedLineEnd)
    refusedAfterHost("X: b\r\n\r‸X", .malformedLineEnd)
    refusedAfterHost("X: b\r\n\r‸\r\n", .malformedLineEnd)
    refusedAfterHost("X: \r‸b\r\n\r\n", .malformedLineEnd)
    refusedAfterHost("‸\nX: b\r\n\r\n", .malformedLineEnd)
    refusedAfterHost("X: a\r‸ b\r\n\r\n", .malformedLineEnd)
  }

  @Test func `known names are recognised in any case, others are not`() {
    for field in KnownField.allCases {
      let name = field.name.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
      #expect(KnownField(name) == field)
      #expect(KnownField(name.uppercased()) == field)
      #expect(KnownField(name + "x") == nil)
      #expect(KnownField(String(name.dropLast())) != field)
      #expect(KnownField(String(name.dropLast()) + "_") == nil)
    }
    #expect(KnownField("") == nil)
    #expect(KnownField("x-nothing") == nil)
    #expect(KnownField("if_match") == nil)
  }

  @Test func `a field is found by name and its lines are joined as a list`() {
    let text = "GET / HTTP/1.1\r\nHost: a\r\nIf-Match: \"a\"\r\nX-Other: 1\r\nIF-MATCH: \"b\"\r\n\r\n"
    let bytes = Array(text.utf8)
    var parser = RequestParser()
    #expect(parser.parse(bytes.span.bytes) == .complete(headByteCount: bytes.count))
    let head = parser.head
    #expect(head.has(.ifMatch))
    #expect(!head.has(.cookie))
    #expect(head.count(of: .ifMatch) == 2)
    #expect(head.count(of: .cookie) == 0)
    #expect(head.value(of: .ifMatch).map { bytes.span.bytes.string($0) } == "\"a\"")
    #expect(head.string(of: .ifMatch, in: bytes.span.bytes) == "\"a\", \"b\"")
    #expect(head.string(of: .cookie, in: bytes.span.bytes) == nil)
    #expect(head.value(named: "x-oTHER", in: bytes.span.bytes).map { bytes.span.bytes.string($0) } == "1")
    #expect(head.value(named: "if-match", in: bytes.span.bytes) == head.value(of: .ifMatch))
    #expect(head.value(named: "x-othe", in: bytes.span.bytes) == nil)
  }
}
