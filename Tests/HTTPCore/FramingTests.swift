import HTTPCore
import Testing

@Suite struct FramingTests {
  private func framing(_ lines: String, version: String = "1.1") -> HeadSummary {
    accepted("POST / HTTP/\(version)\r\nHost: a\r\n\(lines)\r\n")
  }

  private func refusedLines(_ lines: String, _ reason: Refusal.Reason, version: String = "1.1") {
    refused("POST / HTTP/\(version)\r\nHost: a\r\n\(lines)\r\n", reason)
  }

  @Test func `no length and no coding mean no content`() {
    #expect(framing("").framing == .none)
    #expect(framing("", version: "1.0").framing == .none)
  }

  @Test func `a length is one decimal number`() {
    #expect(framing("Content-Length: 0\r\n").framing == .length(0))
    #expect(framing("content-length:5\r\n").framing == .length(5))
    #expect(framing("Content-Length: \t 17 \t\r\n").framing == .length(17))
    #expect(framing("Content-Length: 0042\r\n").framing == .length(42))
    #expect(framing("Content-Length: 9223372036854775807\r\n").framing == .length(UInt64(Int64.max)))
    #expect(framing("Content-Length: 3\r\n", version: "1.0").framing == .length(3))
  }

  @Test func `a malformed length is refused at its first wrong byte`() {
    for text in [
      "‸\r\n", " ‸\r\n", " ‸-1\r\n", " ‸+1\r\n", " 1‸,1\r\n", " 1‸, 1\r\n", " 1 ‸1\r\n", " 0‸x10\r\n",
      " 1‸.0\r\n",
      " 1‸e2\r\n", " ‸\"1\"\r\n", " 1‸_0\r\n", " ‸a\r\n", " 1‸;\r\n", " 1‸\n", " ‸,\r\n", " 5‸\0\r\n",
      " ‸٣\r\n",
    ] {
      refusedLines("Content-Length:" + text, .malformedContentLength)
    }
    refusedLines("Content-Length: 5\r‸5\r\n", .malformedLineEnd)
  }

  @Test func `a length beyond 63 bits is too large when its digit arrives`() {
    refusedLines("Content-Length: 922337203685477580‸8\r\n", .contentTooLarge)
    refusedLines("Content-Length: 1844674407370955161‸6\r\n", .contentTooLarge)
    refusedLines("Content-Length: 999999999999999999‸99\r\n", .contentTooLarge)
    #expect(Refusal.Reason.contentTooLarge.status == .contentTooLarge)
  }

  @Test func `a second length is refused, differing or not`() {
    refusedLines("Content-Length: 5\r\nContent-Length‸: 6\r\n", .repeatedContentLength)
    refusedLines("Content-Length: 5\r\nX: y\r\ncontent-length‸: 5\r\n", .repeatedContentLength)
  }

  @Test func `a single chunked is the only coding`() {
    #expect(framing("Transfer-Encoding: chunked\r\n").framing == .chunked)
    #expect(framing("transfer-encoding:\tCHUNKED \r\n").framing == .chunked)
    for value in [
      "", " ", " identity", " gzip", " chunked, gzip", " chunked, chunked", " chunked,", " ,chunked", " ,",
      " xchunked",
      " chunkedx", " chunked chunked", " gzip,,chunked", " gzip, chunked, chunked", " chunke",
      " gzip chunked",
    ] {
      refusedLines("Transfer-Encoding:\(value)‸\r\n", .malformedTransferEncoding)
    }
    refusedLines("Transfer-Encoding: chunked‸;a=b\r\n", .malformedTransferEncoding)
    refusedLines("Transfer-Encoding: ‸\"chunked\"\r\n", .malformedTransferEncoding)
    refusedLines("Transfer-Encoding: ‸\u{b}chunked\r\n", .malformedTransferEncoding)
    refusedLines("Transfer-Encoding: chunked‸\0\r\n", .malformedTransferEncoding)
  }

