import Bytes
import EventLoop
import Glibc
import HTTP
import HTTPCore
import MachineTesting
import Platform
import Testing

private let hotRequest = "GET /hot HTTP/1.1\r\nHost: a\r\n\r\n"
private let coldRequest = "GET /cold HTTP/1.1\r\nHost: a\r\n\r\n"

/// Answers `/hot` at once, anything else after a while.
private func handler(_ onHot: @escaping () -> Void = {}) -> ClosureHandler {
  let handler = ClosureHandler { _ in .text(.ok, "cold") }
  handler.atOnce = { request, output in
    guard request.pathString() == "/hot" else { return false }
    onHot()
    output.append("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhot")
    return true
  }
  return handler
}

/// What connections of one server do to each other.
struct NeighbourTests {
  @Test func `an answer to a connection that breaks is never sent to another one`() {
    let (broken, next) = withLoop { machine -> (String, String) in
      let broken = ScriptedStream([.arrives(hotRequest), .breaks(.reset)])
      let next = ScriptedStream([.arrives(coldRequest)])
      await serve([broken, next], machine, handler())
      return (broken.sent, next.sent)
    }
    #expect(broken == "")
    #expect(next.occurrences(of: "HTTP/1.1 200 OK") == 1)
    #expect(next.hasSuffix("cold"))
  }

  @Test func `a client that pipelines without end does not keep others from being served`() {
    var hotCount = 0
    let atTurn = withLoop { machine -> Int in
      let greedy = ScriptedStream([.arrives(hotRequest)], repetitions: 100_000)
      let other = ScriptedStream([.arrives(coldRequest)])
      var atTurn = 0
      let handler = ClosureHandler { _ in
        atTurn = hotCount
        return .text(.ok, "cold")
      }
      handler.atOnce = { request, output in
        guard request.pathString() == "/hot" else { return false }
        hotCount += 1
        output.append("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        return true
      }
      await serve([greedy, other], machine, handler)
      return atTurn
    }
    #expect(hotCount == 100_000)
    #expect(atTurn <= ServerLimits().maximumAnswersInARow)
  }

  @Test func `many connections at once do not keep those that are open from being served`() {
    var limits = ServerLimits()
    limits.maximumAcceptsInARow = 8
    let (openWhenServed, served) = withLoop { machine -> (Int, Int) in
      let streams = (0..<100).map { _ in ScriptedStream([.arrives(coldRequest)]) }
      var openWhenServed = 0
      let handler = ClosureHandler { _ in
        if openWhenServed == 0 { openWhenServed = streams.count { $0.wasAccepted } }
        return .text(.ok, "cold")
      }
      await serve(streams, machine, handler, limits)
      return (openWhenServed, streams.count { $0.sent.hasSuffix("cold") })
    }
    #expect(openWhenServed == 8)
    #expect(served == 100)
  }

  @Test func `who has connected when draining begins is served`() {
    let answer = withLoop { machine -> String in
      let server = TestServer(machine) { _ in .text(.ok, "served") }
      _ = await server.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      // A blocking socket: the loop does not turn, so the server has not seen it when draining begins.
      let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(client) }
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = server.endpoint.port.bigEndian
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      let connected = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      let request = Array(coldRequest.utf8)
      guard connected == 0, write(client, request, request.count) == request.count else {
        return "no connection"
      }
      shutdown(client, Int32(SHUT_WR))
      await server.server.drain()
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = read(client, &bytes, bytes.count)
      return count < 0 ? "errno \(errno)" : String(decoding: bytes[..<count], as: UTF8.self)
    }
    #expect(answer.hasPrefix("HTTP/1.1 200 OK"))
    #expect(answer.contains("connection: close\r\n"))
    #expect(answer.hasSuffix("served"))
  }
}
