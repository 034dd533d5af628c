import EventLoop
import HTTP
import Log
import Machine
import MachineSettings
import Platform
import _Concurrency

/// A program that answers HTTP, on whatever machine it was built for: a Linux process, or an image of its own.
///
///     @main
///     enum Hello {
///       static func main() { Program.serve("hello") { _ in .text(.ok, "hello\r\n") } }
///     }
///
/// For more than one port, a database or clients of other programs, use `Machine.run` and `HTTPServer` themselves, as
/// the services of the shop do.
public enum Program {
  /// Listens on `listen.address`:`listen.port` of its settings, answers every request with what `answer` returns, and
  /// ends once it has been told to stop and what was in flight is answered. `/metrics` and the like are the program's
  /// own affair.
  public static func serve(
    _ name: String, _ answer: @escaping @Sendable (Request) async -> Response
  ) -> Never {
    Machine.run(name) { machine throws(SettingsError) in
      let metrics = Metrics()
      metrics.include(machine.network)
      let server = HTTPServer(
        loop: machine.loop, entropy: machine.entropy, log: machine.log, metrics: metrics,
        handler: ClosureHandler(answer))
      let listener = try machine.listener()
      machine.loop.spawn { await server.serve(on: listener) }
      await machine.waitForShutdown()
      await server.drain()
      return 0
    }
  }
}

/// A handler that is one function.
private final class ClosureHandler: Handler {
  private let answer: @Sendable (Request) async -> Response

  init(_ answer: @escaping @Sendable (Request) async -> Response) { self.answer = answer }

  func respond(to request: Request) async -> Response { await answer(request) }
}
