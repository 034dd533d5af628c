import Bytes
import HTTPCore
import Platform
import Testing

@testable import Gateway

struct ForwardedHeadTests {
  private func forward(_ request: String, traceparent: String? = nil) -> [String] {
    let bytes = Array(request.utf8)
    var parser = RequestParser()
    guard case .complete(let count) = parser.parse(bytes.span.bytes) else { return ["refused"] }
    var output = ByteBuffer()
    ForwardedHead.appendRequest(
      parser.head, bytes.span.bytes.extracting(0..<count),
      ForwardedContext(
        peer: Endpoint(.v4(0xc000_0207), port: 4711), host: "catalog", requestID: "id-1",
        traceparent: traceparent,
        trace: TraceIdentity(high: 0, low: 0, span: 0)), to: &output)
    return String(decoding: output.array(), as: UTF8.self).split(separator: "\r\n").map { String($0) }
  }

  @Test func `a request goes on with our word for who asks, and as whom`() {
    #expect(
      forward(
        "GET /api/v1/products?q=a HTTP/1.1\r\nHost: shop.example\r\nAccept: text/html\r\n\r\n",
        traceparent: "T")
        == [
          "GET /api/v1/products?q=a HTTP/1.1", "host: catalog", "Accept: text/html", "x-request-id: id-1",
          "traceparent: T", "x-forwarded-for: 192.0.2.7", "x-forwarded-proto: http",
          "x-forwarded-host: shop.example", "via: 1.1 souk",
        ])
  }

  @Test func `fields about the connection, other proxies and cookies stay behind`() {
    let lines = forward(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n"
        + "Upgrade: websocket\r\nProxy-Authorization: x\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Port: 1\r\n"
        + "X-Real-IP: 9.9.9.9\r\nForwarded: for=1\r\nCookie: souk_cart=x\r\nX-Request-ID: theirs\r\n"
        + "Traceparent: theirs\r\nX-Timeout-MS: 1\r\nAuthorization: Bearer t\r\nX-Other: 2\r\n\r\n")
    #expect(lines.contains("Authorization: Bearer t"))
    #expect(lines.contains("X-Other: 2"))
    #expect(lines.contains("traceparent: 00-00000000000000000000000000000001-0000000000000001-00"))
    #expect(
      lines.map { $0.prefix { $0 != ":" }.lowercased() } == [
        "get / http/1.1", "host", "authorization", "x-other", "x-request-id", "traceparent",
        "x-forwarded-for",
        "x-forwarded-proto", "x-forwarded-host", "via",
      ])
  }

  @Test func `a length stays a length, chunks stay chunks, and naming them in Connection changes nothing`() {
    #expect(
      forward("POST / HTTP/1.1\r\nHost: a\r\nConnection: content-length\r\nContent-Length: 5\r\n\r\n")
        .contains("content-length: 5"))
    #expect(
      forward("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        .contains("transfer-encoding: chunked"))
  }

  @Test func `an absolute target goes on in origin form`() {
    let lines = forward("GET http://shop.example/x?y=1 HTTP/1.1\r\nHost: other\r\n\r\n")
    #expect(lines[0] == "GET /x?y=1 HTTP/1.1")
    #expect(lines.contains("x-forwarded-host: shop.example"))
  }

  private func answer(_ response: String, framing: Framing, length: UInt64? = nil, keeps: Bool = true)
    -> [String]
  {
    let bytes = Array(response.utf8)
    var parser = ResponseParser()
    guard case .complete(let count) = parser.parse(bytes.span.bytes) else { return ["refused"] }
    var output = ByteBuffer()
    ForwardedHead.appendResponse(
      parser.head, bytes.span.bytes.extracting(0..<count), requestID: "id-1", framing: framing,
      contentLength: length, keepsConnection: keeps, isHTTP10: false, to: &output)
    return String(decoding: output.array(), as: UTF8.self).split(separator: "\r\n").map { String($0) }
  }

  @Test func `an answer goes back without what concerned the connection to the service`() {
    #expect(
      answer(
        "HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 3\r\nETag: \"1\"\r\n"
          + "x-request-id: id-1\r\nContent-Length: 3\r\nX-Souk-Secret: 1\r\n\r\n", framing: .length(3))
        == ["HTTP/1.1 200 OK", "ETag: \"1\"", "x-request-id: id-1", "content-length: 3"])
    #expect(
      answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", framing: .chunked, keeps: false) == [
        "HTTP/1.1 200 OK", "x-request-id: id-1", "transfer-encoding: chunked", "connection: close",
      ])
  }
}
