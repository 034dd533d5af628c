import Bytes
import EventLoop
import HTTP
import HTTPCore
import MachineTesting
import Platform
import Testing

private func hello(_ request: Request) async -> Response { .text(.ok, "hello") }

struct ServerTests {
  @Test func `a request is answered with date and length, and the connection stays`() {
    let (first, second) = withLoop { machine in
      let client = await TestServer(machine, hello).connect()
      await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      let first = await client.readResponse()
      await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      return (first, await client.readResponse())
    }
    #expect(first.hasPrefix("HTTP/1.1 200 OK\r\ndate: "))
    #expect(first.contains(" GMT\r\n"))
    #expect(first.hasSuffix("content-length: 5\r\n\r\nhello"))
    #expect(second.hasSuffix("hello"))
  }

  @Test func `pipelined requests are answered in order, slow ones too`() {
    let answer = withLoop { machine in
      await TestServer(machine) { request in
        if request.pathString() == "/slow" { for _ in 0..<20 { await Task.yield() } }
        return .text(.ok, request.pathString())
      }.exchange(
        "GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n"
      )
    }
    let bodies = ["/slow", "/2", "/3"].map { answer.range(of: "\r\n\r\n" + $0) }
    #expect(bodies.allSatisfy { $0 != nil })
    #expect(bodies[0]!.lowerBound < bodies[1]!.lowerBound && bodies[1]!.lowerBound < bodies[2]!.lowerBound)
  }

