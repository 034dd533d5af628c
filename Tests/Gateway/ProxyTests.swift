import EventLoop
import HTTP
import HTTPCore
import MachineTesting
import Platform
import Shop
import Testing

@testable import Gateway

/// A request that the catalog gets, and a short answer of its.
let get = "GET /api/v1/products/x HTTP/1.1\r\nHost: shop\r\n\r\n"
let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

struct ProxyTests {
  @Test func `an answer passes through, with its status, fields and body`() {
    let answer = withLoop { machine in
      let catalog = TestShop.serve(machine) { request in
        Response(
          .ok, fields: [("etag", "\"1\""), ("x-was", request.pathString())],
          body: .bytes(Array((request.field(named: "x-forwarded-for") ?? "-").utf8)))
      }
      return await TestShop(machine, catalog: catalog).exchange(
        "GET /api/v1/products/x HTTP/1.1\r\nHost: shop\r\nX-Request-ID: my-id\r\nX-Forwarded-For: 8.8.8.8\r\n\r\n"
      )
    }
    #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(answer.contains("etag: \"1\"\r\n"))
    #expect(answer.contains("x-was: /api/v1/products/x\r\n"))
    #expect(answer.contains("x-request-id: my-id\r\n"))
    #expect(answer.hasSuffix("\r\n\r\n127.0.0.1"))
  }

  @Test func `two requests share one connection to the service`() {
    let (answer, connections) = withLoop { machine in
      let upstream = ScriptedUpstream(machine) { peer, _ in
        while await peer.readHead().hasPrefix("GET") { await peer.send(ok) }
      }
      let answer = await TestShop(machine, catalog: upstream.endpoint).exchange(get + get)
      return (answer, upstream.connectionCount)
    }
    #expect(answer.components(of: "\r\n\r\nok").count == 3)
    #expect(connections == 1)
  }

  @Test func `a kept connection that died is replaced once, for GET only`() {
    func run(_ second: String) -> (String, Int) {
      withLoop { machine in
        let upstream = ScriptedUpstream(machine) { peer, number in
          await peer.read { $0.contains("\r\n\r\n") }
          await peer.send(ok)
          if number == 1 {
            // The next request is read and answered with the end of the connection.
            await peer.read { $0.contains("\r\n\r\n") }
          }
        }
        let shop = TestShop(machine, catalog: upstream.endpoint)
        let client = await shop.connect()
        await client.send(get)
        await client.read { $0.hasSuffix("ok") }
        await client.send(second)
        client.stream.finish()
        return (await client.readToEnd(), upstream.connectionCount)
      }
    }
    let (again, connections) = run(get)
    #expect(again.hasPrefix("HTTP/1.1 200 OK"))
    #expect(connections == 2)
    // It was read: the service may have done it.
    let (failed, others) = run("POST /api/v1/products HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\n{}")
    #expect(failed.hasPrefix("HTTP/1.1 503"))
    #expect(failed.contains(Problem.doubt))
    #expect(others == 1)
  }

  @Test func `a change whose answer is cut off or makes no sense may have been made, a read was none`() {
    func answer(to request: String, _ reply: String) -> String {
      withLoop { machine in
        let upstream = ScriptedUpstream(machine) { peer, _ in
          await peer.readHead()
          await peer.send(reply)
        }
        return await TestShop(machine, catalog: upstream.endpoint).exchange(request)
      }
    }
    let delete = "DELETE /api/v1/products/x HTTP/1.1\r\nHost: shop\r\n\r\n"
    #expect(answer(to: delete, "HTTP/1.1 200 OK\r\n").contains(Problem.doubt))
    #expect(answer(to: delete, "nonsense\r\n\r\n").contains(Problem.doubt))
    #expect(answer(to: get, "").contains("Nothing was changed"))
  }

