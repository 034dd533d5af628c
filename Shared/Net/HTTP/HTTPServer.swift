import Bytes
import EventLoop
import HTTPCore
import Log
import Platform
import _Concurrency

/// An HTTP/1.1 server on one loop. RFC 9110, RFC 9112.
public final class HTTPServer {
  let loop: EventLoop
  let handler: any Handler
  let limits: ServerLimits
  let idleNanoseconds: UInt64
  let log: Logger
  let refusals: Counter
  /// Where responses are put together. Shared by all connections: it is filled and sent between two suspensions.
  var output = ByteBuffer(capacity: 16 << 10)
  private let accepted: Counter
  private let rejected: Counter
  private let evicted: Counter
  private let memory: (any MemoryGauge)?
  private var listeners: [any Listener] = []
  /// In no order: one that ends gives its place to the last. A dictionary would bring hashing into an image (3 KB).
  private var connections: [ServerConnection] = []
  private var emptied: Signal?
  private(set) var isDraining = false
  private let requestIDPrefix: String
  /// Connections looked at to find one that can be closed.
  private static let evictionSampleCount = 64
  /// Bytes received or unsent that a connection may hold however little memory there is.
  static let spareByteCount = 4 << 10
  /// Where the next sample begins, so that it is not always the same connections that have to go.
  private var sampleStart = 0
  private var requestCount: UInt64 = 0
  private var date = ByteBuffer(capacity: 32)
  private var dateEnds = Instant(nanoseconds: 0)

  /// A server whose requests `handler` answers. Its own numbers go into `metrics`. When `memory` is scarce, clients who
  /// keep it waiting are closed.
  public init(
    loop: EventLoop, entropy: any Entropy, log: Logger, metrics: Metrics, handler: any Handler,
    memory: (any MemoryGauge)? = nil, limits: ServerLimits = ServerLimits()
  ) {
    self.loop = loop
    self.memory = memory
    self.handler = handler
    self.limits = limits
    idleNanoseconds = UInt64(max(0, limits.idleTimeout.nanoseconds))
    self.log = log
    accepted = metrics.counter("http_connections_total", "Connections accepted.")
    rejected = metrics.counter(
      "http_connections_rejected_total", "Connections answered 503 because the limit was reached.")
    evicted = metrics.counter(
      "http_connections_evicted_total", "Waiting connections closed to make room.")
    refusals = metrics.counter(
      "http_refused_requests_total", "Requests whose head broke a rule of RFC 9112 or a limit.")
    // Forty bits, so that a whole id fits into a String without an allocation for the first 2^31 requests.
    var random: UInt64 = 0
    withUnsafeMutableBytes(of: &random) { entropy.fill(UnsafeMutableRawBufferPointer(rebasing: $0[..<5])) }
    requestIDPrefix = String(random, radix: 36) + "-"
    metrics.gauge("http_connections", "Connections open now.") {
      Double(self.connections.count)
    }
  }

  /// Begins to serve `listener`, as a task of the loop.
  public func start(on listener: any Listener) {
    loop.spawn { await self.serve(on: listener) }
  }

  /// Accepts connections until `drain` or the listener's end. Several listeners may be served at once.
  public func serve(on listener: any Listener) async {
    listeners.append(listener)
    log.info("serving", LogField("port", Int(listener.endpoint.port)))
    var failure: NetworkError?
    while await step(listener, &failure) {}
  }

  /// Admits who waits, and waits for more. False at the end; `failure` is how a wait ended, if it failed.
  private func step(_ listener: any Listener, _ failure: inout NetworkError?) async -> Bool {
    switch accept(on: listener, after: failure) {
    case .ended: return false
    case .goesOn(let moment):
      failure = nil
      await loop.sleep(until: moment)
    case .waits:
      do throws(NetworkError) {
        failure = nil
        try await listener.waitAcceptable()
      } catch {
        failure = error
      }
    }
    return true
  }

  /// What `serve` does next.
  private enum AcceptStep {
    /// Nobody asks to be let in: wait for the listener.
    case waits
    /// Look again at this moment.
    case goesOn(Instant)
    /// No more is accepted.
    case ended
  }

