import EventLoop
import HTTP
import HTTPCore
import MachineTesting
import Platform
import Shop
import Testing

@testable import Gateway

/// Bodies of requests on their way to a service.
struct ProxyBodyTests {
  @Test func `request bodies reach the service, chunked ones too`() {
    func run(_ request: String) -> String {
      withLoop { machine in
        let catalog = TestShop.serve(machine) { request in
          let body = try? await request.body(limit: 1 << 21)
          return .text(.ok, "got " + String(decoding: body ?? [], as: UTF8.self))
        }
        return await TestShop(machine, catalog: catalog).exchange(request)
      }
    }
    #expect(
      run("POST /api/v1/products HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc").hasSuffix(
        "\r\n\r\ngot abc"))
    #expect(
      run(
        "POST /api/v1/products HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
      )
      .hasSuffix("\r\n\r\ngot abcde"))
  }

  @Test func `of a body announced too large the service sees the head alone, and may say 404 before 413`() {
    let (answer, late) = withLoop { machine in
      let upstream = ScriptedUpstream(machine) { peer, number in
        await peer.readHead()
        if number == 1 { await peer.send("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n") }
      }
      let shop = TestShop(machine, catalog: upstream.endpoint)
      let request = "POST /api/v1/products HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n"
      return (await shop.exchange(request), await shop.exchange(request))
    }
    #expect(answer.hasPrefix("HTTP/1.1 404 "))
    #expect(late.hasPrefix("HTTP/1.1 413 "))
    #expect(late.contains("/problems/too-large"))
  }

  @Test func `a chunked body that grows too large is 413`() {
    let answer = withLoop { machine in
      let catalog = TestShop.serve(machine) { request in
        _ = try? await request.body(limit: 1 << 30)
        return .text(.ok, "never")
      }
      let client = await TestShop(machine, catalog: catalog).connect()
      await client.send("POST /api/v1/products HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
      let chunk = "10000\r\n" + String(repeating: "x", count: 65536) + "\r\n"
      for _ in 0..<20 { guard await client.send(chunk) else { break } }
      return await client.readToEnd()
    }
    #expect(answer.hasPrefix("HTTP/1.1 413 "))
  }

  @Test func `clients that send their body slowly take no connection from the others`() {
    let (answer, connections) = withLoop { machine -> (String, Int) in
      let upstream = ScriptedUpstream(machine) { peer, _ in
        while await peer.readHead() != "" { await peer.send(ok) }
      }
      let shop = TestShop(machine, catalog: upstream.endpoint)
      var slow: [RawClient] = []
      for number in 0...Gateway.maximumConnectionsPerService {
        let client = await shop.connect()
        let framing = number % 2 == 0 ? "Content-Length: 9" : "Transfer-Encoding: chunked"
        await client.send("POST /api/v1/products HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n1\r\n{")
        slow.append(client)
      }
      let answer = await shop.exchange(get)
      for client in slow { client.stream.close() }
      return (answer, upstream.connectionCount)
    }
    #expect(answer.hasPrefix("HTTP/1.1 200 "))
    #expect(connections == 1)
  }

  @Test
  func `long bodies that come slowly leave connections to the others, and are told when they are too many`() {
    let (answer, refused) = withLoop { machine -> (String, String) in
      let upstream = ScriptedUpstream(machine) { peer, _ in
        while await peer.readHead() != "" { await peer.send(ok) }
      }
      let shop = TestShop(machine, catalog: upstream.endpoint)
      let beginning = String(repeating: "x", count: Proxy.pieceByteCount)
      let upload = "POST /api/v1/products HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + beginning
      var slow: [RawClient] = []
      for _ in 0..<Proxy.maximumUploadCount {
        let client = await shop.connect()
        await client.send(upload)
        slow.append(client)
      }
      while upstream.connectionCount < Proxy.maximumUploadCount { await Task.yield() }
      let extra = await shop.connect()
      await extra.send(upload)
      let refused = await extra.read { $0.contains("\r\n\r\n") }
      let answer = await shop.exchange(get)
      for client in slow + [extra] { client.stream.close() }
      return (answer, refused)
    }
    #expect(answer.hasPrefix("HTTP/1.1 200 "))
    #expect(refused.hasPrefix("HTTP/1.1 503 "))
    #expect(refused.contains("retry-after: "))
  }

  @Test func `of a chunked body that grows too large the service sees so much, and may say 404 before 413`() {
    let answer = withLoop { machine in
      let upstream = ScriptedUpstream(machine) { peer, _ in
        await peer.read { $0.utf8.count > 1 << 20 }
        await peer.send("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
        _ = await peer.readToEnd()
      }
      let client = await TestShop(machine, catalog: upstream.endpoint).connect()
      await client.send("POST /api/v1/products HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
      let chunk = "10000\r\n" + String(repeating: "x", count: 65536) + "\r\n"
      for _ in 0..<17 { guard await client.send(chunk) else { break } }
      return await client.read { $0.contains("\r\n\r\n") }
    }
    #expect(answer.hasPrefix("HTTP/1.1 404 "))
  }

  @Test func `an answer is passed on although the service closed while the body was under way`() {
    let answer = withLoop { machine in
      let upstream = ScriptedUpstream(machine) { peer, _ in
        await peer.read { $0.contains("\r\n\r\n") }
        await peer.send("HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
      }
      let client = await TestShop(machine, catalog: upstream.endpoint).connect()
      await client.send("POST /api/v1/products HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
      let chunk = "10000\r\n" + String(repeating: "x", count: 65536) + "\r\n"
      for _ in 0..<14 { guard await client.send(chunk) else { break } }
      return await client.read { $0.contains("\r\n\r\n") }
    }
    #expect(answer.hasPrefix("HTTP/1.1 401 "))
  }

  @Test func `a service may answer before it has read the body`() {
    let answer = withLoop { machine in
      let upstream = ScriptedUpstream(machine) { peer, _ in
        await peer.read { $0.contains("\r\n\r\n") }
        await peer.send("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n")
        _ = await peer.readToEnd()
      }
      let client = await TestShop(machine, catalog: upstream.endpoint).connect()
      await client.send("PUT /api/v1/products/x/image HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n")
      await client.send(String(repeating: "x", count: 2_000_000))
      return await client.read { $0.contains("\r\n\r\n") }
    }
    #expect(answer.hasPrefix("HTTP/1.1 401 "))
  }
}