  @Test(arguments: ["GET", "DELETE"])
  func `a service that is down is 503 with Retry-After, as a problem document`(method: String) {
    let answer = withLoop { machine in
      await TestShop(machine).exchange("\(method) /api/v1/products/x HTTP/1.1\r\nHost: shop\r\n\r\n")
    }
    #expect(answer.hasPrefix("HTTP/1.1 503 "))
    #expect(answer.contains("Nothing was changed"))
    #expect(answer.contains("retry-after: "))
    #expect(answer.contains("content-type: application/problem+json"))
    #expect(answer.contains("\"/problems/unavailable\""))
    #expect(answer.contains("x-request-id: "))
  }

  @Test(arguments: [
    "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
    "HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n",
  ])
  func `an answer that is not HTTP is 502, and nothing of it leaks`(nonsense: String) {
    let answer = withLoop { machine in
      let upstream = ScriptedUpstream(machine) { peer, _ in
        await peer.readHead()
        await peer.send(nonsense)
      }
      return await TestShop(machine, catalog: upstream.endpoint).exchange(get)
    }
    #expect(answer.hasPrefix("HTTP/1.1 502 "))
    #expect(!answer.contains("nonsense"))
  }

  @Test func `an answer that breaks off breaks off for the client, too`() {
    let answer = withLoop { machine in
      let upstream = ScriptedUpstream(machine) { peer, _ in
        await peer.readHead()
        await peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
      }
      let client = await TestShop(machine, catalog: upstream.endpoint).connect()
      await client.send(get + get)
      return await client.readToEnd()
    }
    #expect(answer.components(of: "HTTP/1.1").count == 2)
    #expect(answer.contains("half"))
  }

  @Test func `a chunked answer streams through, and an HTTP 1.0 client gets it without chunks`() {
    func run(_ version: String) -> String {
      withLoop { machine in
        let upstream = ScriptedUpstream(machine) { peer, _ in
          await peer.readHead()
          await peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
          for _ in 0..<10 { await Task.yield() }
          await peer.send("3\r\ndef\r\n0\r\n\r\n")
        }
        return await TestShop(machine, catalog: upstream.endpoint).exchange(
          "GET /api/v1/products HTTP/\(version)\r\nHost: shop\r\n\r\n")
      }
    }
    let modern = run("1.1")
    #expect(modern.contains("transfer-encoding: chunked\r\n"))
    #expect(modern.hasSuffix("\r\n0\r\n\r\n"))
    let old = run("1.0")
    #expect(old.contains("connection: close\r\n"))
    #expect(!old.contains("chunked"))
    #expect(old.hasSuffix("\r\n\r\nabcdef"))
  }

  @Test func `a body of several megabytes arrives whole, at the pace of a slow reader`() {
    let count = 5_000_000
    let length = withLoop { machine in
      let catalog = TestShop.serve(machine) { _ in
        Response(.ok, body: .bytes([UInt8](repeating: 0x61, count: count)))
      }
      let client = await TestShop(machine, catalog: catalog).connect()
      await client.send(get)
      // Nothing is read until everybody's buffers are full.
      for _ in 0..<200 { await Task.yield() }
      let text = await client.read { $0.utf8.count > count }
      return text.utf8.count - (text.components(of: "\r\n\r\n").first?.utf8.count ?? 0) - 4
    }
    #expect(length == count)
  }

  @Test func `a client that takes longer than the exchange may last gets all of the answer`() {
    let clock = ManualClock()
    // More than the kernel's buffers hold on the way.
    let first = 24_000_000
    let (length, end) = withLoop(clock: clock) { machine in
      let gate = Signal()
      let upstream = ScriptedUpstream(machine) { peer, _ in
        await peer.readHead()
        await peer.send("HTTP/1.1 200 OK\r\ncontent-length: \(first + 3)\r\n\r\n")
        await peer.send(String(repeating: "x", count: first))
        await gate.wait()
        await peer.send("end")
      }
      let client = await TestShop(machine, catalog: upstream.endpoint).connect()
      await client.send(get)
      for _ in 0..<100 { await machine.loop.sleep(until: machine.loop.now) }
      clock.advance(by: Proxy.patience + .seconds(1))
      var length = 0
      while length < first {
        let piece = await client.read { $0.utf8.count >= min(1_000_000, first - length) }.utf8.count
        guard piece > 0 else { break }
        length += piece
      }
      gate.notify()
      return (length, await client.read { $0.hasSuffix("end") })
    }
    #expect(length >= first)
    #expect(end.hasSuffix("end"))
  }

