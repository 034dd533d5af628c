import Testing

@testable import SoukKit

@Suite struct GatewayClientTests {
  /// A client with a gateway that answers like this; both for the time of `body`.
  private func with(
    _ reply: @escaping @Sendable (FakeGateway.Seen, Int) -> FakeGateway.Reply,
    timeout: Duration = .seconds(30),
    _ body: (GatewayClient, FakeGateway) throws -> Void
  ) throws {
    let gateway = try FakeGateway(reply)
    defer { gateway.stop() }
    let client = GatewayClient(host: "127.0.0.1", port: gateway.port, timeout: timeout)
    defer { client.disconnect() }
    try body(client, gateway)
  }

  @Test func `a request carries its fields and body, an answer its own`() throws {
    try with({ _, _ in .status("201 Created", #"{"a":1}"#, "Location: /x\r\n") }) {
      (client, gateway) throws in
      let answer = try client.send(
        .post, "/api/v1/x?y=z",
        fields: [("authorization", "Bearer t"), ("content-type", "application/json")],
        body: Array("{}".utf8))
      #expect(answer.status == 201 && answer.field("location") == "/x" && answer.json?["a"] == .integer(1))
      let seen = try #require(gateway.seen.first)
      #expect(seen.method == "POST" && seen.target == "/api/v1/x?y=z" && seen.body == Array("{}".utf8))
      #expect(seen.authorization == "Bearer t" && seen.contentType == "application/json")
      #expect(seen.host == "127.0.0.1:\(gateway.port)")
    }
  }

  @Test func `the connection is kept for the next request`() throws {
    try with({ _, number in .status("200 OK", "\(number)") }) { (client, gateway) throws in
      for number in 0..<5 { #expect(try client.send(.get, "/").body == Array("\(number)".utf8)) }
      #expect(gateway.seen.map(\.connection) == [1, 1, 1, 1, 1])
    }
  }

  @Test func `chunked answers, answers until close and 1xx answers are read whole`() throws {
    let replies: [FakeGateway.Reply] = [
      .bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nx: y\r\n\r\n"),
      .bytes("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
      .bytes("HTTP/1.1 204 No Content\r\n\r\n"), .last("HTTP/1.1 200 OK\r\n\r\nuntil the end"),
    ]
    try with({ _, number in replies[number] }) { (client, _) throws in
      let bodies = try replies.map { _ in String(decoding: try client.send(.get, "/").body, as: UTF8.self) }
      #expect(bodies == ["abcde", "ok", "", "until the end"])
    }
  }

  @Test func `a kept connection that has ended is replaced when that does no harm`() throws {
    try with({ _, number in
      number.isMultiple(of: 2) ? .last("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") : .status("200 OK")
    }) {
      (client, gateway) throws in
      #expect(try client.send(.get, "/").status == 200)
      #expect(try client.send(.put, "/", body: []).status == 200)
      #expect(gateway.seen.map(\.connection) == [1, 2])
    }
    try with({ _, number in number == 0 ? .status("200 OK") : .last("") }) { (client, gateway) throws in
      #expect(try client.send(.get, "/").status == 200)
      #expect(throws: GatewayClient.Silence.disconnected) { try client.send(.post, "/", body: []) }
      #expect(gateway.seen.count == 2)
    }
    try with({ _, number in number == 1 ? .last("") : .status("200 OK") }) { (client, gateway) throws in
      #expect(try client.send(.get, "/").status == 200)
      #expect(try client.send(.post, "/", body: [], mayRepeat: true).status == 200)
      #expect(gateway.seen.map(\.connection) == [1, 1, 2])
    }
  }

  @Test func `nobody listening, no answer and a cut answer are told apart`() throws {
    let gateway = try FakeGateway { _, _ in .silence }
    let gone = gateway.port
    gateway.stop()
    #expect(throws: GatewayClient.Silence.unreachable("127.0.0.1:\(gone): Connection refused")) {
      try GatewayClient(host: "127.0.0.1", port: gone).send(.get, "/")
    }
    try with({ _, _ in .silence }, timeout: .milliseconds(50)) { (client, _) throws in
      #expect(throws: GatewayClient.Silence.timedOut) { try client.send(.get, "/") }
    }
    try with({ _, _ in .last("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc") }) { (client, _) throws in
      #expect(throws: GatewayClient.Silence.disconnected) { try client.send(.get, "/") }
    }
    try with({ _, _ in .last("") }) { (client, _) throws in
      #expect(throws: GatewayClient.Silence.disconnected) { try client.send(.get, "/") }
    }
    try with({ _, _ in .last("SSH-2.0-OpenSSH\r\n") }) { (client, _) throws in
      do throws(GatewayClient.Silence) {
        _ = try client.send(.get, "/")
        Issue.record("an answer")
      } catch {
        guard case .malformed = error else {
          Issue.record("\(error)")
          return
        }
      }
    }
  }

  @Test func `a problem document says why`() throws {
    let problem = #"{"type":"/problems/invalid","title":"Invalid","status":422,"detail":"price is missing"}"#
    try with({ _, number in number == 0 ? .status("422 X", problem) : .status("500 X", "<html>") }) {
      (client, _) throws in
      #expect(try client.send(.get, "/").reason == "price is missing")
      #expect(try client.send(.get, "/").reason == "status 500")
    }
  }
}
