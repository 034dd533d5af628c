import HTTPCore
import Testing

@Suite struct ConnectionTests {
  private func keepsAlive(_ version: String, _ lines: String) -> Bool {
    accepted("GET / HTTP/\(version)\r\nHost: a\r\n\(lines)\r\n").keepAlive
  }

  @Test func `an HTTP 1.1 connection stays open unless close is named`() {
    #expect(keepsAlive("1.1", ""))
    #expect(keepsAlive("1.1", "Connection: keep-alive\r\n"))
    #expect(keepsAlive("1.1", "Connection: x-close, closed, clos\r\n"))
    #expect(!keepsAlive("1.1", "Connection: close\r\n"))
    #expect(!keepsAlive("1.1", "connection:CLOSE\r\n"))
    #expect(!keepsAlive("1.1", "Connection: x,\tClose\t, y\r\n"))
    #expect(!keepsAlive("1.1", "Connection: x\r\nConnection: close\r\n"))
    #expect(!keepsAlive("1.1", "Connection: keep-alive, close\r\n"))
  }

  @Test func `an HTTP 1.0 connection closes unless keep-alive is named`() {
    #expect(!keepsAlive("1.0", ""))
    #expect(keepsAlive("1.0", "Connection: Keep-Alive\r\n"))
    #expect(!keepsAlive("1.0", "Connection: keep-alive\r\nConnection: close\r\n"))
    #expect(!keepsAlive("1.0", "Keep-Alive: timeout=5\r\n"))
  }

  @Test func `100-continue is the only expectation`() {
    func head(_ lines: String, _ version: String = "1.1") -> HeadSummary {
      accepted("POST / HTTP/\(version)\r\nHost: a\r\n\(lines)\r\n")
    }
    #expect(head("Expect: 100-continue\r\nContent-Length: 5\r\n").expectsContinue)
    #expect(head("Transfer-Encoding: chunked\r\nexpect: 100-CONTINUE\r\n").expectsContinue)
    #expect(!head("Content-Length: 5\r\n").expectsContinue)
    refused(
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 5\r\n\r‸\n", .unknownExpectation)
    refused("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue, x\r\n\r‸\n", .unknownExpectation)
    refused("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue=y\r\n\r‸\n", .unknownExpectation)
    #expect(Refusal.Reason.unknownExpectation.status == .expectationFailed)
  }

  @Test func `nobody waits for 100 without content or on HTTP 1.0`() {
    let text = "Host: a\r\nExpect: 100-continue\r\n"
    #expect(!accepted("POST / HTTP/1.1\r\n\(text)\r\n").expectsContinue)
    #expect(!accepted("POST / HTTP/1.1\r\n\(text)Content-Length: 0\r\n\r\n").expectsContinue)
    #expect(!accepted("POST / HTTP/1.0\r\n\(text)Content-Length: 5\r\n\r\n").expectsContinue)
  }

  @Test func `the list of a Connection field is read as tokens`() {
    #expect(FieldList.tokens("Close, X-a ,,\tte") == ["close", "x-a", "te"])
    let bytes = Array("a, Upgrade".utf8)
    let namesUpgrade = FieldList.contains("upgrade", in: bytes.span.bytes, 0..<bytes.count)
    let namesGrade = FieldList.contains("grade", in: bytes.span.bytes, 0..<bytes.count)
    #expect(namesUpgrade && !namesGrade)
  }
}
