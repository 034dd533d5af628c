import EventLoop
import MachineTesting
import Platform
import Testing

@testable import Gateway

/// RFC 9112 §9.6: nothing follows an answer that says `connection: close`.
struct LastAnswerTests {
  @Test func `after an answer that came before the body nothing more is answered`() {
    let (answer, asked) = withLoop { machine -> (String, Int) in
      let answered = Signal()
      let upstream = ScriptedUpstream(machine) { peer, _ in
        await peer.read { $0.contains("\r\n\r\n") }
        await peer.send("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n")
        answered.notify()
        await peer.readToEnd()
      }
      let client = await TestShop(machine, catalog: upstream.endpoint).connect()
      // The first piece of a body, in chunks of a thousand bytes. They are longer here than behind the gateway, so that
      // what it needs for a piece brings the rest along.
      let chunk = "00000000000003e8\r\n" + String(repeating: "x", count: 1000) + "\r\n"
      let piece = String(repeating: chunk, count: Proxy.pieceByteCount / 1000 + 1)
      await client.send(
        "POST /api/v1/products HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + piece)
      await answered.wait()
      for _ in 0..<3 { await machine.loop.sleep(until: machine.loop.now) }
      // The second piece, at which the gateway sees the answer; with it all that remains, and another request.
      await client.send(piece + chunk + "0\r\n\r\nGET /api/v1/products/x HTTP/1.1\r\nHost: a\r\n\r\n")
      return (await client.readToEnd(), upstream.connectionCount)
    }
    #expect(answer.hasPrefix("HTTP/1.1 401 "))
    #expect(answer.contains("connection: close\r\n"))
    #expect(answer.components(of: "HTTP/1.1 ").count == 2)
    #expect(asked == 1)
  }
}
