import Bytes
import EventLoop
import HTTP
import HTTPCore
import MachineTesting
import Platform
import Testing

/// Answers in circumstances that are rare.
struct OddAnswerTests {
  @Test func `a body of unknown length to an HTTP 1.0 client that wants to stay ends the connection`() {
    let answer = withLoop { machine in
      await TestServer(machine) { _ in
        Response(.ok, body: .stream(Pieces(["a", "b"]), length: nil))
      }.exchange("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", finish: false)
    }
    #expect(answer.contains("connection: close\r\n"))
    #expect(answer.hasSuffix("\r\n\r\nab"))
  }

  @Test(arguments: [0, 10]) func `no answer follows half a 100 Continue`(taken: Int) {
    let sent = withLoop { machine -> String in
      let stream = ScriptedStream([
        .arrives("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
        .waits, .arrives("hi"),
      ])
      stream.takes = [taken]
      let handler = ClosureHandler { request in
        .text(.ok, (try? await request.body(limit: 10)) == nil ? "no body" : "body")
      }
      await serve([stream], machine, handler)
      return stream.sent
    }
    if taken == 0 {
      #expect(sent.hasPrefix("HTTP/1.1 200 OK") && sent.hasSuffix("body"))
    } else {
      #expect(sent == "HTTP/1.1 1")
    }
  }

  @Test func `requests that gave up waiting for a connection leave their place to others`() {
    let (first, late, third) = withLoop { machine -> (Bool, [ClientError], ClientError?) in
      let gate = Signal()
      let server = TestServer(machine) { _ in
        await gate.wait()
        return .text(.ok, "x")
      }
      var limits = ClientLimits()
      limits.maximumConnections = 1
      limits.maximumWaiting = 1
      let client = server.client(limits)
      var first = false
      let done = Signal()
      machine.loop.spawn {
        first = (try? await client.send(ClientRequest(.get, "/"), until: .never)) != nil
        done.notify()
      }
      await Task.yield()
      var late: [ClientError] = []
      for _ in 0..<3 {
        do throws(ClientError) {
          _ = try await client.send(ClientRequest(.get, "/"), until: machine.loop.now + .milliseconds(5))
        } catch { late.append(error) }
      }
      var third: ClientError?
      machine.loop.spawn { gate.notify() }
      machine.loop.spawn { gate.notify() }
      do throws(ClientError) {
        _ = try await client.send(ClientRequest(.get, "/"), until: .never)
      } catch { third = error }
      await done.wait()
      return (first, late, third)
    }
    #expect(first)
    #expect(late == [.overloaded, .overloaded, .overloaded])
    #expect(third == nil)
  }
}
