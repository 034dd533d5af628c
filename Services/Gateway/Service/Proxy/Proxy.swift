// shop-api.md, "Everywhere", before changing this file.

import Bytes
import EventLoop
import HTTP
import HTTPCore
import Platform
import Shop
import _Concurrency

/// Passes requests on to one service over kept connections, and its answers back, byte for byte but for the
/// fields that concern one hop.
final class Proxy {
  /// The client whose connections carry what is passed on.
  let client: HTTPClient
  private let pool: ConnectionPool
  private let host: StaticString
  private let loop: EventLoop
  private let figures: ProxyFigures
  private let entropy: any Entropy
  /// Seeded when the first client without a trace comes.
  private lazy var traces = TraceSource(entropy)
  /// Where requests to the service are put together; filled and sent between two suspensions.
  private var output = ByteBuffer(capacity: 4096)
  /// Bodies longer than a piece that are on their way now.
  private var uploadCount = 0
  /// Answers longer than a piece that are on their way now.
  private let longAnswers = LongAnswers()

  /// For the exchange with the service, once there is a connection: from the request's first piece to the answer's last
  /// byte; a client that takes the answer slowly is given longer.
  static let patience: Duration = .seconds(15)
  /// For the answer to a request whose announced body is too large to be passed on.
  static let refusalPatience: Duration = .seconds(2)
  /// Bytes of a JSON body.
  static let maximumDocumentByteCount: UInt64 = 1 << 20
  /// Bytes of a picture.
  static let maximumPictureByteCount: UInt64 = 2 << 20
  /// Bytes of a body that are gathered before they are sent on, and before a connection is taken for them.
  static let pieceByteCount = 32 << 10
  /// Bodies longer than a piece that are on their way at once. Each holds a connection for as long as its client
  /// likes, within the body's time; the other connections stay free for everybody else.
  static let maximumUploadCount = Gateway.maximumConnectionsPerService / 4
  /// Answers longer than a piece that are on their way at once; each holds a connection while its client takes it.
  static let maximumLongAnswerCount = Gateway.maximumConnectionsPerService / 2

  /// A proxy to the service called `host` at `endpoint`.
  init(
    _ host: StaticString, at endpoint: Endpoint, network: any Network, loop: EventLoop, entropy: any Entropy,
    metrics: Metrics
  ) {
    var limits = ClientLimits()
    limits.maximumConnections = Gateway.maximumConnectionsPerService
    let client = HTTPClient(
      network: network, loop: loop, endpoint: endpoint, host: host.description, limits: limits)
    let pool = client.pool
    self.client = client
    self.pool = pool
    self.host = host
    self.loop = loop
    figures = ProxyFigures(metrics, host)
    self.entropy = entropy
    metrics.gauge(
      "gateway_upstream_connections", "Connections to a service, lent or idle.",
      [("service", host.description)]
    ) { Double(pool.connectionCount) }
  }

  /// Asks the service. Everything but an answer of its own is a problem document: 503 when it is down or has
  /// no room, 504 when it is late, both with Retry-After; 502 when it does not speak HTTP.
  func respond(to request: Request) async -> Response {
    var beginning = ByteBuffer()
    let body: ForwardedBody
    do throws(ProxyError) {
      body = try await receive(request, into: &beginning)
    } catch {
      return problem(error)
    }
    if body == .long {
      guard uploadCount < Self.maximumUploadCount else { return problem(.service(.overloaded)) }
      uploadCount += 1
    }
    defer { if body == .long { uploadCount -= 1 } }
    var mayRetry = request.method == .get || request.method == .head
    if request.hasBody { mayRetry = false }
    var isSecond = false
    while true {
      do throws(ProxyError) {
        return try await exchange(request, body, &beginning, isFresh: isSecond)
      } catch .service(.disconnected(beforeResponse: true)) where mayRetry && !isSecond {
        // The kept connection was closed while we wrote to it.
        isSecond = true
        figures.count(.retried)
      } catch {
        return problem(error, isSafe: mayRetry)
      }
    }
  }

