import Bytes
import EventLoop
import HTTPCore
import Platform
import _Concurrency

/// The life of one connection: read a head, answer, again. RFC 9112 §9.
///
/// `step` is all that waits, and in one place for each thing: everything else goes on as far as it can and says what it
/// wants next. A function that waits is cut at every wait, and each part has a copy of all that comes before the next
/// one: so `step` is no loop, and little stands behind its waits.
final class ServerConnection {
  let stream: any ByteStream
  let server: HTTPServer
  let request: Request
  /// Where the server's list has it; nil when it is not there, because it gave way or has ended.
  var place: Int?
  /// Between two requests, with nothing received: may be closed without losing anything.
  private(set) var isIdle = true
  private var phase = Phase.reading
  /// When a head has to be there that has begun, or the client to have finished.
  private var deadline = Instant.never
  /// Requests answered since this connection last waited for its client.
  private var answeredInARow = 0
  /// Whether another request may follow the one that is answered.
  private var keepsConnection = false

  /// What the network did not take at once. Nothing else is sent before it.
  private var unsent = ByteBuffer()
  /// The client has to take `unsent` down to `unsentQuota` bytes until then.
  private var unsentDeadline = Instant.never
  private var unsentQuota = 0

  /// The least goes first when a connection has to be closed: since when the client owes it something; else, if it does not
  /// take its answer, the deadline for that, which is later than now. Nil for one that the client does not keep waiting.
  var closingOrder: Instant? {
    if let owed = request.owedSince { return owed }
    return unsent.isEmpty ? nil : unsentDeadline
  }

  /// Whether the client owes it something.
  var isOwed: Bool { request.owedSince != nil }

  /// Bytes that it holds for what was received and what is unsent.
  var heldByteCount: Int { request.input.capacity + unsent.capacity }

  /// Closes a connection that waits for its client and has lost its place, and gives those bytes back at once: its task
  /// runs later, and needs them no more.
  func giveWay() {
    stream.close()
    request.input = ByteBuffer()
    unsent = ByteBuffer()
  }

  /// Makes the body that is being sent.
  private var source: (any BodySource)?
  /// What of it was announced and is still to come.
  private var left: UInt64?
  private var isChunked = false
  /// Leaves with the first piece. Here, because the server's buffer is needed meanwhile.
  private var head = ByteBuffer()

  /// Read and thrown away since our last answer.
  private var droppedByteCount = 0

  /// Where the connection stands, once what is unsent is sent.
  private enum Phase {
    /// A head is awaited, or the rest of it.
    case reading
    /// A head is there, for the handler.
    case asking
    /// A piece of the body is to be made.
    case streaming
    /// The answer is sent.
    case answered
    /// Other connections get their turn.
    case yielding
    /// Our last answer is sent.
    case finishing
    /// Lingering close.
    case lingering
    /// Nothing follows.
    case ended
  }

  /// What is waited for.
  private enum Wait {
    case readable(until: Instant)
    case writable(until: Instant)
    case handler
    case piece(any BodySource)
    case turn
    case end
  }

  init(_ stream: any ByteStream, server: HTTPServer) {
    self.stream = stream
    self.server = server
    request = Request(stream: stream, server: server)
    request.owedSince = server.loop.now
  }

  /// Serves until the connection ends; closes it.
  func run() async {
    var piece = ByteBuffer()
    while await step(&piece) {}
    stream.close()
  }

  /// Goes on as far as it can and waits for one thing. False at the connection's end.
  private func step(_ piece: inout ByteBuffer) async -> Bool {
    do throws(NetworkError) {
      switch try advance() {
      case .readable(let deadline):
        do throws(NetworkError) {
          try await stream.waitReadable(until: deadline)
        } catch {
          try waitFailed(error)
        }
      case .writable(let deadline): try await stream.waitWritable(until: deadline)
      case .handler: try answer(await server.handler.respond(to: request))
      case .piece(let source):
        let progress = await source.next(into: &piece)
        try take(progress, &piece)
      case .turn: await server.loop.sleep(until: server.loop.now)
      case .end: return false
      }
      return true
    } catch {
      breakOff()
      return false
    }
  }

  @inline(never)
  private func breakOff() {
    source?.cancel()
    // Answers that can no longer be sent must not stay in the shared buffer, or the next connection gets them.
    server.output.removeAll()
  }