  @Test func `while the gateway drains its answers say that the connection ends`() {
    let answer = withLoop { machine in
      let asked = Signal()
      let gate = Signal()
      let upstream = ScriptedUpstream(machine) { peer, _ in
        await peer.readHead()
        asked.notify()
        await gate.wait()
        await peer.send(ok)
        await peer.readToEnd()
      }
      let shop = TestShop(machine, catalog: upstream.endpoint)
      let client = await shop.connect()
      await client.send(get)
      await asked.wait()
      machine.loop.spawn { await shop.server.drain() }
      for _ in 0..<3 { await machine.loop.sleep(until: machine.loop.now) }
      gate.notify()
      return await client.readToEnd()
    }
    #expect(answer.contains("connection: close\r\n"))
    #expect(answer.hasSuffix("ok"))
  }

  @Test(arguments: ["/internal/v1/holds", "/metrics", "/livez", "/readyz", "/api/v1/internal"])
  func `nothing inside is reachable from outside, with the secret neither`(path: String) {
    let (answer, asked) = withLoop { machine in
      var asked = 0
      let inner = TestShop.serve(machine) { request in
        asked += 1
        return .text(.ok, "inside")
      }
      let shop = TestShop(machine, catalog: inner, cart: inner, checkout: inner)
      let answer = await shop.exchange(
        "GET \(path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(String(repeating: "i", count: 64))\r\n\r\n"
      )
      return (answer, asked)
    }
    #expect(answer.hasPrefix("HTTP/1.1 404 "))
    #expect(asked == 0)
  }

  @Test func `an ambiguous path is 400`() {
    let answer = withLoop { machine in
      await TestShop(machine).exchange("GET /api/v1/carts/%2e%2e/%2e%2e/internal HTTP/1.1\r\nHost: a\r\n\r\n")
    }
    #expect(answer.hasPrefix("HTTP/1.1 400 "))
    #expect(answer.contains("/problems/malformed"))
  }

  @Test func `the admin port says which service is not ready, and shows the numbers`() {
    let (ready, live, metrics) = withLoop { machine in
      let catalog = TestShop.serve(machine) { _ in .text(.ok, "ready") }
      let shop = TestShop(machine, catalog: catalog)
      let admin = TestShop.serve(machine, AdminPort(shop.gateway, metrics: shop.metrics))
      func ask(_ path: String) async -> String {
        let client = await RawClient(machine, to: admin)
        await client.send("GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return await client.readToEnd()
      }
      return (await ask("/readyz"), await ask("/livez"), await ask("/metrics"))
    }
    #expect(ready.hasPrefix("HTTP/1.1 503 ") && ready.contains("service cart"))
    #expect(live.hasPrefix("HTTP/1.1 200 "))
    #expect(metrics.contains("gateway_upstream_requests_total{service=\"catalog\",outcome=\"answered\"} 0"))
  }
}

extension String {
  /// The pieces between occurrences of `separator`; Foundation's, without Foundation.
  func components(of separator: String) -> [String] {
    var pieces: [String] = []
    var current: [UInt8] = []
    let bytes = Array(utf8)
    let mark = Array(separator.utf8)
    var index = 0
    while index < bytes.count {
      if bytes[index...].starts(with: mark) {
        pieces.append(String(decoding: current, as: UTF8.self))
        current = []
        index += mark.count
      } else {
        current.append(bytes[index])
        index += 1
      }
    }
    return pieces + [String(decoding: current, as: UTF8.self)]
  }
}
