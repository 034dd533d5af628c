import Bytes
import EventLoop
import HTTP
import HTTPCore
import MachineTesting
import Platform
import Testing

private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

/// What a server does when it has as many connections as it takes.
struct CrowdTests {
  @Test func `when every connection is being answered, one too many is told so`() {
    let (refused, served) = withLoop { machine -> (String, String) in
      var limits = ServerLimits()
      limits.maximumConnections = 2
      var waiting = 0
      let server = TestServer(machine, limits: limits) { request in
        if request.pathString() == "/wait" {
          waiting += 1
          while waiting > 0 { await machine.loop.sleep(for: .milliseconds(1)) }
        }
        return .text(.ok, "hello")
      }
      let busy = [await server.connect(), await server.connect()]
      for client in busy { await client.send("GET /wait HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") }
      while waiting < 2 { await machine.loop.sleep(for: .milliseconds(1)) }
      let refused = await server.exchange("", finish: false)
      waiting = 0
      for client in busy { _ = await client.readToEnd() }
      return (refused, await server.exchange(get))
    }
    #expect(refused.hasPrefix("HTTP/1.1 503"))
    #expect(refused.contains("retry-after: 1"))
    #expect(served.hasPrefix("HTTP/1.1 200"))
  }

  @Test func `without memory for one more, a client that owes a head makes room`() {
    let (idle, speaks) = withLoop { machine -> (ScriptedStream, ScriptedStream) in
      // One at a time, so that who waits for a head does.
      var limits = ServerLimits()
      limits.maximumAcceptsInARow = 1
      let server = HTTPServer(
        loop: machine.loop, entropy: machine.entropy, log: machine.log, metrics: Metrics(),
        handler: ClosureHandler { _ in .text(.ok, "hello") }, limits: limits)
      let idle = ScriptedStream([.waits], repetitions: .max)
      let speaks = ScriptedStream([.arrives(get)])
      let listener = ScriptedListener([idle, nil, speaks])
      machine.loop.spawn { await server.serve(on: listener) }
      while !idle.isClosed || !speaks.isClosed { await machine.loop.sleep(until: machine.loop.now) }
      listener.close()
      return (idle, speaks)
    }
    #expect(idle.sent.isEmpty && speaks.sent.hasPrefix("HTTP/1.1 200"))
  }

  @Test func `clients that owe a head make room for one that speaks, the longest waiting first`() {
    let (first, served, second) = withLoop { machine -> (String, String, String) in
      var limits = ServerLimits()
      limits.maximumConnections = 2
      let server = TestServer(machine, limits: limits) { _ in .text(.ok, "hello") }
      let first = await server.connect()
      await first.send("GET / HT")
      await machine.loop.sleep(for: .milliseconds(1))
      let second = await server.connect()
      await second.send(get)
      _ = await second.readResponse()
      let served = await server.exchange(get)
      await second.send(get)
      return (await first.readToEnd(), served, await second.readResponse())
    }
    #expect(first.isEmpty)
    #expect(served.hasPrefix("HTTP/1.1 200"))
    #expect(second.hasPrefix("HTTP/1.1 200"))
  }

  @Test func `a client that owes its body makes room, and its handler finds it gone`() {
    let (owing, served, error, busy) = withLoop { machine -> (String, String, BodyError?, String) in
      var limits = ServerLimits()
      limits.maximumConnections = 2
      var error: BodyError?
      var bodyCount = 0
      let (asked, gate, ended) = (Signal(), Signal(), Signal())
      let server = TestServer(machine, limits: limits) { request in
        guard request.hasBody else { return .text(.ok, "hello") }
        bodyCount += 1
        do throws(BodyError) {
          _ = try await request.body(limit: 9)
          // All of it is here: now it is we who owe.
          asked.notify()
          await gate.wait()
        } catch let reason {
          error = reason
          ended.notify()
        }
        return .text(.ok, "taken")
      }
      let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
      let busy = await server.connect()
      await busy.send(post + "123456789")
      await asked.wait()
      let owing = await server.connect()
      await owing.send(post + "1")
      while bodyCount < 2 { await machine.loop.sleep(until: machine.loop.now) }
      let served = await server.exchange(get)
      await ended.wait()
      gate.notify()
      return (await owing.readToEnd(), served, error, await busy.readResponse())
    }
    #expect(owing.isEmpty)
    #expect(served.hasPrefix("HTTP/1.1 200"))
    #expect(error == .disconnected)
    #expect(busy.hasSuffix("taken"))
  }

  @Test func `when memory is scarce, a client that owes a head gives way to one that sends more of it`() {
    let (owing, large, small, alone) = withLoop { machine -> (String, String, String, String) in
      let gauge = SetGauge()
      let server = TestServer(machine, memory: gauge) { _ in .text(.ok, "hello") }
      let half = "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "y", count: 6_000)
      let owing = await server.connect()
      await owing.send(half)
      // Once this is answered, what was sent before has been read.
      _ = await server.exchange(get)
      gauge.isScarce = true
      let sending = await server.connect()
      await sending.send(half + "\r\n\r\n")
      let large = await sending.readResponse()
      await sending.send(get)
      let small = await sending.readResponse()
      // Nobody is left who could give any back.
      await sending.send(half)
      return (await owing.readToEnd(), large, small, await sending.readToEnd())
    }
    #expect(owing.isEmpty)
    #expect(large.hasPrefix("HTTP/1.1 200") && small.hasPrefix("HTTP/1.1 200"))
    #expect(!alone.hasPrefix("HTTP/1.1"))
  }

  @Test func `who does not take an answer makes room, but after those who owe something`() {
    let (slow, idle, served, isSlowSpared) = withLoop {
      machine -> (ScriptedStream, ScriptedStream, [ScriptedStream], Bool) in
      let turn = { await machine.loop.sleep(until: machine.loop.now) }
      // One at a time, so that each comes as far as it can before the next.
      var limits = ServerLimits()
      limits.maximumAcceptsInARow = 1
      let server = HTTPServer(
        loop: machine.loop, entropy: machine.entropy, log: machine.log, metrics: Metrics(),
        handler: ClosureHandler { _ in .text(.ok, "hello") }, limits: limits)
      let slow = ScriptedStream([.arrives(get), .waits], repetitions: .max)
      (slow.takes, slow.isFull) = ([10], true)
      let idle = ScriptedStream([.waits], repetitions: .max)
      let served = [ScriptedStream([.arrives(get)]), ScriptedStream([.arrives(get)])]
      let first = ScriptedListener([slow, idle, nil, served[0]])
      machine.loop.spawn { await server.serve(on: first) }
      while !idle.isClosed || !served[0].isClosed { await turn() }
      let isSlowSpared = !slow.isClosed
      let second = ScriptedListener([nil, served[1]])
      machine.loop.spawn { await server.serve(on: second) }
      while !slow.isClosed || !served[1].isClosed { await turn() }
      first.close()
      second.close()
      return (slow, idle, served, isSlowSpared)
    }
    #expect(isSlowSpared && slow.sent.utf8.count == 10 && idle.sent.isEmpty)
    for stream in served { #expect(stream.sent.hasPrefix("HTTP/1.1 200")) }
  }
}

/// Memory that is scarce when a test says so.
private final class SetGauge: MemoryGauge {
  var isScarce = false
}