  /// Goes on as far as it can. Whenever it returns, the server's buffer is empty.
  @inline(never)
  private func advance() throws(NetworkError) -> Wait {
    // It has given way, when its wait was over already.
    guard place != nil else { throw .closed }
    while true {
      if !unsent.isEmpty {
        try sendUnsent()
        if !unsent.isEmpty { return .writable(until: unsentDeadline) }
      }
      switch phase {
      case .reading: if let wait = try read() { return wait }
      case .asking:
        request.beginBody()
        guard let own = server.ownAnswer(to: request) else { return .handler }
        try answer(own)
      case .streaming:
        if let source { return .piece(source) }
        phase = .answered
      case .answered: try endAnswer()
      case .yielding:
        phase = .reading
        return .turn
      case .finishing: finish()
      case .lingering: if let wait = try linger() { return wait }
      case .ended: return .end
      }
    }
  }

  // MARK: Reading

  /// Reads on towards a head. Returns what to wait for; nil when something else comes first.
  private func read() throws(NetworkError) -> Wait? {
    if !request.input.isEmpty {
      switch request.parseHead() {
      case .complete(let byteCount):
        request.headByteCount = byteCount
        isIdle = false
        request.owedSince = nil
        deadline = .never
        try begin()
        return nil
      case .refused(let refusal):
        server.refusals.increment()
        try refuse(refusal.status, refusal.reason.description)
        return nil
      case .needMore: break
      }
    }
    switch try request.receive(atLeast: 2048) {
    case .bytes: return nil
    case .end:
      phase = .ended
      try flush()
      return nil
    case .nothingYet: break
    }
    try flush()
    guard unsent.isEmpty else { return nil }
    answeredInARow = 0
    isIdle = request.input.isEmpty
    if request.owedSince == nil { request.owedSince = server.loop.now }
    guard isIdle else {
      if deadline == .never { deadline = server.loop.now + server.limits.headerTimeout }
      return .readable(until: deadline)
    }
    guard !server.isDraining else {
      phase = .ended
      return nil
    }
    deadline = .never
    return .readable(until: server.loop.now.advanced(byNanoseconds: server.idleNanoseconds))
  }

  /// A wait for the client ended with `error`. One that has begun a head is told that it was too slow.
  @inline(never)
  private func waitFailed(_ error: NetworkError) throws(NetworkError) {
    guard error == .timedOut, phase == .reading, !isIdle else { throw error }
    try refuse(.requestTimeout, "the header section did not arrive in time; send it at once")
  }

  /// A head is there: answers at once, if the handler can.
  private func begin() throws(NetworkError) {
    keepsConnection = request.keepsConnection
    guard keepsConnection, request.head.version == .http11, !request.hasBody,
      server.handler.respondAtOnce(to: request, into: &server.output)
    else {
      phase = .asking
      // Other connections write to the shared buffer while this one waits for its handler.
      return try flush()
    }
    request.input.consume(request.headByteCount)
    if server.output.count > server.limits.maximumPipelinedByteCount { try flush() }
    try startOver()
  }

  /// Gets ready for the next request.
  private func startOver() throws(NetworkError) {
    request.reset()
    answeredInARow += 1
    phase = .reading
    guard answeredInARow >= server.limits.maximumAnswersInARow else { return }
    // A client that pipelines without end never makes us wait, so others would never be served.
    answeredInARow = 0
    phase = .yielding
    try flush()
  }

  // MARK: Answering

  /// The handler has answered.
  @inline(never)
  private func answer(_ response: Response) throws(NetworkError) {
    source = response.source
    switch request.bodyReader {
    case .none, .finished: break
    case .failed(.disconnected): throw .closed
    case .failed: keepsConnection = false
    case .unread, .reading: if !request.discardArrivedBody() { keepsConnection = false }
    }
    if !request.keepsConnection { keepsConnection = false }
    phase = .answered
    left = nil
    isChunked = false
    let version = request.head.version
    var length: UInt64?
    switch response.body {
    case .message:
      phase = .streaming
      return
    case .stream(_, let announced):
      length = announced
      // HTTP/1.0 knows no chunks: only the connection's end can end a body of unknown length.
      if announced == nil, version == .http10 { keepsConnection = false }
    case .empty, .bytes: break
    }
    server.appendHead(of: response, version, keepsConnection: keepsConnection)
    if request.method == .head || response.status.forbidsContent {
      source?.cancel()
      source = nil
    } else if case .bytes(let bytes) = response.body {
      server.output.append(bytes)
    } else if source != nil {
      phase = .streaming
      left = length
      isChunked = length == nil && version == .http11
      server.output.withBytes { head.append($0) }
      server.output.removeAll()
      return
    }
    try flush()
    // An answer that was large once does not hold its memory for the server's life.
    if server.output.capacity > server.limits.maximumKeptOutputByteCount { server.output.release() }
  }

