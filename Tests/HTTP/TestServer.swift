import Bytes
import EventLoop
import HTTP
import HTTPCore
import Log
import MachineTesting
import Platform

/// A handler that answers with what a closure says.
final class ClosureHandler: Handler {
  let answer: (Request) async -> Response
  var atOnce: (Request, inout ByteBuffer) -> Bool = { _, _ in false }

  init(_ answer: @escaping (Request) async -> Response) { self.answer = answer }

  func respondAtOnce(to request: Request, into output: inout ByteBuffer) -> Bool {
    atOnce(request, &output)
  }

  func respond(to request: Request) async -> Response { await answer(request) }
}

/// A server on a free port of the loopback, and raw clients for it.
final class TestServer {
  let machine: TestMachine
  let server: HTTPServer
  let metrics = Metrics()
  let endpoint: Endpoint

  init(
    _ machine: TestMachine, memory: (any MemoryGauge)? = nil, limits: ServerLimits = ServerLimits(),
    handler: any Handler
  ) {
    self.machine = machine
    server = HTTPServer(
      loop: machine.loop, entropy: machine.entropy, log: machine.log, metrics: metrics, handler: handler,
      memory: memory, limits: limits)
    let listener = try! machine.network.listen(on: Endpoint(.loopback, port: 0))
    endpoint = listener.endpoint
    let server = server
    machine.loop.spawn { await server.serve(on: listener) }
  }

  convenience init(
    _ machine: TestMachine, memory: (any MemoryGauge)? = nil, limits: ServerLimits = ServerLimits(),
    _ answer: @escaping (Request) async -> Response
  ) {
    self.init(machine, memory: memory, limits: limits, handler: ClosureHandler(answer))
  }

  func connect() async -> RawClient {
    RawClient(try! await machine.network.connect(to: endpoint, until: .never), machine)
  }

  /// Sends `text` on a new connection, finishes, and returns all that comes until the server closes.
  func exchange(_ text: String, finish: Bool = true) async -> String {
    let client = await connect()
    await client.send(text)
    if finish { client.stream.finish() }
    return await client.readToEnd()
  }

  /// Connections that the server holds, by its own metrics.
  var openConnectionCount: Int {
    let text = String(decoding: metrics.exposition(), as: UTF8.self)
    let line = text.split(separator: "\n").first { $0.hasPrefix("http_connections ") }
    return Int(line!.split(separator: " ")[1])!
  }

  func client(_ limits: ClientLimits = ClientLimits()) -> HTTPClient {
    HTTPClient(
      network: machine.network, loop: machine.loop, endpoint: endpoint, host: "127.0.0.1",
      limits: limits)
  }
}

/// Bytes in, bytes out.
final class RawClient {
  let stream: any ByteStream
  let machine: TestMachine
  private var received: [UInt8] = []

  init(_ stream: any ByteStream, _ machine: TestMachine) {
    self.stream = stream
    self.machine = machine
  }

  func send(_ text: String) async {
    var rest = ByteBuffer()
    rest.append(utf8: text)
    while !rest.isEmpty {
      guard let count = try? stream.send(rest.bytes) else { return }
      rest.consume(count)
      if count == 0 { try? await stream.waitWritable(until: .never) }
    }
  }

  /// Reads until `isEnough` or the end; returns and forgets what came.
  func read(until isEnough: (String) -> Bool) async -> String {
    var buffer = ByteBuffer()
    while true {
      let text = String(decoding: received, as: UTF8.self)
      if isEnough(text) {
        received = []
        return text
      }
      let outcome = buffer.withFreeRoom(atLeast: 4096) { room in try? stream.receive(into: &room) }
      received += buffer.array()
      buffer.removeAll()
      switch outcome {
      case .bytes: continue
      case .nothingYet:
        // Far beyond what any test takes: a hang becomes a failed expectation.
        if (try? await stream.waitReadable(until: machine.loop.now + .seconds(20))) == nil {
          return text + "<broken>"
        }
      case .end: return text
      case nil: return text + "<reset>"
      }
    }
  }

  func readToEnd() async -> String { await read { _ in false } }

  /// One response with `content-length`, or without a body.
  func readResponse() async -> String {
    await read { text in
      guard let end = text.range(of: "\r\n\r\n") else { return false }
      guard let field = text.range(of: "content-length: ") else { return true }
      let digits = text[field.upperBound...].prefix { $0.isNumber }
      return text.utf8.distance(from: end.upperBound, to: text.endIndex) >= Int(digits)!
    }
  }
}

extension String {
  /// The range of the first `part`; Foundation's, without Foundation.
  func range(of part: String) -> Range<String.Index>? {
    let bytes = Array(part.utf8)
    var start = utf8.startIndex
    while start < utf8.endIndex {
      if utf8[start...].starts(with: bytes) {
        return start..<utf8.index(start, offsetBy: bytes.count)
      }
      start = utf8.index(after: start)
    }
    return nil
  }

  /// How often `part` occurs.
  func occurrences(of part: String) -> Int {
    var count = 0
    var rest = self
    while let range = rest.range(of: part) {
      count += 1
      rest = String(rest[range.upperBound...])
    }
    return count
  }
}