  @Test func `answers made at once and answers that wait keep their order`() {
    let answer = withLoop { machine in
      let handler = ClosureHandler { request in
        await Task.yield()
        return .text(.ok, "waited")
      }
      handler.atOnce = { request, output in
        guard request.pathString() == "/hot" else { return false }
        output.append("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhot")
        return true
      }
      return await TestServer(machine, handler: handler).exchange(
        ["/hot", "/cold", "/hot", "/hot", "/cold"].map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
    }
    let order = answer.split(separator: "HTTP/1.1 200 OK").map { $0.hasSuffix("hot") ? "hot" : "waited" }
    #expect(order == ["hot", "waited", "hot", "hot", "waited"])
  }

  @Test func `a refused request gets its status as a problem document and the connection ends`() {
    let answer = withLoop { machine in
      await TestServer(machine, hello).exchange("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", finish: false)
    }
    #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
    #expect(answer.contains("content-type: application/problem+json\r\n"))
    #expect(answer.contains("connection: close\r\n"))
    #expect(answer.contains("\"type\":\"/problems/malformed\""))
  }

  @Test func `the client sees a refusal although it goes on sending`() {
    let answer = withLoop { machine -> String in
      let client = await TestServer(machine, hello).connect()
      await client.send("GET / HTTP/9.9\r\n" + String(repeating: "x", count: 100_000))
      client.stream.finish()
      return await client.readToEnd()
    }
    #expect(answer.hasPrefix("HTTP/1.1 505"))
    #expect(!answer.contains("<"))
  }

  @Test func `lingering after a refusal is bounded in bytes`() {
    let answer = withLoop { machine -> String in
      var limits = ServerLimits()
      limits.maximumLingerByteCount = 10_000
      let client = await TestServer(machine, limits: limits, hello).connect()
      await client.send("GET / HTTP/9.9\r\n")
      _ = await client.readResponse()
      for _ in 0..<1000
      where (try? client.stream.send([UInt8](repeating: 0, count: 10_000).span.bytes)) != nil {
        await Task.yield()
        await machine.loop.sleep(for: .zero)
      }
      return await client.readToEnd()
    }
    #expect(answer == "<reset>" || answer == "")
  }

  @Test func `a header section that does not end in time is answered 408`() {
    let answer = withLoop { machine -> String in
      var limits = ServerLimits()
      limits.headerTimeout = .milliseconds(20)
      return await TestServer(machine, limits: limits, hello).exchange("GET / HTTP/1.1\r\nHo", finish: false)
    }
    #expect(answer.hasPrefix("HTTP/1.1 408"))
  }

  @Test func `a connection without a request is closed in silence`() {
    let answer = withLoop { machine -> String in
      var limits = ServerLimits()
      limits.idleTimeout = .milliseconds(20)
      return await TestServer(machine, limits: limits, hello).exchange("", finish: false)
    }
    #expect(answer == "")
  }

  @Test func `a body that does not arrive in time is a time-out of the body`() {
    let error = withLoop { machine -> BodyError? in
      var limits = ServerLimits()
      limits.bodyTimeout = .milliseconds(20)
      var seen: BodyError?
      _ = await TestServer(machine, limits: limits) { request in
        do throws(BodyError) { _ = try await request.body(limit: 100) } catch { seen = error }
        return Response(.requestTimeout)
      }.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc", finish: false)
      return seen
    }
    #expect(error == .timedOut)
  }

  @Test(arguments: [
    "Content-Length: 11\r\n\r\nhello world",
    "Transfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n",
  ]) func `a body arrives whole, however it is framed, and the next request is found`(framed: String) {
    let answer = withLoop { machine in
      await TestServer(machine) { request in
        guard let body = try? await request.body(limit: 100) else { return Response(.badRequest) }
        return Response(.ok, body: .bytes(body))
      }.exchange("POST / HTTP/1.1\r\nHost: a\r\n\(framed)GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
    }
    #expect(answer.contains("\r\n\r\nhello world"))
    #expect(answer.occurrences(of: "HTTP/1.1 200 OK") == 2)
  }

  @Test func `a body over the limit is refused by its announcement, without a byte of it`() {
    let (error, answer) = withLoop { machine -> (BodyError?, String) in
      var seen: BodyError?
      let answer = await TestServer(machine) { request in
        do throws(BodyError) { _ = try await request.body(limit: 5) } catch { seen = error }
        return Response(.contentTooLarge)
      }.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
      return (seen, answer)
    }
    #expect(error == .tooLarge(limit: 5))
    #expect(answer.hasPrefix("HTTP/1.1 413"))
    #expect(answer.contains("connection: close"))
  }

  @Test func `a chunked body over the limit is refused when it passes it`() {
    let error = withLoop { machine -> BodyError? in
      var seen: BodyError?
      _ = await TestServer(machine) { request in
        do throws(BodyError) { _ = try await request.body(limit: 5) } catch { seen = error }
        return Response(.contentTooLarge)
      }.exchange("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n0\r\n\r\n")
      return seen
    }
    #expect(error == .tooLarge(limit: 5))
  }

  @Test func `a small body that the handler did not read is skipped, a large one ends the connection`() {
    let (small, large) = withLoop { machine -> (String, String) in
      let server = TestServer(machine, hello)
      let next = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
      let small = String(repeating: "x", count: 1000)
      let large = String(repeating: "x", count: 1_000_000)
      let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "
      return (
        await server.exchange(head + "1000\r\n\r\n" + small + next),
        await server.exchange(head + "1000000\r\n\r\n" + large + next)
      )
    }
    #expect(small.occurrences(of: "200 OK") == 2)
    #expect(large.occurrences(of: "200 OK") <= 1)
  }

  @Test func `100 Continue is sent when the handler reads and not before`() {
    let (interim, final, refused) = withLoop { machine -> (String, String, String) in
      let server = TestServer(machine) { request in
        if request.pathString() == "/no" { return Response(.unauthorized) }
        let body = try? await request.body(limit: 100)
        return Response(.ok, body: .bytes(body ?? []))
      }
      let client = await server.connect()
      await client.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
      let interim = await client.read { $0.hasSuffix("\r\n\r\n") }
      await client.send("hi")
      let final = await client.readResponse()
      let refused = await server.exchange(
        "PUT /no HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", finish: false)
      return (interim, final, refused)
    }
    #expect(interim == "HTTP/1.1 100 Continue\r\n\r\n")
    #expect(final.hasSuffix("\r\n\r\nhi"))
    #expect(refused.hasPrefix("HTTP/1.1 401"))
    #expect(refused.contains("connection: close"))
  }

  @Test func `HEAD is answered like GET without the body`() {
    let answer = withLoop { machine in
      await TestServer(machine, hello).exchange("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    }
    #expect(answer.contains("content-length: 5\r\n"))
    #expect(answer.hasSuffix("\r\n\r\n"))
  }

  @Test func `OPTIONS of the whole server names the methods`() {
    let answer = withLoop { machine in
      await TestServer(machine, hello).exchange("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
    }
    #expect(answer.hasPrefix("HTTP/1.1 204"))
    #expect(answer.contains("allow: GET"))
  }

  @Test func `CONNECT is not implemented, TRACE is the handler's to refuse`() {
    let (connect, trace) = withLoop { machine -> (String, String) in
      let server = TestServer(machine) { _ in Response(.methodNotAllowed, fields: [("allow", "GET")]) }
      return (
        await server.exchange("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"),
        await server.exchange("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n")
      )
    }
    #expect(connect.hasPrefix("HTTP/1.1 501"))
    #expect(trace.hasPrefix("HTTP/1.1 405"))
    #expect(trace.contains("allow: GET"))
  }

  @Test func `HTTP 1.0 closes unless it is asked to stay, and gets no chunks`() {
    let (plain, kept, streamed) = withLoop { machine -> (String, String, String) in
      let server = TestServer(machine) { request in
        request.pathString() == "/stream"
          ? Response(.ok, body: .stream(Pieces(["a", "b"]), length: nil)) : .text(.ok, "hello")
      }
      let client = await server.connect()
      await client.send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
      let kept = await client.readResponse()
      return (
        await server.exchange("GET / HTTP/1.0\r\n\r\n", finish: false), kept,
        await server.exchange("GET /stream HTTP/1.0\r\n\r\n", finish: false)
      )
    }
    #expect(plain.contains("connection: close"))
    #expect(kept.contains("connection: keep-alive"))
    #expect(streamed.hasSuffix("\r\n\r\nab"))
    #expect(!streamed.contains("chunked"))
  }

  @Test func `a body of unknown length goes out in chunks, one of known length plainly`() {
    let (chunked, plain) = withLoop { machine -> (String, String) in
      let server = TestServer(machine) { request in
        let length: UInt64? = request.pathString() == "/known" ? 6 : nil
        return Response(.ok, body: .stream(Pieces(["one", "two"]), length: length))
      }
      return (
        await server.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        await server.exchange("GET /known HTTP/1.1\r\nHost: a\r\n\r\n")
      )
    }
    #expect(chunked.hasSuffix("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"))
    #expect(plain.hasSuffix("content-length: 6\r\n\r\nonetwo"))
  }

  @Test func `a body that breaks off does not look whole`() {
    let (chunked, short) = withLoop { machine -> (String, String) in
      let server = TestServer(machine) { request in
        request.pathString() == "/short"
          ? Response(.ok, body: .stream(Pieces(["ab"]), length: 3))
          : Response(.ok, body: .stream(Pieces(["ab"], fails: true), length: nil))
      }
      return (
        await server.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n", finish: false),
        await server.exchange("GET /short HTTP/1.1\r\nHost: a\r\n\r\n", finish: false)
      )
    }
    #expect(!chunked.contains("0\r\n\r\n"))
    #expect(short.hasSuffix("\r\n\r\nab"))
  }

  @Test func `a slow reader holds the source back`() {
    let (made, total) = withLoop { machine -> (Int, Int) in
      let source = Endless(pieces: 2000)
      let client = await TestServer(machine) { _ in
        Response(.ok, body: .stream(source, length: 2000 * 65_536))
      }.connect()
      await client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      _ = await client.read { $0.utf8.count > 1000 }
      for _ in 0..<100 { await machine.loop.sleep(for: .zero) }
      let made = source.made
      var total = 0
      while true {
        let piece = await client.read { $0.utf8.count > 100_000 }
        if piece.isEmpty { break }
        total += piece.utf8.count
        if piece.utf8.count <= 100_000 { break }
      }
      return (made, total)
    }
    #expect(made < 500)
    #expect(total > 1990 * 65_536)
  }

  @Test func `draining answers what is in flight, closes what is idle and accepts nobody`() {
    let (inFlight, idle, late) = withLoop { machine -> (String, String, NetworkError?) in
      let begun = Signal()
      let gate = Signal()
      let server = TestServer(machine) { request in
        if request.pathString() == "/slow" {
          begun.notify()
          await gate.wait()
        }
        return .text(.ok, "done")
      }
      let idle = await server.connect()
      await idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      _ = await idle.readResponse()
      let busy = await server.connect()
      await busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
      await begun.wait()
      let drained = Signal()
      machine.loop.spawn {
        await server.server.drain()
        drained.notify()
      }
      let idleEnd = await idle.readToEnd()
      var late: NetworkError?
      do throws(NetworkError) {
        _ = try await machine.network.connect(to: server.endpoint, until: .never)
      } catch { late = error }
      gate.notify()
      let inFlight = await busy.readToEnd()
      await drained.wait()
      return (inFlight, idleEnd, late)
    }
    #expect(inFlight.contains("connection: close"))
    #expect(inFlight.hasSuffix("done"))
    #expect(idle == "")
    #expect(late == .refused)
  }

  @Test func `a request id is kept when it is well formed and made when it is not`() {
    let ids = withLoop { machine -> [String] in
      var ids: [String] = []
      let server = TestServer(machine) { request in
        ids.append(request.id)
        return Response(.noContent)
      }
      for field in ["x-request-id: abc.D_9-\r\n", "x-request-id: a b\r\n", "", ""] {
        _ = await server.exchange("GET / HTTP/1.1\r\nHost: a\r\n\(field)\r\n")
      }
      return ids
    }
    #expect(ids[0] == "abc.D_9-")
    #expect(Set(ids).count == 4)
    #expect(!ids.contains("a b"))
  }

  @Test func `metrics are Prometheus text`() {
    let metrics = Metrics()
    let counter = metrics.counter("a_total", "A.", [("route", "/x")])
    counter.increment(by: 3)
    metrics.gauge("b", "B.") { 1.5 }
    // Made behind another family, written with its own.
    metrics.counter("a_total", "A.", [("route", "/y")]).increment()
    let histogram = metrics.histograms("c_seconds", "C.", bounds: [0.1, 1])
    histogram.observe(.milliseconds(500))
    histogram.observe(.seconds(5))
    #expect(
      String(decoding: metrics.exposition(), as: UTF8.self) == """
        # HELP a_total A.
        # TYPE a_total counter
        a_total{route="/x"} 3
        a_total{route="/y"} 1
        # HELP b B.
        # TYPE b gauge
        b 1.5
        # HELP c_seconds C.
        # TYPE c_seconds histogram
        c_seconds_bucket{le="0.1"} 0
        c_seconds_bucket{le="1"} 1
        c_seconds_bucket{le="+Inf"} 2
        c_seconds_sum 5.5
        c_seconds_count 2

        """)
  }
}