  private func exchange(
    _ request: Request, _ body: ForwardedBody, _ beginning: inout ByteBuffer, isFresh: Bool
  ) async throws(ProxyError) -> Response {
    let connection: ClientConnection
    do throws(ClientError) {
      connection = try await pool.lend(until: .never, fresh: isFresh)
    } catch {
      throw .service(error)
    }
    // From here on, as the service's own `Front.patience`, which is shorter: its answer comes before ours.
    let deadline = loop.now + Self.patience
    connection.begin(request.method)
    let answer: ProxyExchange
    do throws(ProxyError) {
      let sent = try await send(request, body, &beginning, on: connection, until: deadline)
      let limit = sent == .withheld ? min(deadline, loop.now + Self.refusalPatience) : deadline
      let headByteCount: Int
      do throws(ClientError) {
        headByteCount = try await connection.readHead(until: limit)
      } catch {
        if sent == .withheld { throw ProxyError.tooLarge }
        throw ProxyError.service(error)
      }
      figures.count(.answered)
      answer = ProxyExchange(
        connection, pool: pool, headByteCount: headByteCount, loop: loop, deadline: deadline,
        requestID: request.id,
        for: request, isRequestComplete: sent == .complete)
    } catch {
      giveUp(connection)
      throw error
    }
    let status = connection.parser.head.status
    // From here on the connection is the answer's.
    if !(await answer.begin()) {
      guard longAnswers.count < Self.maximumLongAnswerCount else {
        answer.cancel()
        throw .service(.disconnected(beforeResponse: false))
      }
      answer.count(in: longAnswers)
    }
    return Response(status, body: .message(answer))
  }

  @inline(never)
  private func giveUp(_ connection: ClientConnection) {
    connection.stream.close()
    pool.giveBack(connection)
  }

  // MARK: The request

  private enum Sent {
    /// All of it.
    case complete
    /// The service answered before it had read the body.
    case partial
    /// Only the head: the body is announced too large, and the service shall say in which order that matters.
    case withheld
  }

  /// Takes in the body, or the first piece of a long one, before a connection to the service is taken for it: a
  /// client that sends slowly keeps nobody waiting but itself.
  private func receive(
    _ request: Request, into beginning: inout ByteBuffer
  ) async throws(ProxyError) -> ForwardedBody {
    guard request.hasBody else { return .none }
    let limit = Self.bodyLimit(of: request)
    if let length = request.contentLength, length > limit { return .withheld }
    while beginning.count < Self.pieceByteCount {
      do throws(BodyError) {
        guard try await request.nextChunk(into: &beginning) else { return .short }
      } catch {
        throw .client(error)
      }
      if let length = request.contentLength, UInt64(beginning.count) >= length { return .short }
    }
    return .long
  }

  private static func bodyLimit(of request: Request) -> UInt64 {
    request.withPath { RoutingTable.isPicture($0) }
      ? maximumPictureByteCount : maximumDocumentByteCount
  }

  private func send(
    _ request: Request, _ body: ForwardedBody, _ beginning: inout ByteBuffer,
    on connection: ClientConnection, until deadline: Instant
  ) async throws(ProxyError) -> Sent {
    appendHead(of: request)
    switch body {
    case .none, .withheld:
      try await flush(to: connection, until: deadline)
      return body == .none ? .complete : .withheld
    case .short, .long:
      var buffer = ByteBuffer()
      buffer.append(output.bytes)
      output.removeAll()
      let total = UInt64(beginning.count)
      if request.contentLength == nil {
        ResponseWriter.chunk(beginning.bytes, into: &buffer)
        if body == .short { ResponseWriter.lastChunk(into: &buffer) }
      } else {
        buffer.append(beginning.bytes)
      }
      beginning.removeAll()
      if let sent = try await write(
        &buffer, isLast: body == .short, on: connection, until: deadline)
      {
        return sent
      }
      return try await sendRest(of: request, from: total, &buffer, on: connection, until: deadline)
    }
  }

  /// Passes on what follows the first `total` bytes of a body, as fast as the service takes it.
  private func sendRest(
    of request: Request, from total: UInt64, _ buffer: inout ByteBuffer,
    on connection: ClientConnection,
    until deadline: Instant
  ) async throws(ProxyError) -> Sent {
    let limit = Self.bodyLimit(of: request)
    let isChunked = request.contentLength == nil
    var total = total
    var piece = ByteBuffer()
    while true {
      let isMore: Bool
      do throws(BodyError) {
        isMore = try await request.nextChunk(into: &piece)
      } catch {
        throw .client(error)
      }
      total += UInt64(piece.count)
      let isTooLarge = total > limit
      if isChunked {
        ResponseWriter.chunk(piece.bytes, into: &buffer)
        if !isMore && !isTooLarge { ResponseWriter.lastChunk(into: &buffer) }
      } else {
        buffer.append(piece.bytes)
      }
      piece.removeAll()
      let isLast = !isMore || (request.contentLength.map { total >= $0 } ?? false)
      guard isLast || isTooLarge || buffer.count >= Self.pieceByteCount else { continue }
      let sent = try await write(&buffer, isLast: isLast, on: connection, until: deadline)
      // This piece has shown the service what is wrong; it shall say in which order that matters.
      if isTooLarge { return .withheld }
      if let sent { return sent }
    }
  }

