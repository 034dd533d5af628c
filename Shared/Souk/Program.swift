// Whoever imports this has the operators of texts that stand before the standard library's, as an image demands.
@_exported import Bytes
import EventLoop
import HTTP
import Log
import Machine
import MachineSettings
import Platform
import _Concurrency

/// What is wrong with a program's settings, in a sentence for whoever starts it.
public typealias SettingsError = MachineSettings.SettingsError

/// A program that answers HTTP, on whatever machine it was built for: a Linux process, or an image of its own.
///
///     @main
///     enum Hello {
///       static func main() { Program.serve("hello") { _ in .text(.ok, "hello\r\n") } }
///     }
///
/// One that has settings, a log or tasks of its own is a `Handler` that is made of its program; docs/unikernel.md has
/// an example:
///
///     Program.serve("greeter", with: Greeter.init)
///
/// For more than one port or clients of other programs, use `Machine.run` and `HTTPServer` themselves, as the services
/// of the shop do.
public final class Program {
  /// What it runs on: clocks, entropy, the network, a disk.
  public let machine: Machine
  /// Its numbers; the server and the network count here. Whether somebody may see them, say at `/metrics`, is the
  /// program's own affair: `Response.metrics`.
  public let metrics: Metrics

  /// What it was started with: `souk run NAME --set key=value`.
  public var settings: MachineSettings.Settings { machine.settings }
  /// Its console, line by line. `log.level` and `log.format` are settings.
  public var log: Logger { machine.log }
  /// Where its tasks and timers run. One thread, so what they share needs no lock.
  public var loop: EventLoop { machine.loop }

  private init(on machine: Machine) {
    self.machine = machine
    metrics = Metrics()
    metrics.include(machine.network)
  }

  /// Listens on `listen.address`:`listen.port` of its settings, answers every request with what `answer` returns, and
  /// ends once it has been told to stop and what was in flight is answered.
  public static func serve(
    _ name: String, _ answer: @escaping @Sendable (Request) async -> Response
  ) -> Never {
    serve(name, with: { _ in ClosureHandler(answer) })
  }

  /// The same for a handler that `make` makes of the program before it listens. What `make` throws is printed in one
  /// line and ends it, with the status of wrong settings (`Machine.configurationError`).
  ///
  /// `make` is not `async`: what must wait first, say for a database, starts a task on the loop. (Nor could it be an
  /// initialiser then: Swift 6.3.1 crashes on converting one to an `async` function.)
  public static func serve<H: Handler & SendableMetatype>(
    _ name: String, with make: @escaping @Sendable (Program) throws(SettingsError) -> H
  ) -> Never {
    Machine.run(name) { machine throws(SettingsError) in
      let program = Program(on: machine)
      let server = HTTPServer(
        loop: machine.loop, entropy: machine.entropy, log: machine.log, metrics: program.metrics,
        handler: try make(program), memory: machine.memory)
      let listener = try machine.listener()
      server.start(on: listener)
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
