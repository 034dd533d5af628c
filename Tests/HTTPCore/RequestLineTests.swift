import HTTPCore
import Testing

@Suite struct RequestLineTests {
  @Test(
    arguments: [
      ("GET", Method.get), ("HEAD", .head), ("POST", .post), ("PUT", .put), ("DELETE", .delete),
      ("PATCH", .patch), ("OPTIONS", .options), ("TRACE", .trace),
    ])
  func `every known method is read`(name: String, method: Method) {
    let head = accepted("\(name) / HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(head.line[0] == "\(method)")
    #expect(head.line[1] == name)
  }

  @Test func `an unknown well-formed method is 501 when the head is whole`() {
    for name in ["get", "Get", "GETS", "BREW", "M-SEARCH", "!#$%&'*+-.^_`|~09", "P", "OPTIONSX"] {
      refused("\(name) / HTTP/1.1\r\nHost: a\r\n\r‸\n", .unknownMethod)
      refused("\(name) / HTTP/1.1\r\nA : b", .malformedFieldName)
    }
    #expect(Refusal.Reason.unknownMethod.status == .notImplemented)
  }

  @Test func `a method ends in exactly one space`() {
    refused("‸ GET / HTTP/1.1\r\n", .malformedMethod)
    refused("GET‸\t/ HTTP/1.1\r\n", .malformedMethod)
    refused("GET ‸ / HTTP/1.1\r\n", .malformedTarget)
    refused("GET‸\r\n", .malformedMethod)
    refused("GET‸\n", .malformedMethod)
    refused("G‸:T / HTTP/1.1\r\n", .malformedMethod)
    refused("‸(GET / HTTP/1.1\r\n", .malformedMethod)
    refused("G‸é / HTTP/1.1\r\n", .malformedMethod)
    refused("GE‸\0T / HTTP/1.1\r\n", .malformedMethod)
  }

  @Test func `every byte that no method may hold is refused when it arrives`() {
    let token = Set("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    for byte in 0...255 as ClosedRange<UInt8> where !token.contains(byte) && byte != 0x20 {
      refused([0x47, byte, 0x54, 0x20], at: 1, .malformedMethod)
    }
  }

  @Test func `one empty line before a request is skipped and not counted as a start`() {
    #expect(accepted("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").line[3] == "/")
    refused("\r\n‸\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedMethod)
    refused("\r‸GET / HTTP/1.1\r\n", .malformedLineEnd)
    refused("‸\nGET / HTTP/1.1\r\n", .malformedLineEnd)
    refused("\r\n‸\nGET / HTTP/1.1\r\n", .malformedLineEnd)
    var parser = RequestParser()
    #expect(!parser.hasStarted)
    #expect(parser.parse(Array("\r\n".utf8).span.bytes) == .needMore)
    #expect(!parser.hasStarted)
    #expect(parser.parse(Array("\r\nG".utf8).span.bytes) == .needMore)
    #expect(parser.hasStarted)
  }

  @Test func `both versions are read`() {
    #expect(accepted("GET / HTTP/1.1\r\nHost: a\r\n\r\n").line[2] == "http11")
    #expect(accepted("GET / HTTP/1.0\r\nHost: a\r\n\r\n").line[2] == "http10")
  }

  @Test func `another version is 505 when the digit that tells arrives`() {
    refused("GET / HTTP/‸2.0\r\n", .unsupportedVersion)
    refused("GET / HTTP/‸0.9\r\n", .unsupportedVersion)
    refused("GET / HTTP/‸3\r\n", .unsupportedVersion)
    refused("GET / HTTP/1.‸2\r\n", .unsupportedVersion)
    refused("GET / HTTP/1.‸9\r\n", .unsupportedVersion)
    #expect(Refusal.Reason.unsupportedVersion.status == .httpVersionNotSupported)
  }

  @Test func `a malformed version is refused at its first wrong byte`() {
    refused("GET / ‸http/1.1\r\n", .malformedVersion)
    refused("GET / H‸ttp/1.1\r\n", .malformedVersion)
    refused("GET / ‸ HTTP/1.1\r\n", .malformedVersion)
    refused("GET / HTTP‸ /1.1\r\n", .malformedVersion)
    refused("GET / HTTP/‸v1.1\r\n", .malformedVersion)
    refused("GET / HTTP/1‸1\r\n", .malformedVersion)
    refused("GET / HTTP/1.‸x\r\n", .malformedVersion)
    refused("GET / HTTP/1.1‸1\r\n", .malformedVersion)
    refused("GET / HTTP/1.1‸ \r\n", .malformedVersion)
    refused("GET / HTTP/1.1‸\n", .malformedLineEnd)
    refused("GET / HTTP/1.1\r‸\r\n", .malformedLineEnd)
    refused("GET / HTTP/1.1\r‸Host: a\r\n", .malformedLineEnd)
    refused("GET / ‸\r\n", .malformedVersion)
    refused("GET /‸\r\n", .malformedTarget)
    refused("PRI ‸* HTTP/2.0\r\n\r\nSM\r\n\r\n", .malformedTarget)
  }

  @Test func `a TLS hello is refused at its first byte`() {
    refused([0x16, 0x03, 0x01, 0x02, 0x00], at: 0, .malformedMethod)
  }
}
