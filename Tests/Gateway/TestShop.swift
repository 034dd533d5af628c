import Bytes
import EventLoop
import HTTP
import HTTPCore
import Log
import MachineTesting
import Platform
import Shop

@testable import Gateway

/// A handler that answers with what a closure says.
final class StubHandler: Handler {
  let answer: (Request) async -> Response

  init(_ answer: @escaping (Request) async -> Response) { self.answer = answer }

  func respond(to request: Request) async -> Response { await answer(request) }
}

/// A gateway on the loopback in front of services that a test writes.
final class TestShop {
  let machine: TestMachine
  let metrics = Metrics()
  let gateway: Gateway
  let server: HTTPServer
  let endpoint: Endpoint

  static let cookieSecret = String(repeating: "c", count: 64)
  static let settings = [
    "shop.currency": "EUR", "shop.taxIncluded": "false", "shop.tax.DE": "1900", "shop.tax.FR": "2000",
    "shop.shipping.standard": "490", "shop.shipping.express": "1290",
    "secret.internal": String(repeating: "i", count: 64), "secret.admin": String(repeating: "a", count: 64),
    "secret.cookie": cookieSecret,
  ]

  /// A gateway to three services; a service that is not given is down.
  init(
    _ machine: TestMachine, catalog: Endpoint? = nil, cart: Endpoint? = nil, checkout: Endpoint? = nil
  ) {
    self.machine = machine
    // Port 1 on the loopback refuses.
    let down = Endpoint(.loopback, port: 1)
    var settings = Self.settings
    for (name, endpoint) in [("catalog", catalog), ("cart", cart), ("checkout", checkout)] {
      settings["peer." + name] = "127.0.0.1:\((endpoint ?? down).port)"
    }
    gateway = try! Gateway(
      settings: try! ServiceSettings(KeyedLines(settings)), network: machine.network, loop: machine.loop,
      entropy: machine.entropy, log: machine.log, metrics: metrics)
    server = HTTPServer(
      loop: machine.loop, entropy: machine.entropy, log: machine.log, metrics: Metrics(), handler: gateway)
    endpoint = Self.serve(machine, server)
  }

  /// Serves `handler` on a free port.
  @discardableResult
  static func serve(
    _ machine: TestMachine, _ handler: any Handler, limits: ServerLimits = .behindGateway
  ) -> Endpoint {
    serve(
      machine,
      HTTPServer(
        loop: machine.loop, entropy: machine.entropy, log: machine.log, metrics: Metrics(), handler: handler,
        limits: limits))
  }

  private static func serve(_ machine: TestMachine, _ server: HTTPServer) -> Endpoint {
    let listener = try! machine.network.listen(on: Endpoint(.loopback, port: 0))
    machine.loop.spawn { await server.serve(on: listener) }
    return listener.endpoint
  }

  static func serve(_ machine: TestMachine, _ answer: @escaping (Request) async -> Response) -> Endpoint {
    serve(machine, StubHandler(answer))
  }

  func connect() async -> RawClient { await RawClient(machine, to: endpoint) }

  /// Sends `text` and returns all that comes until the end.
  func exchange(_ text: String) async -> String {
    let client = await connect()
    await client.send(text)
    client.stream.finish()
    return await client.readToEnd()
  }
}

/// A service that plays a script on raw connections, one after another.
final class ScriptedUpstream {
  let machine: TestMachine
  let endpoint: Endpoint
  private(set) var connectionCount = 0

  /// `script` gets every connection with its number, from 1.
  init(_ machine: TestMachine, _ script: @escaping (RawClient, Int) async -> Void) {
    self.machine = machine
    let listener = try! machine.network.listen(on: Endpoint(.loopback, port: 0))
    endpoint = listener.endpoint
    machine.loop.spawn {
      while true {
        while let stream = try? listener.accept() {
          self.connectionCount += 1
          let number = self.connectionCount
          machine.loop.spawn {
            let peer = RawClient(machine, stream)
            await script(peer, number)
            stream.close()
          }
        }
        guard (try? await listener.waitAcceptable()) != nil else { return }
      }
    }
  }
}

/// Bytes in, bytes out.
final class RawClient {
  let stream: any ByteStream
  let machine: TestMachine
  private(set) var received: [UInt8] = []

  init(_ machine: TestMachine, _ stream: any ByteStream) {
    self.machine = machine
    self.stream = stream
  }

  init(_ machine: TestMachine, to endpoint: Endpoint) async {
    self.machine = machine
    stream = try! await machine.network.connect(to: endpoint, until: .never)
  }

  /// Sends all of `text`; false when the connection is broken.
  @discardableResult
  func send(_ text: String) async -> Bool {
    var rest = ByteBuffer()
    rest.append(utf8: text)
    while !rest.isEmpty {
      guard let count = try? stream.send(rest.bytes) else { return false }
      rest.consume(count)
      if count == 0, (try? await stream.waitWritable(until: machine.loop.now + .seconds(20))) == nil {
        return false
      }
    }
    return true
  }

  /// Reads until `isEnough` or the end; returns and forgets what came.
  @discardableResult
  func read(until isEnough: (String) -> Bool) async -> String {
    var buffer = ByteBuffer()
    while true {
      let text = String(decoding: received, as: UTF8.self)
      if isEnough(text) {
        received = []
        return text
      }
      let outcome = buffer.withFreeRoom(atLeast: 65536) { room in try? stream.receive(into: &room) }
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

  @discardableResult
  func readToEnd() async -> String { await read { _ in false } }

  /// One request head.
  @discardableResult
  func readHead() async -> String { await read { $0.hasSuffix("\r\n\r\n") } }
}