  /// The source of a body has done `progress`; what it made is `piece`.
  @inline(never)
  private func take(_ progress: BodyProgress, _ piece: inout ByteBuffer) throws(NetworkError) {
    guard progress != .failed else {
      source = nil
      throw .closed
    }
    server.output.append(head.bytes)
    head.removeAll()
    if progress == .end {
      if isChunked { ResponseWriter.lastChunk(into: &server.output) }
      // A body shorter than announced must not look whole.
      phase = (left ?? 0) == 0 ? .answered : .ended
      piece.removeAll()
      piece.release()
      return try flush()
    }
    if let rest = left {
      guard UInt64(piece.count) <= rest else { throw .closed }
      left = rest - UInt64(piece.count)
    }
    if isChunked {
      ResponseWriter.chunk(piece.bytes, into: &server.output)
    } else {
      server.output.append(piece.bytes)
    }
    piece.removeAll()
    try flush()
  }

  /// The network has taken all of the answer.
  private func endAnswer() throws(NetworkError) {
    source = nil
    head.release()
    guard keepsConnection else {
      phase = .finishing
      return
    }
    if !request.hasBody { request.input.consume(request.headByteCount) }
    try startOver()
  }

  /// Answers a request that could not be understood, after the answers before it, and ends the connection.
  private func refuse(_ status: Status, _ detail: StaticString) throws(NetworkError) {
    phase = .finishing
    server.appendRefusal(status, detail)
    try flush()
  }

  // MARK: Sending

  /// Sends what the shared buffer holds for this connection, which leaves it empty: what the network does not take
  /// waits in a buffer of our own, because others need the shared one meanwhile.
  private func flush() throws(NetworkError) {
    guard !server.output.isEmpty else { return }
    if unsent.isEmpty {
      let count = try server.output.withBytes { (bytes) throws(NetworkError) in try stream.send(bytes) }
      server.output.consume(count)
      guard !server.output.isEmpty else { return }
    }
    if server.output.count > HTTPServer.spareByteCount, !server.hasMemory(for: request) { throw .exhausted }
    server.output.withBytes { unsent.append($0) }
    server.output.removeAll()
    renewUnsentDeadline()
  }

  private func sendUnsent() throws(NetworkError) {
    let count = try unsent.withBytes { (bytes) throws(NetworkError) in try stream.send(bytes) }
    unsent.consume(count)
    if unsent.isEmpty { return unsent.release() }
    // A byte now and then buys no time: the client has to take a whole quota before each deadline.
    if unsent.count <= unsentQuota { renewUnsentDeadline() }
  }

  private func renewUnsentDeadline() {
    unsentDeadline = server.loop.now + server.limits.writeTimeout
    unsentQuota = unsent.count - server.limits.writeQuotaByteCount
  }

  // MARK: Lingering

  /// Lingering close (RFC 9112 §9.6): closing with unread bytes would reset the connection, and the reset could
  /// overtake our answer. So finish, and read for a bounded while.
  private func finish() {
    stream.finish()
    request.owedSince = server.loop.now
    deadline = server.loop.now + server.limits.lingerTimeout
    request.input.removeAll()
    phase = .lingering
  }

  /// Throws away what comes. Returns what to wait for; nil when it is time to end.
  private func linger() throws(NetworkError) -> Wait? {
    phase = .ended
    while droppedByteCount < server.limits.maximumLingerByteCount {
      switch try request.receive(atLeast: 4096) {
      case .bytes(let count):
        droppedByteCount += count
        request.input.removeAll()
      case .end: return nil
      case .nothingYet:
        phase = .lingering
        return .readable(until: deadline)
      }
      if server.loop.now >= deadline { return nil }
    }
    return nil
  }
}
