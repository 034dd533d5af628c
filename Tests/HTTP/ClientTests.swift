import Bytes
import EventLoop
import HTTP
import HTTPCore
import MachineTesting
import Platform
import Testing

struct ClientTests {
  @Test func `answers come whole, over one kept connection`() {
    let (bodies, connections) = withLoop { machine -> ([String], Int) in
      let server = TestServer(machine) { request in
        let body = (try? await request.body(limit: 1000)) ?? []
        return Response(.ok, body: .bytes(Array(request.pathString().utf8) + body))
      }
      let client = server.client()
      var bodies: [String] = []
      for index in 0..<5 {
        let answer = try! await client.send(
          ClientRequest(.post, "/\(index)", body: [UInt8(ascii: "!")]), until: .never)
        bodies.append(String(decoding: answer.body, as: UTF8.self))
      }
      return (bodies, client.pool.connectionCount)
    }
    #expect(bodies == ["/0!", "/1!", "/2!", "/3!", "/4!"])
    #expect(connections == 1)
  }

  @Test func `requests beyond the connection limit wait for one, and all are answered`() {
    let (answered, most) = withLoop { machine -> (Int, Int) in
      let server = TestServer(machine) { _ in
        await Task.yield()
        return .text(.ok, "x")
      }
      var limits = ClientLimits()
      limits.maximumConnections = 3
      let client = server.client(limits)
      var answered = 0
      var most = 0
      let done = Signal()
      for _ in 0..<50 {
        machine.loop.spawn {
          if (try? await client.send(ClientRequest(.get, "/"), until: .never)) != nil { answered += 1 }
          most = max(most, client.pool.connectionCount)
          if answered == 50 { done.notify() }
        }
      }
      await done.wait()
      return (answered, most)
    }
    #expect(answered == 50)
    #expect(most == 3)
  }

  @Test func `waiting for a connection ends at the deadline and at the limit of waiters`() {
    let (late, overloaded) = withLoop { machine -> (ClientError?, ClientError?) in
      let gate = Signal()
      let server = TestServer(machine) { _ in
        await gate.wait()
        return .text(.ok, "x")
      }
      var limits = ClientLimits()
      limits.maximumConnections = 1
      limits.maximumWaiting = 1
      let client = server.client(limits)
      machine.loop.spawn { _ = try? await client.send(ClientRequest(.get, "/"), until: .never) }
      await Task.yield()
      let waiting = Signal()
      var late: ClientError?
      machine.loop.spawn {
        late = await failure(client, machine.loop.now + .milliseconds(20))
        waiting.notify()
      }
      await Task.yield()
      let overloaded = await failure(client, .never)
      await waiting.wait()
      gate.notify()
      return (late, overloaded)
    }
    #expect(late == .overloaded)
    #expect(overloaded == .overloaded)
  }

  @Test func `a connection is waited for two seconds at most, and the server learns what is left then`() {
    let clock = ManualClock()
    let (late, left) = withLoop(clock: clock) { machine -> (ClientError?, [String?]) in
      let gate = Signal()
      var left: [String?] = []
      let server = TestServer(machine) { request in
        left.append(request.field(named: "x-timeout-ms"))
        await gate.wait()
        return .text(.ok, "x")
      }
      var limits = ClientLimits()
      limits.maximumConnections = 1
      let client = server.client(limits)
      let deadline = clock.now + .seconds(9)
      var request = ClientRequest(.get, "/")
      request.tellsTimeLeft = true
      let (patient, ended) = (Signal(), Signal())
      var late: ClientError?
      machine.loop.spawn { _ = try? await client.send(request, until: deadline) }
      while left.count < 1 { await machine.loop.sleep(until: machine.loop.now) }
      machine.loop.spawn {
        late = await failure(client, deadline)
        ended.notify()
      }
      for _ in 0..<3 { await machine.loop.sleep(until: machine.loop.now) }
      clock.advance(by: .seconds(1))
      // The loop looks at the clock once a turn.
      await machine.loop.sleep(until: machine.loop.now)
      machine.loop.spawn {
        _ = try? await client.send(request, until: deadline)
        patient.notify()
      }
      for _ in 0..<3 { await machine.loop.sleep(until: machine.loop.now) }
      clock.advance(by: .seconds(1))
      await ended.wait()
      gate.notify()
      while left.count < 2 { await machine.loop.sleep(until: machine.loop.now) }
      gate.notify()
      await patient.wait()
      return (late, left)
    }
    #expect(late == .overloaded)
    #expect(left == ["9000", "7000"])
  }

