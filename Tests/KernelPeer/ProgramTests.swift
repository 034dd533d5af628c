import Bytes
import Foundation
import HTTP
import HTTPCore
import Log
import Machine
import MachineTesting
import NetworkStack
import Platform
import Testing
import Wire

/// Programs that we did not write, against our stack.
@Suite(.enabled(if: TestNamespace.isExpected, needsRoot))
struct ProgramTests {
  /// Says hello, or as many bytes as the path asks for.
  private final class Hello: Handler {
    static let large = 5 << 20

    func respondAtOnce(to request: Request, into output: inout ByteBuffer) -> Bool { false }

    func respond(to request: Request) async -> Response {
      guard request.method == .post else { return .text(.ok, "hello\n") }
      let count = (try? await request.body(limit: Self.large))?.count ?? -1
      return .text(.ok, "\(count)\n")
    }
  }

  /// A server on port 80 of our stack.
  private func serve(_ link: KernelLink) throws -> HTTPServer {
    let server = HTTPServer(
      loop: link.loop, entropy: MachineTesting.SeededEntropy(seed: 80),
      log: Logger(
        service: "test", level: .error, format: .logfmt, console: RecordingConsole(), clock: LinuxClock()),
      metrics: Metrics(), handler: Hello())
    let listener = try link.stack.listen(on: Endpoint(.any, port: 80))
    link.loop.spawn { await server.serve(on: listener) }
    return server
  }

  private func run(_ program: String, _ words: String, _ link: KernelLink) async throws -> String {
    let arguments = words.split(separator: " ").map(String.init)
    let answer = try await link.aside { try TestProcess.run(program, arguments) }.value()
    #expect(answer.status == 0, "\(program) \(words): \(answer.output)")
    return answer.output
  }

  @Test(.enabled(if: TestProcess.path(of: "curl") != nil || TestNamespace.isCI, "needs curl"))
  func `curl gets and posts`() throws {
    try KernelLink.run { link in
      let server = try serve(link)
      #expect(try await run("curl", "-sS -m 30 http://10.84.0.2/", link) == "hello\n")
      let twice = "-sS -m 30 http://10.84.0.2/a http://10.84.0.2/b -w %{num_connects}"
      #expect(try await run("curl", twice, link) == "hello\n1hello\n0")
      let file = FileManager.default.temporaryDirectory.path + "/souk-test-\(UUID().uuidString)"
      try Data(count: 1 << 20).write(to: URL(fileURLWithPath: file))
      defer { try? FileManager.default.removeItem(atPath: file) }
      let upload = "-sS -m 30 --data-binary @\(file) http://10.84.0.2/"
      #expect(try await run("curl", upload, link) == "\(1 << 20)\n")
      await server.drain()
    }
  }

  @Test(.enabled(if: TestProcess.path(of: "wrk") != nil || TestNamespace.isCI, "needs wrk"))
  func `wrk sees no errors`() throws {
    try KernelLink.run { link in
      let server = try serve(link)
      let stay = try await run("wrk", "-t 1 -c 50 -d 1 http://10.84.0.2/", link)
      #expect(stay.contains("requests in") && !stay.contains("Socket errors") && !stay.contains("Non-2xx"))
      let close = try await run("wrk", "-t 1 -c 50 -d 1 -H Connection:close http://10.84.0.2/", link)
      #expect(close.contains("requests in") && !close.contains("Non-2xx"))
      await server.drain()
    }
  }
}