  @Test func `a coding before a final chunked is one we do not have`() {
    refusedLines("Transfer-Encoding: gzip, chunked‸\r\n", .unknownTransferCoding)
    refusedLines("Transfer-Encoding: identity,chunked‸\r\n", .unknownTransferCoding)
    #expect(Refusal.Reason.unknownTransferCoding.status == .notImplemented)
  }

  @Test func `a second Transfer-Encoding is refused`() {
    refusedLines(
      "Transfer-Encoding: chunked\r\nTransfer-Encoding‸: chunked\r\n", .malformedTransferEncoding)
    refusedLines(
      "Transfer-Encoding: chunked\r\nTransfer-encoding‸: identity\r\n", .malformedTransferEncoding)
  }

  @Test func `a length and a coding exclude each other, in either order`() {
    refusedLines("Content-Length: 5\r\nTransfer-Encoding‸: chunked\r\n", .lengthAndTransferEncoding)
    refusedLines("Transfer-Encoding: chunked\r\nContent-Length‸: 5\r\n", .lengthAndTransferEncoding)
    refusedLines("Content-Length: 5\r\ntRANSFER-eNCODING‸: identity\r\n", .lengthAndTransferEncoding)
  }

  @Test func `a coding on HTTP 1.0 is refused`() {
    refusedLines("Transfer-Encoding‸: chunked\r\n", .transferEncodingInHTTP10, version: "1.0")
  }

  @Test func `names that only look like framing fields frame nothing`() {
    for name in [
      "Content_Length", "Content-Length-", "XContent-Length", "Transfer_Encoding", "Transfer-Encodings",
    ] {
      #expect(framing("\(name): 5\r\n").framing == .none)
    }
    refusedLines("Transfer-Encoding‸\u{1}: chunked\r\n", .malformedFieldName)
    refusedLines("Content-Length‸\u{a0}: 5\r\n", .malformedFieldName)
  }

  /// Requests that two parsers could read differently; collected from published smuggling work.
  @Test(
    arguments: [
      "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
      "Transfer-Encoding : chunked\r\n", "Transfer-Encoding: xchunked\r\n",
      "Transfer-Encoding:\u{b}chunked\r\n",
      " Transfer-Encoding: chunked\r\n", "X: X\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding\r\n : chunked\r\n", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
      "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 0\r\nContent-Length: 44\r\n",
      "Content-Length: 0, 44\r\n", "Content-Length: +6\r\n", "Content-Length: 0x6\r\n",
      "Content-Length: 6 6\r\n",
      "Content-Length: \u{c}6\r\n", "Content-Length:\r\n 6\r\n", "Content-Length: 6\r\n\tX: y\r\n",
      "Transfer-Encoding: chunked\r\n ,x\r\n", "Transfer-Encoding: \"chunked\"\r\n",
      "Transfer-Encoding:\r\n chunked\r\n",
      "Transfer-Encoding: chunk\r\n", "Transfer-Encoding: 'chunked'\r\n",
      "Transfer\u{0}-Encoding: chunked\r\n",
      "Foo: bar\rTransfer-Encoding: chunked\r\n", "Foo: bar\r\rTransfer-Encoding: chunked\r\n",
      "Foo: bar\0Transfer-Encoding: chunked\r\n", "\0Transfer-Encoding: chunked\r\n",
      "Content-Length\t: 5\r\n",
      "Host: b\r\n", "Host : b\r\n", "Expect: 100-continue, x\r\n", "Transfer-Encoding: identity\r\n",
      "Transfer-Encoding: chunked, identity\r\n", "Transfer-Encoding: tRANSFER-ENCODING: chunked\r\n",
    ])
  func `what two parsers could read differently is refused`(lines: String) {
    let (outcome, _) = parse("POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n0\r\n\r\n")
    guard case .refused = outcome.progress else {
      Issue.record("\(outcome.progress) for \(lines.debugDescription)")
      return
    }
  }
}
