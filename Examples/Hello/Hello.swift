import Bytes
import EventLoop
import HTTP
import HTTPCore
import Machine
import Platform
import _Concurrency

/// The smallest service: it says hello to whoever asks.
///
///     .build/release/hello --settings <(echo listen.port=8000)
///     curl http://127.0.0.1:8000/
@main
enum Main {
  static func main() {
    Machine.run("hello") { machine throws(SettingsError) in
      let server = HTTPServer(
        loop: machine.loop, entropy: machine.entropy, log: machine.log, metrics: Metrics(), handler: Hello())
      let listener = try machine.listener()
      machine.loop.spawn { await server.serve(on: listener) }
      await machine.waitForShutdown()
      await server.drain()
      return 0
    }
  }
}

/// Answers GET with a greeting.
final class Hello: Handler {
  /// Needs no waiting, so it writes the whole response itself: nothing is allocated for a request.
  func respondAtOnce(to request: Request, into output: inout ByteBuffer) -> Bool {
    guard request.method == .get else { return false }
    output.append("HTTP/1.1 200 OK\r\ndate: ")
    request.withDate { output.append($0) }
    output.append("\r\ncontent-type: text/plain\r\ncontent-length: 7\r\n\r\nhello\r\n")
    return true
  }

  func respond(to request: Request) async -> Response {
    request.method == .get ? .text(.ok, "hello\r\n") : Response(.methodNotAllowed, fields: [("allow", "GET")])
  }
}