  /// Admits who waits; `failure` is how the wait for them ended, if it failed.
  @inline(never)
  private func accept(on listener: any Listener, after failure: NetworkError?) -> AcceptStep {
    if isDraining { return .ended }
    do throws(NetworkError) {
      if let failure { throw failure }
      return try acceptWaiting(on: listener) ? .waits : .goesOn(loop.now)
    } catch .closed {
      return .ended
    } catch {
      // Out of descriptors or memory: who waits gives its share back, or those who are served theirs; then we go on.
      if error == .exhausted, makeRoom() { return .goesOn(loop.now + .milliseconds(10)) }
      log.warning("accept failed", LogField("reason", error == .exhausted ? "exhausted" : "network"))
      return .goesOn(loop.now + .milliseconds(100))
    }
  }

  /// Admits who waits, up to the limit. Returns whether nobody is left.
  private func acceptWaiting(on listener: any Listener) throws(NetworkError) -> Bool {
    for _ in 0..<limits.maximumAcceptsInARow {
      guard let stream = try listener.accept() else { return true }
      admit(stream)
    }
    return false
  }

  private func admit(_ stream: any ByteStream) {
    if connections.count >= limits.maximumConnections { _ = makeRoom() }
    guard connections.count < limits.maximumConnections else {
      rejected.increment()
      appendRefusal(.serviceUnavailable, "all connections are taken; try again in a second")
      _ = output.withBytes { bytes in try? stream.send(bytes) }
      output.removeAll()
      stream.close()
      return
    }
    accepted.increment()
    let connection = ServerConnection(stream, server: self)
    connection.place = connections.count
    connections.append(connection)
    loop.spawn {
      await connection.run()
      self.forget(connection)
      if self.connections.isEmpty { self.emptied?.notify() }
    }
  }

  /// Takes a connection out of the list, if it is there.
  private func forget(_ connection: ServerConnection) {
    guard let place = connection.place else { return }
    connection.place = nil
    let last = connections.removeLast()
    guard last !== connection else { return }
    last.place = place
    connections[place] = last
  }

  /// Whether the connection of `request` may take more memory. If there is little, only after another has given its back.
  func hasMemory(for request: Request) -> Bool {
    guard let memory, memory.isScarce else { return true }
    return makeRoom(ofMemory: true, for: request)
  }

  /// Closes a connection that waits for a request's head or body, lingers, or waits for its client to take an answer, so
  /// that clients who say nothing, or say or take it slowly, cannot keep others out. Who does not take an answer goes last:
  /// closing breaks it off. Of a sample, because looking at all would make a flood dear: whose turn it is, or
  /// `ofMemory` who holds most, if that is worth it. Returns whether there was one.
  @inline(never)
  private func makeRoom(ofMemory: Bool = false, for asking: Request? = nil) -> Bool {
    var chosen: ServerConnection?
    var least = UInt64.max
    if sampleStart >= connections.count { sampleStart = 0 }
    for step in connections.indices {
      let place = sampleStart + step
      let connection = connections[place < connections.count ? place : place - connections.count]
      if let order = connection.closingOrder, connection.request !== asking {
        let (held, isOwed) = (connection.heldByteCount, connection.isOwed)
        let isWorthIt = held > Self.spareByteCount
        let rank =
          !ofMemory ? order.nanoseconds : isWorthIt ? (isOwed ? 1 << 40 : 1 << 41) - UInt64(held) : .max
        if rank < least { (chosen, least) = (connection, rank) }
      }
      if step + 1 >= Self.evictionSampleCount, let chosen, chosen.isOwed { break }
    }
    guard let chosen else { return false }
    evicted.increment()
    // Its task ends when it finds the stream closed, and holds it until then.
    forget(chosen)
    sampleStart += Self.evictionSampleCount
    chosen.giveWay()
    return true
  }

