import Bytes
import HTTPCore
import Testing

@Suite struct WriterTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test func `every named status writes its code and reason`() {
    for code in 100...599 as ClosedRange<UInt16> {
      let status = Status(code)
      let reason = status.reason.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
      #expect(written { ResponseWriter.statusLine(status, into: &$0) } == "HTTP/1.1 \(code) \(reason)\r\n")
    }
    #expect(written { ResponseWriter.statusLine(.ok, into: &$0) } == "HTTP/1.1 200 OK\r\n")
    #expect(written { ResponseWriter.statusLine(Status(299), into: &$0) } == "HTTP/1.1 299 \r\n")
  }

  @Test func `a whole response is read back by the parser`() {
    var buffer = ByteBuffer()
    ResponseWriter.statusLine(.created, into: &buffer)
    ResponseWriter.field("content-type", literal: "text/plain", into: &buffer)
    #expect(ResponseWriter.field("location", "/a/b", into: &buffer))
    #expect(ResponseWriter.field("x-\("name")", "väl ue", into: &buffer))
    ResponseWriter.contentLength(0, into: &buffer)
    ResponseWriter.endOfHead(into: &buffer)
    var parser = ResponseParser()
    #expect(parser.parse(buffer.bytes) == .complete(headByteCount: buffer.count))
    #expect(parser.head.status == .created)
    #expect(parser.head.framing == .length(0))
    #expect(parser.head.string(of: .location, in: buffer.bytes) == "/a/b")
  }

  @Test func `a value that would split the response is left out whole`() {
    for value in ["a\r\nSet-Cookie: b", "a\rb", "a\nb", "a\0b", "a\u{1f}", "\u{7f}", " a", "a ", "\ta"] {
      var buffer = ByteBuffer()
      let isWritten = ResponseWriter.field("x-a", value, into: &buffer)
      #expect(!isWritten && buffer.isEmpty, "\(value.debugDescription)")
      let isWrittenByName = ResponseWriter.field(String("x-a"), value, into: &buffer)
      #expect(!isWrittenByName && buffer.isEmpty, "\(value.debugDescription)")
    }
    #expect(written { _ = ResponseWriter.field("x-a", "", into: &$0) } == "x-a: \r\n")
    #expect(written { _ = ResponseWriter.field("x-a", "a \t é", into: &$0) } == "x-a: a \t é\r\n")
  }

  @Test func `a name that is no token is left out whole`() {
    for name in ["", "a b", "a:", "a\r\nb", "é", " a", "a\0"] {
      var buffer = ByteBuffer()
      let isWritten = ResponseWriter.field(name, "v", into: &buffer)
      #expect(!isWritten && buffer.isEmpty, "\(name.debugDescription)")
    }
  }

  @Test func `chunks of any size are read back by the decoder`() {
    for count in [1, 9, 10, 15, 16, 17, 255, 256, 4095, 4096, 65_536] {
      var buffer = ByteBuffer()
      let content = [UInt8](repeating: 0x61, count: count)
      ResponseWriter.chunk(content.span.bytes, into: &buffer)
      ResponseWriter.chunk([UInt8]().span.bytes, into: &buffer)
      ResponseWriter.chunkHead(count, into: &buffer)
      buffer.append(content)
      ResponseWriter.chunkEnd(into: &buffer)
      ResponseWriter.lastChunk(into: &buffer)
      var decoder = BodyDecoder(.chunked)
      var total = 0
      while case .payload(let range) = decoder.step(buffer.bytes) {
        total += range.count
        buffer.consume(range.upperBound)
      }
      #expect(total == 2 * count)
      #expect(decoder.isFinished)
    }
    #expect(written { ResponseWriter.chunk(Array("hello".utf8).span.bytes, into: &$0) } == "5\r\nhello\r\n")
    #expect(written { ResponseWriter.continuation(into: &$0) } == "HTTP/1.1 100 Continue\r\n\r\n")
  }

  @Test func `a request is read back by the parser`() {
    var buffer = ByteBuffer()
    let isWritten = RequestWriter.head(.put, target: "/a%20b?c=d&e", host: "[::1]:80", into: &buffer)
    #expect(isWritten)
    ResponseWriter.contentLength(3, into: &buffer)
    ResponseWriter.endOfHead(into: &buffer)
    let head = accepted(String(decoding: buffer.array(), as: UTF8.self))
    #expect(head.line == ["put", "PUT", "http11", "/a%20b?c=d&e", "/a%20b", "?c=d&e", "[::1]:80", "", ""])
    #expect(head.framing == .length(3))
  }

  @Test func `a request with a target or host that no parser takes is not written`() {
    var buffer = ByteBuffer()
    for target in [
      "", "a", "/a b", "/a\r\nX: y", "/%", "/%4", "/%4g", "/#", "/é", "**", "http://a/", "/?\0", "/[", "*/",
    ] {
      let isWritten = RequestWriter.head(.get, target: target, host: "a", into: &buffer)
      #expect(!isWritten && buffer.isEmpty, "\(target.debugDescription)")
    }
    for host in ["", ":80", "a b", "a@b", "a/b", "a\r\nb", "[::1", "a:99999", "é", "a%4"] {
      let isWritten = RequestWriter.head(.get, target: "/", host: host, into: &buffer)
      #expect(!isWritten && buffer.isEmpty, "\(host.debugDescription)")
    }
    for target in ["/", "*", "/a?b?c/d", "/%41", "//"] {
      let isWritten = RequestWriter.head(.options, target: target, host: "a.b:1", into: &buffer)
      #expect(isWritten, "\(target)")
    }
  }

  /// Days checked against RFC 9110's own example and the calendar's corners.
  @Test(
    arguments: [
      (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
      (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
      (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"), (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
      (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
      (4_107_456_000, "Sun, 28 Feb 2100 00:00:00 GMT"), (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
      (-86_400, "Wed, 31 Dec 1969 00:00:00 GMT"), (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
      (253_402_300_800, "Fri, 31 Dec 9999 23:59:59 GMT"), (-62_135_596_800, "Mon, 01 Jan 0001 00:00:00 GMT"),
      (.max, "Fri, 31 Dec 9999 23:59:59 GMT"), (.min, "Mon, 01 Jan 0001 00:00:00 GMT"),
    ] as [(Int64, String)])
  func `a date is written as IMF-fixdate`(seconds: Int64, text: String) {
    #expect(HTTPDate.string(seconds) == text)
    #expect(text.utf8.count == HTTPDate.byteCount)
  }

  @Test func `each day follows the day before it for eight hundred years`() {
    let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    // 1 January 1601 was a Monday; 134,774 days later came 1970.
    var (year, month, day) = (1601, 0, 1)
    for offset in 0..<292_194 {
      if offset % 97 == 0 || day == 1 || day >= 28 {
        let two = day < 10 ? "0\(day)" : "\(day)"
        let expected = "\(weekdays[offset % 7]), \(two) \(names[month]) \(year) 12:34:56 GMT"
        #expect(HTTPDate.string(Int64(offset - 134_774) * 86_400 + 45_296) == expected)
      }
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      if day < lengths[month] + (month == 1 && isLeap ? 1 : 0) {
        day += 1
        continue
      }
      day = 1
      month = (month + 1) % 12
      if month == 0 { year += 1 }
    }
  }
}