  @Test func `a late answer is a time-out and its connection is not used again`() {
    let (error, second) = withLoop { machine -> (ClientError?, String) in
      var count = 0
      let gate = Signal()
      let server = TestServer(machine) { _ in
        count += 1
        let mine = count
        if mine == 1 { await gate.wait() }
        return .text(.ok, "answer \(mine)")
      }
      let client = server.client()
      let error = await failure(client, machine.loop.now + .milliseconds(10))
      gate.notify()
      let second = try! await client.send(ClientRequest(.get, "/"), until: .never)
      return (error, String(decoding: second.body, as: UTF8.self))
    }
    #expect(error == .timedOut)
    #expect(second == "answer 2")
  }

  @Test func `nobody listening is a connect error`() {
    let error = withLoop { machine -> ClientError? in
      let listener = try! machine.network.listen(on: Endpoint(.loopback, port: 0))
      listener.close()
      let client = HTTPClient(
        network: machine.network, loop: machine.loop, endpoint: listener.endpoint, host: "a")
      return await failure(client, .never)
    }
    #expect(error == .connect(.refused))
  }

  @Test func `a kept connection that died is replaced once for GET and reported for POST`() {
    let (get, post) = withLoop { machine -> (Bool, ClientError?) in
      // A server that closes each connection after one answer without saying so, when the next request comes.
      let listener = try! machine.network.listen(on: Endpoint(.loopback, port: 0))
      machine.loop.spawn {
        while (try? await listener.waitAcceptable()) != nil {
          while let stream = try? listener.accept() {
            machine.loop.spawn {
              let client = RawClient(stream, machine)
              _ = await client.read { $0.hasSuffix("\r\n\r\n") }
              await client.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
              _ = await client.read { $0.hasSuffix("\r\n\r\n") }
              stream.close()
            }
          }
        }
      }
      let client = HTTPClient(
        network: machine.network, loop: machine.loop, endpoint: listener.endpoint, host: "a")
      _ = try! await client.send(ClientRequest(.get, "/"), until: .never)
      let get = try? await client.send(ClientRequest(.get, "/"), until: .never)
      var post: ClientError?
      do throws(ClientError) {
        _ = try await client.send(ClientRequest(.post, "/"), until: .never)
      } catch { post = error }
      listener.close()
      return (get != nil, post)
    }
    #expect(get)
    #expect(post == .disconnected(beforeResponse: true))
  }

  @Test func `an answer over the limit is refused`() {
    let error = withLoop { machine -> ClientError? in
      var limits = ClientLimits()
      limits.maximumBodyByteCount = 9
      return await failure(TestServer(machine) { _ in .text(.ok, "0123456789") }.client(limits), .never)
    }
    #expect(error == .tooLarge)
  }

  @Test func `bodies in chunks and until the end of the connection are collected`() {
    let bodies = withLoop { machine -> [String] in
      var bodies: [String] = []
      for raw in [
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nabc",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc",
      ] {
        let listener = try! machine.network.listen(on: Endpoint(.loopback, port: 0))
        machine.loop.spawn {
          _ = try? await listener.waitAcceptable()
          guard let stream = try? listener.accept() else { return }
          let client = RawClient(stream, machine)
          _ = await client.read { $0.hasSuffix("\r\n\r\n") }
          await client.send(raw)
          stream.finish()
          _ = await client.readToEnd()
        }
        let client = HTTPClient(
          network: machine.network, loop: machine.loop, endpoint: listener.endpoint, host: "a")
        let answer = try? await client.send(
          ClientRequest(.get, "/"), until: machine.loop.now + .seconds(10))
        bodies.append(String(decoding: answer?.body ?? [], as: UTF8.self))
        listener.close()
      }
      return bodies
    }
    #expect(bodies == ["abc", "abc", "abc"])
  }
}

private func failure(_ client: HTTPClient, _ deadline: Instant) async -> ClientError? {
  do throws(ClientError) {
    _ = try await client.send(ClientRequest(.get, "/"), until: deadline)
    return nil
  } catch { return error }
}
