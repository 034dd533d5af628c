import Bytes
import HTTPCore
import Testing

@Suite struct ResponseParserTests {
  private func parse(
    _ bytes: [UInt8], method: Method, limits: HTTPLimits = .init()
  ) -> (outcome: Outcome<HeadSummary>, known: Int) {
    var first: Outcome<HeadSummary>?
    var known = 0
    for (index, lengths) in prefixLengths(of: bytes.count).enumerated() {
      var parser = ResponseParser(limits: limits, requestMethod: method)
      var outcome = Outcome<HeadSummary>(progress: .needMore, summary: nil)
      for length in lengths {
        let prefix = Array(bytes[..<length])
        let progress = parser.parse(prefix.span.bytes)
        if progress == .needMore { continue }
        if index == 1 { known = length }
        if case .complete = progress {
          outcome = Outcome(progress: progress, summary: parser.head.summary(prefix.span.bytes))
        } else {
          outcome = Outcome(progress: progress, summary: nil)
        }
        break
      }
      if let first { #expect(outcome == first, "\(lengths)") } else { first = outcome }
    }
    return (first!, known)
  }

  private func accepted(_ text: String, method: Method = .get) -> HeadSummary {
    let (outcome, _) = parse(Array(text.utf8), method: method)
    guard case .complete(let count) = outcome.progress, let summary = outcome.summary else {
      Issue.record("\(outcome.progress) for \(text.debugDescription)")
      return HeadSummary()
    }
    #expect(count == text.utf8.count)
    return summary
  }

  private func refused(_ text: String, _ reason: Refusal.Reason, limits: HTTPLimits = .init()) {
    let (bytes, index) = unmarked(text)
    let (outcome, known) = parse(bytes, method: .get, limits: limits)
    #expect(
      outcome.progress == .refused(Refusal(status: .badGateway, reason: reason)), "\(text.debugDescription)")
    if let index { #expect(known == index + 1, "\(text.debugDescription)") }
  }

  @Test func `a status line has a version, a code and perhaps a reason`() {
    #expect(accepted("HTTP/1.1 200 OK\r\n\r\n").line == ["200", "http11", "no length"])
    #expect(accepted("HTTP/1.0 404 \r\n\r\n").line == ["404", "http10", "no length"])
    #expect(accepted("HTTP/1.1 999 \tw\u{e9}ird  \r\n\r\n").line[0] == "999")
  }

  @Test func `a malformed status line is refused where it goes wrong`() {
    refused("‸\r\nHTTP/1.1 200 OK\r\n", .malformedStatusLine)
    refused("‸http/1.1 200 OK\r\n", .malformedStatusLine)
    refused("HTTP/‸2 200\r\n", .unsupportedVersion)
    refused("HTTP/1.‸2 200 OK\r\n", .unsupportedVersion)
    refused("HTTP/1.‸x 200 OK\r\n", .malformedStatusLine)
    refused("HTTP/1.1‸\t200 OK\r\n", .malformedStatusLine)
    refused("HTTP/1.1 ‸ 200 OK\r\n", .malformedStatusLine)
    refused("HTTP/1.1 ‸099 OK\r\n", .malformedStatusLine)
    refused("HTTP/1.1 2‸x0 OK\r\n", .malformedStatusLine)
    refused("HTTP/1.1 200‸0 OK\r\n", .malformedStatusLine)
    refused("HTTP/1.1 200‸\r\n", .malformedStatusLine)
    refused("HTTP/1.1 200 O‸\nK", .malformedStatusLine)
    refused("HTTP/1.1 200 O‸\0K\r\n", .malformedStatusLine)
    refused("HTTP/1.1 200 OK\r‸X", .malformedLineEnd)
    refused("HTTP/1.1 ‸-20 OK\r\n", .malformedStatusLine)
  }

  @Test func `a reason of 256 bytes is taken and one more is refused`() {
    let reason = String(repeating: "r", count: 256)
    #expect(accepted("HTTP/1.1 200 \(reason)\r\n\r\n").line[0] == "200")
    refused("HTTP/1.1 200 \(reason)‸r\r\n\r\n", .malformedStatusLine)
  }

  @Test func `the framing follows RFC 9112 section 6 point 3`() {
    let length = "Content-Length: 5\r\n\r\n"
    #expect(accepted("HTTP/1.1 200 OK\r\n" + length).framing == .length(5))
    #expect(accepted("HTTP/1.1 200 OK\r\n" + length, method: .head).framing == .none)
    #expect(accepted("HTTP/1.1 200 OK\r\n" + length, method: .head).line[2] == "5")
    #expect(accepted("HTTP/1.1 304 Not Modified\r\n" + length).framing == .none)
    #expect(accepted("HTTP/1.1 204 No Content\r\n\r\n").framing == .none)
    #expect(accepted("HTTP/1.1 100 Continue\r\n\r\n").framing == .none)
    #expect(accepted("HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n").framing == .none)
    #expect(accepted("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").framing == .chunked)
    #expect(accepted("HTTP/1.1 200 OK\r\n\r\n").framing == .untilClose)
    #expect(!accepted("HTTP/1.1 200 OK\r\n\r\n").keepAlive)
    #expect(accepted("HTTP/1.1 200 OK\r\n" + length).keepAlive)
    #expect(!accepted("HTTP/1.1 200 OK\r\nConnection: close\r\n" + length).keepAlive)
    #expect(!accepted("HTTP/1.0 200 OK\r\n" + length).keepAlive)
    #expect(accepted("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + length).keepAlive)
  }

  @Test func `what two parsers could read differently is refused`() {
    refused(
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding‸: chunked\r\n\r\n",
      .lengthAndTransferEncoding)
    refused("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length‸: 5\r\n\r\n", .repeatedContentLength)
    refused("HTTP/1.0 200 OK\r\nTransfer-Encoding‸: chunked\r\n\r\n", .transferEncodingInHTTP10)
    refused("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip‸\r\n\r\n", .malformedTransferEncoding)
    refused("HTTP/1.1 200 OK\r\nX‸ : y\r\n\r\n", .malformedFieldName)
    refused("HTTP/1.1 200 OK\r\nX: y\r\n‸ z\r\n\r\n", .foldedLine)
    refused("HTTP/1.1 200 OK\r\nX: y‸\nZ: a\r\n\r\n", .malformedLineEnd)
  }

  @Test func `101 is refused, since nobody asks for it`() {
    refused("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r‸\n", .unexpectedUpgrade)
  }

  @Test func `an interim response is followed by the final one`() {
    let bytes = Array("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n".utf8)
    var parser = ResponseParser(requestMethod: .post)
    #expect(parser.parse(bytes.span.bytes) == .complete(headByteCount: 25))
    #expect(parser.head.status.isInformational)
    parser.reset()
    #expect(!parser.hasStarted)
    let rest = Array(bytes[25...])
    #expect(parser.parse(rest.span.bytes) == .complete(headByteCount: rest.count))
    #expect(parser.head.status == .created)
    #expect(parser.head.framing == .length(0))
  }

  @Test func `the limits for fields hold for responses`() {
    var limits = HTTPLimits()
    limits.maximumFieldCount = 1
    refused("HTTP/1.1 200 OK\r\nX: y\r\n‸Z: a\r\n\r\n", .tooManyFields, limits: limits)
    limits.maximumHeaderByteCount = 3
    refused("HTTP/1.1 200 OK\r\nX: ‸y\r\n\r\n", .headerTooLarge, limits: limits)
  }
}