  /// Sends `buffer`. Nil when the rest of the body has to follow.
  private func write(
    _ buffer: inout ByteBuffer, isLast: Bool, on connection: ClientConnection,
    until deadline: Instant
  ) async throws(ProxyError) -> Sent? {
    do throws(ClientError) {
      try await connection.write(&buffer, until: deadline)
    } catch {
      guard case .disconnected = error else { throw .service(error) }
      // A service that answers early stops reading. Its answer may lie here without the loop having told us;
      // whoever reads the head finds it, or the same end.
      return .partial
    }
    if isLast { return .complete }
    return hasAnswered(connection) ? .partial : nil
  }

  private func appendHead(of request: Request) {
    let head = request.head
    let end = head.fields.last?.value.upperBound ?? head.target.upperBound
    let context = ForwardedContext(
      peer: request.peer, host: host, requestID: request.id, traceparent: request.traceparent,
      trace: traces.next())
    output.removeAll()
    request.withBytes(0..<end) { ForwardedHead.appendRequest(head, $0, context, to: &output) }
  }

  /// Sends `output`. What the network does not take at once moves to a buffer of its own, because the shared
  /// one is needed by other requests meanwhile.
  private func flush(to connection: ClientConnection, until deadline: Instant)
    async throws(ProxyError)
  {
    do throws(NetworkError) {
      output.consume(try connection.stream.send(output.bytes))
    } catch {
      output.removeAll()
      throw .service(.disconnected(beforeResponse: true))
    }
    guard !output.isEmpty else { return }
    var rest = ByteBuffer()
    rest.append(output.bytes)
    output.removeAll()
    do throws(ClientError) {
      try await connection.write(&rest, until: deadline)
    } catch {
      throw .service(error)
    }
  }

  /// Whether bytes of an answer have come; takes them in.
  private func hasAnswered(_ connection: ClientConnection) -> Bool {
    do throws(NetworkError) {
      if case .bytes = try connection.takeIn(atLeast: 4096) { return true }
    } catch {}
    return !connection.input.isEmpty
  }

  // MARK: Problems

  private func problem(_ error: ProxyError, isSafe: Bool = true) -> Response {
    var problem: Problem
    switch error {
    case .service(.connect(.timedOut)), .service(.timedOut):
      figures.count(.late)
      problem = .timeout
    case .service(.malformed), .service(.tooLarge):
      figures.count(.malformed)
      problem = .unavailable
      problem.statusCode = 502
    case .service:
      figures.count(.down)
      problem = .unavailable
    case .tooLarge:
      problem = Problem(
        .tooLarge, "The body is larger than this route takes: 1 MiB, or 2 MiB for pictures.")
    case .client(let error): problem = Problem(error)
    }
    switch error {
    case .service(.connect), .service(.overloaded), .client, .tooLarge: break
    // It was sent.
    case .service: if !isSafe { problem.detail = Problem.doubt }
    }
    return problem.response
  }
}

/// What a request brings along, as far as it was looked at before a service was asked.
private enum ForwardedBody {
  /// Nothing.
  case none
  /// All of it has been received.
  case short
  /// The first piece has been received; the rest is passed on as it comes.
  case long
  /// Announced too large, and not read at all.
  case withheld
}

/// Why an exchange gave no answer.
private enum ProxyError: Error {
  /// The service's fault.
  case service(ClientError)
  /// The client's body could not be read.
  case client(BodyError)
  /// The client's body is larger than its route takes.
  case tooLarge
}

/// What is counted for each service, by how the exchange ended.
struct ProxyFigures {
  enum Outcome: Int {
    case answered, retried, late, down, malformed

    static let names: [StaticString] = ["answered", "retried", "late", "down", "malformed"]
  }

  private let counters: Counters

  init(_ metrics: Metrics, _ host: StaticString) {
    counters = metrics.counters(
      "gateway_upstream_requests_total", "Requests passed on to a service.", count: Outcome.names.count
    ) { [("service", host.description), ("outcome", Outcome.names[$0].description)] }
  }

  func count(_ outcome: Outcome) { counters.increment(outcome.rawValue) }
}

/// Ids for traces of clients that bring none: unlikely to repeat, of no use to guess. SplitMix64 (Steele,
/// Lea, Flood 2014), seeded once.
struct TraceSource {
  private var state: UInt64 = 0

  init(_ entropy: any Entropy) {
    // The pointer is used only while it is lent.
    withUnsafeMutableBytes(of: &state) { entropy.fill($0) }
  }

  /// The next id.
  mutating func next() -> TraceIdentity {
    TraceIdentity(high: step(), low: step(), span: step())
  }

  @inline(never)
  private mutating func step() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}