  /// Stops accepting, finishes what is in flight, and returns when nothing is, or after `duration`, when what is
  /// left is broken off.
  public func drain(within duration: Duration = .seconds(15)) async {
    let deadline = loop.now + duration
    log.info("stopping", LogField("connections", connections.count))
    // One look at the network. Closing resets connections that nobody has accepted, and with them requests that may
    // have been sent already.
    await loop.sleep(until: loop.now)
    isDraining = true
    for listener in listeners {
      _ = try? acceptWaiting(on: listener)
      listener.close()
    }
    // A request may be on its way to a connection that looks idle: give it a moment to arrive, then close those.
    await loop.sleep(for: .milliseconds(50))
    closeAll { $0.isIdle }
    guard !connections.isEmpty else { return }
    let signal = Signal()
    emptied = signal
    let timer = Timer(loop: loop) { signal.notify() }
    timer.set(deadline)
    await signal.wait()
    timer.cancel()
    closeAll { _ in true }
  }

  @inline(never)
  private func closeAll(_ isMeant: (ServerConnection) -> Bool) {
    for connection in connections where isMeant(connection) { connection.stream.close() }
  }

  /// The answer to a request that is none of the handler's business; nil for any other.
  func ownAnswer(to request: Request) -> Response? {
    switch request.method {
    case .connect, .other: Problems.response(.notImplemented, "this server does not know the method")
    case .options where request.head.isAsterisk:
      Response(.noContent, fields: [("allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS")])
    default: nil
    }
  }

  func makeRequestID() -> String {
    requestCount &+= 1
    return requestIDPrefix + String(requestCount, radix: 36)
  }

  /// Lends the value of `date`. Its 29 bytes are made when a second begins.
  func withDate<R>(_ body: (RawSpan) -> R) -> R {
    if loop.now >= dateEnds { renewDate() }
    return date.withBytes(body)
  }

  @inline(never)
  private func renewDate() {
    let time = loop.wallTime
    date.removeAll()
    HTTPDate.write(time.secondsSinceEpoch, into: &date)
    let nanosecondsInto = time.nanosecondsSinceEpoch - time.secondsSinceEpoch * 1_000_000_000
    dateEnds = loop.now.advanced(byNanoseconds: UInt64(1_000_000_000 - nanosecondsInto))
  }

  // MARK: Heads

  /// Writes a response's head into the shared buffer, for a request of `version`: RFC 9112 §6.3 decides on the framing.
  func appendHead(of response: Response, _ version: Version, keepsConnection: Bool) {
    ResponseWriter.statusLine(response.status, into: &output)
    output.append("date: ")
    withDate { output.append($0) }
    output.append("\r\n")
    for (name, value) in response.fields { ResponseWriter.field(name, value, into: &output) }
    switch response.body {
    case .empty, .message:
      if !response.status.forbidsContent { ResponseWriter.contentLength(0, into: &output) }
    case .bytes(let bytes):
      if !response.status.forbidsContent {
        ResponseWriter.contentLength(bytes.count, into: &output)
      }
    case .stream(_, .some(let length)):
      if !response.status.forbidsContent { ResponseWriter.contentLength(Int(length), into: &output) }
    case .stream(_, .none):
      if version == .http11 && !response.status.forbidsContent {
        output.append("transfer-encoding: chunked\r\n")
      }
    }
    if !keepsConnection {
      output.append("connection: close\r\n")
    } else if version == .http10 {
      output.append("connection: keep-alive\r\n")
    }
    output.append("\r\n")
  }

  /// Writes the whole answer to a request that was refused before anybody could be asked.
  func appendRefusal(_ status: Status, _ detail: StaticString) {
    let problem = Problems.document(status, detail)
    ResponseWriter.statusLine(status, into: &output)
    output.append("date: ")
    withDate { output.append($0) }
    output.append("\r\ncontent-type: application/problem+json\r\nconnection: close\r\n")
    if status == .serviceUnavailable { output.append("retry-after: 1\r\n") }
    ResponseWriter.contentLength(problem.count, into: &output)
    output.append("\r\n")
    output.append(problem)
  }

  /// Tells a client that waits with its body to send it (RFC 9110 §10.1.1). If the network is full the client sends
  /// after its own time-out, as the RFC has it. False when part of the line was sent: no answer can follow that.
  func sendContinue(on stream: any ByteStream) -> Bool {
    var line = ByteBuffer()
    ResponseWriter.continuation(into: &line)
    let count = try? stream.send(line.bytes)
    return count == nil || count == 0 || count == line.count
  }
}
