import Bytes
import HTTPCore
import Testing

@Suite struct PipelineTests {
  private static let requests = [
    "GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "POST /d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: u\r\n\r\n",
    "\r\nOPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /e HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
  ]

  /// Runs a connection over pieces of its bytes, as a server does, and returns what it saw.
  private func run(_ pieces: [[UInt8]]) -> [String] {
    var parser = RequestParser()
    var body: BodyDecoder?
    var buffer = ByteBuffer()
    var seen: [String] = []
    for piece in pieces {
      buffer.append(piece)
      reading: while true {
        if body != nil {
          switch body!.step(buffer.bytes) {
          case .needMore: break reading
          case .payload(let range):
            seen[seen.count - 1] += buffer.bytes.string(range)
            buffer.consume(range.upperBound)
          case .finished(let consumed):
            buffer.consume(consumed)
            body = nil
          case .refused(let refusal):
            seen.append("\(refusal)")
            return seen
          }
        } else {
          switch parser.parse(buffer.bytes) {
          case .needMore: break reading
          case .complete(let count):
            seen.append("\(parser.head.method) \(buffer.bytes.string(parser.head.target)) ")
            body = BodyDecoder(parser.head.framing)
            buffer.consume(count)
            parser.reset()
          case .refused(let refusal):
            seen.append("\(refusal)")
            return seen
          }
        }
      }
    }
    #expect(buffer.isEmpty && body == nil && !parser.hasStarted)
    return seen
  }

  @Test func `requests in one piece, in bytes and in random pieces are the same requests`() {
    let expected = ["get /a?b ", "post /c hello", "post /d abc", "options * ", "get /e ", "post /f "]
    let all = Array(Self.requests.joined().utf8)
    #expect(run([all]) == expected)
    #expect(run(Self.requests.map { Array($0.utf8) }) == expected)
    #expect(run(all.map { [$0] }) == expected)
    for seed in 1...50 as ClosedRange<UInt64> {
      var generator = SeededGenerator(seed: seed)
      var pieces: [[UInt8]] = []
      var start = 0
      while start < all.count {
        let end = min(all.count, start + Int.random(in: 1...40, using: &generator))
        pieces.append(Array(all[start..<end]))
        start = end
      }
      #expect(run(pieces) == expected, "seed \(seed)")
    }
  }

  @Test func `what follows a head is left alone`() {
    let head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    let bytes = Array((head + "\0\0garbage").utf8)
    var parser = RequestParser()
    #expect(parser.parse(bytes.span.bytes) == .complete(headByteCount: head.utf8.count))
    parser.reset()
    #expect(!parser.hasStarted)
    let rest = Array(bytes[head.utf8.count...])
    #expect(parser.parse(rest.span.bytes) == .refused(Refusal(.malformedMethod)))
    #expect(parser.parse(rest.span.bytes) == .refused(Refusal(.malformedMethod)))
  }

  @Test func `nothing of a request reaches the next`() {
    let rich = "POST http://x/a?b HTTP/1.0\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    let plain = "GET /p HTTP/1.1\r\nHost: h\r\n\r\n"
    for first in [
      rich, "OPTIONS * HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
    ] {
      var parser = RequestParser()
      _ = parser.parse(Array(first.utf8).span.bytes)
      parser.reset()
      let bytes = Array(plain.utf8)
      #expect(parser.parse(bytes.span.bytes) == .complete(headByteCount: bytes.count))
      #expect(parser.head.summary(bytes.span.bytes) == accepted(plain))
    }
  }
}
