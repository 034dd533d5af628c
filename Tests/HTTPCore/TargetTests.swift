import HTTPCore
import Testing

@Suite struct TargetTests {
  /// target, path, query
  @Test(
    arguments: [
      ("/", "/", "no query"), ("/a/b", "/a/b", "no query"), ("/a?b=c", "/a", "?b=c"), ("/?", "/", "?"),
      ("/?a?b/c", "/", "?a?b/c"), ("/%41%2f?%2F", "/%41%2f", "?%2F"), ("//", "//", "no query"),
      ("//a//b/", "//a//b/", "no query"),
      ("/a;b=c,d:e@f!$&'()*+-._~", "/a;b=c,d:e@f!$&'()*+-._~", "no query"),
      ("/../..", "/../..", "no query"), ("/products:batch?ids=a,b", "/products:batch", "?ids=a,b"),
    ])
  func `an origin form is a path and perhaps a query`(target: String, path: String, query: String) {
    let head = accepted("GET \(target) HTTP/1.1\r\nHost: h:1\r\n\r\n")
    #expect(Array(head.line[3...]) == [target, path, query, "h:1", "", ""])
  }

  @Test(
    arguments: [
      ("http://x", "", "no query", "x"), ("http://x/", "/", "no query", "x"),
      ("HTTP://x.y:80/a?b", "/a", "?b", "x.y:80"), ("https://[::1]:8/", "/", "no query", "[::1]:8"),
      ("http://x?q", "", "?q", "x"), ("http://x:/", "/", "no query", "x:"),
      ("hTTpS://a%20b/c", "/c", "no query", "a%20b"),
    ])
  func `an absolute form names the host, which wins over the Host field`(
    target: String, path: String, query: String, host: String
  ) {
    let head = accepted("GET \(target) HTTP/1.1\r\nHost: other\r\n\r\n")
    #expect(Array(head.line[3...]) == [target, path, query, host, "absolute", ""])
  }

  @Test func `a malformed absolute form is refused where it goes wrong`() {
    refused("GET h‸ftp://x/ HTTP/1.1\r\n", .malformedTarget)
    refused("GET http‸x://x/ HTTP/1.1\r\n", .malformedTarget)
    refused("GET https‸s://x/ HTTP/1.1\r\n", .malformedTarget)
    refused("GET http:‸x HTTP/1.1\r\n", .malformedTarget)
    refused("GET http:/‸x HTTP/1.1\r\n", .malformedTarget)
    refused("GET http://‸/ HTTP/1.1\r\n", .malformedAuthority)
    refused("GET http://‸ HTTP/1.1\r\n", .malformedAuthority)
    refused("GET http://‸:80/ HTTP/1.1\r\n", .malformedAuthority)
    refused("GET http://a‸@b/ HTTP/1.1\r\n", .malformedAuthority)
    refused("GET http://a:‸b@c/ HTTP/1.1\r\n", .malformedAuthority)
    refused("GET http://a:‸x/ HTTP/1.1\r\n", .malformedAuthority)
    refused("GET http://a:6553‸6/ HTTP/1.1\r\n", .malformedAuthority)
    refused("GET http://a%4‸/ HTTP/1.1\r\n", .malformedAuthority)
    refused("GET http://[::1‸/ HTTP/1.1\r\n", .malformedAuthority)
    refused("GET http://a‸\\b/ HTTP/1.1\r\n", .malformedAuthority)
    refused("GET http://a‸#b HTTP/1.1\r\n", .malformedAuthority)
    refused("GET ‸ftp://x/ HTTP/1.1\r\n", .malformedTarget)
    refused("GET ‸example.com HTTP/1.1\r\n", .malformedTarget)
  }

  @Test func `an asterisk is for OPTIONS alone`() {
    let head = accepted("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(Array(head.line[3...]) == ["*", "", "no query", "a", "", "asterisk"])
    refused("GET ‸* HTTP/1.1\r\n", .malformedTarget)
    refused("OPTIONS *‸a HTTP/1.1\r\n", .malformedTarget)
    refused("OPTIONS *‸/ HTTP/1.1\r\n", .malformedTarget)
    #expect(accepted("OPTIONS /a HTTP/1.1\r\nHost: a\r\n\r\n").line[8] == "")
  }

  @Test func `OPTIONS for an absolute form without path or query is about the server`() {
    #expect(accepted("OPTIONS http://x HTTP/1.1\r\nHost: a\r\n\r\n").line[8] == "asterisk")
    #expect(accepted("OPTIONS http://x/ HTTP/1.1\r\nHost: a\r\n\r\n").line[8] == "")
    #expect(accepted("OPTIONS http://x?a HTTP/1.1\r\nHost: a\r\n\r\n").line[8] == "")
  }

  @Test func `an authority form is for CONNECT alone, which is 501`() {
    refused("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r‸\n", .connectUnsupported)
    refused("CONNECT [::1]:443 HTTP/1.1\r\nHost: a\r\n\r‸\n", .connectUnsupported)
    refused("CONNECT a‸ HTTP/1.1\r\n", .malformedAuthority)
    refused("CONNECT ‸/ HTTP/1.1\r\n", .malformedAuthority)
    refused("CONNECT a:443‸/ HTTP/1.1\r\n", .malformedAuthority)
    refused("CONNECT *‸ HTTP/1.1\r\n", .malformedAuthority)
    refused("GET ‸a:443 HTTP/1.1\r\n", .malformedTarget)
    #expect(Refusal.Reason.connectUnsupported.status == .notImplemented)
  }

  @Test func `every byte that no path or query may hold is refused when it arrives`() {
    let pchar = Set("-._~!$&'()*+,;=:@/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    for byte in 0...255 as ClosedRange<UInt8> where !pchar.contains(byte) && byte != 0x20 && byte != 0x25 {
      if byte != 0x3f { refused(Array("GET /a".utf8) + [byte], at: 6, .malformedTarget) }
      if byte != 0x3f { refused(Array("GET /?a".utf8) + [byte], at: 7, .malformedTarget) }
    }
  }

  @Test func `a fragment is refused at its sign`() {
    refused("GET /a‸#b HTTP/1.1\r\n", .malformedTarget)
    refused("GET /a?b‸#c HTTP/1.1\r\n", .malformedTarget)
  }

  @Test func `an escape is two hexadecimal digits`() {
    refused("GET /%‸ HTTP/1.1\r\n", .malformedTarget)
    refused("GET /%4‸ HTTP/1.1\r\n", .malformedTarget)
    refused("GET /%‸g0 HTTP/1.1\r\n", .malformedTarget)
    refused("GET /%0‸g HTTP/1.1\r\n", .malformedTarget)
    refused("GET /%‸%41 HTTP/1.1\r\n", .malformedTarget)
    refused("GET /?%‸u0041 HTTP/1.1\r\n", .malformedTarget)
    refused("GET /?%4‸& HTTP/1.1\r\n", .malformedTarget)
  }
}
