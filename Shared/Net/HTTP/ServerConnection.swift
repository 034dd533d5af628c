import Bytes
import EventLoop
import HTTPCore
import Platform
import _Concurrency

/// The life of one connection: read a head, answer, again. RFC 9112 §9.
final class ServerConnection {
  let stream: any ByteStream
  let server: HTTPServer
  let request: Request
  /// Between two requests, with nothing received: may be closed without losing anything.
  private(set) var isIdle = true
  /// Since when the client owes us a head, or the rest of one, or its end; nil while a request is answered.
  private(set) var expendableSince: Instant?
  /// What the network did not take at once.
  private var unsent = ByteBuffer()
  /// Requests answered since this connection last waited for its client.
  private var answeredInARow = 0

  init(_ stream: any ByteStream, server: HTTPServer) {
    self.stream = stream
    self.server = server
    request = Request(stream: stream, server: server)
    expendableSince = server.loop.now
  }

  /// Serves until the connection ends; closes it.
  func run() async {
    do throws(NetworkError) {
      while try await serveNext() {
        answeredInARow += 1
        if answeredInARow >= server.limits.maximumAnswersInARow { try await giveOthersTheirTurn() }
      }
    } catch {
      // Answers that can no longer be sent must not stay in the shared buffer, or the next connection gets them.
      server.output.removeAll()
    }
    stream.close()
  }

  /// A client that pipelines without end never makes us wait, so others would never be served.
  private func giveOthersTheirTurn() async throws(NetworkError) {
    answeredInARow = 0
    try await flush()
    await server.loop.sleep(until: server.loop.now)
  }

  private enum HeadOutcome {
    case complete
    case refused(Refusal)
    case timedOut
    case ended
  }

  /// One request and its answer. False when the connection is finished.
  private func serveNext() async throws(NetworkError) -> Bool {
    switch try await readHead() {
    case .complete: break
    case .ended:
      try await flush()
      return false
    case .timedOut:
      await refuse(.requestTimeout, "the header section did not arrive in time; send it at once")
      return false
    case .refused(let refusal):
      server.refusals.increment()
      await refuse(refusal.status, refusal.reason.description)
      return false
    }
    let keepsConnection = request.keepsConnection
    if keepsConnection, request.head.version == .http11, !request.hasBody,
      server.handler.respondAtOnce(to: request, into: &server.output)
    {
      request.input.consume(request.headByteCount)
      request.reset()
      if server.output.count > server.limits.maximumPipelinedByteCount { try await flush() }
      return true
    }
    // Other connections write to the shared buffer while this one waits for its handler.
    try await flush()
    return try await serveSlowly(keepsConnection: keepsConnection)
  }

  private func serveSlowly(keepsConnection: Bool) async throws(NetworkError) -> Bool {
    request.beginBody()
    let response = await server.respond(to: request)
    var keeps: Bool
    switch request.bodyReader {
    case .none, .finished: keeps = keepsConnection && !server.isDraining
    case .failed: keeps = false
    case .unread, .reading:
      keeps = request.discardArrivedBody() && keepsConnection && !server.isDraining
    }
    // HTTP/1.0 knows no chunks: only the connection's end can end a body of unknown length.
    if case .stream(_, length: nil) = response.body, request.head.version == .http10 { keeps = false }
    if case .failed(.disconnected) = request.bodyReader {
      response.source?.cancel()
      return false
    }
    let isWhole = try await write(response, keepsConnection: keeps)
    guard isWhole else { return false }
    guard keeps else {
      await linger()
      return false
    }
    if !request.hasBody { request.input.consume(request.headByteCount) }
    request.reset()
    return true
  }

  private func readHead() async throws(NetworkError) -> HeadOutcome {
    var deadline = Instant.never
    while true {
      if !request.input.isEmpty {
        switch request.parseHead() {
        case .complete(let byteCount):
          request.headByteCount = byteCount
          isIdle = false
          expendableSince = nil
          return .complete
        case .refused(let refusal): return .refused(refusal)
        case .needMore: break
        }
      }
      let received = try request.input.withFreeRoom(atLeast: 2048) { (room) throws(NetworkError) in
        try stream.receive(into: &room)
      }
      switch received {
      case .bytes: continue
      case .end: return .ended
      case .nothingYet: break
      }
      try await flush()
      answeredInARow = 0
      isIdle = request.input.isEmpty
      if expendableSince == nil { expendableSince = server.loop.now }
      if isIdle {
        if server.isDraining { return .ended }
        deadline = .never
      } else if deadline == .never {
        deadline = server.loop.now + server.limits.headerTimeout
      }
      do throws(NetworkError) {
        try await stream.waitReadable(
          until: isIdle ? server.loop.now.advanced(byNanoseconds: server.idleNanoseconds) : deadline)
      } catch {
        if error == .timedOut { return isIdle ? .ended : .timedOut }
        throw error
      }
    }
  }

  // MARK: Writing

  /// Sends what the shared buffer holds for this connection. Returns when the network has taken all of it.
  private func flush() async throws(NetworkError) {
    guard !server.output.isEmpty else { return }
    do throws(NetworkError) {
      let count = try server.output.withBytes { (bytes) throws(NetworkError) in try stream.send(bytes) }
      server.output.consume(count)
    } catch {
      server.output.removeAll()
      throw error
    }
    guard !server.output.isEmpty else { return }
    // The network is full: the rest waits in a buffer of our own, because the shared one is needed meanwhile.
    server.output.withBytes { unsent.append($0) }
    server.output.removeAll()
    try await sendRest()
  }

  private func sendRest() async throws(NetworkError) {
    // A byte now and then buys no time: the client has to take a whole quota before each deadline.
    var deadline = server.loop.now + server.limits.writeTimeout
    var due = unsent.count - server.limits.writeQuotaByteCount
    while !unsent.isEmpty {
      try await stream.waitWritable(until: deadline)
      let count = try unsent.withBytes { (bytes) throws(NetworkError) in try stream.send(bytes) }
      unsent.consume(count)
      if unsent.count <= due {
        deadline = server.loop.now + server.limits.writeTimeout
        due = unsent.count - server.limits.writeQuotaByteCount
      }
    }
    if unsent.capacity > 0 { unsent.release() }
  }

  /// Writes a response. False when it could not be completed and the connection must break.
  private func write(_ response: Response, keepsConnection: Bool) async throws(NetworkError) -> Bool {
    if case .message(let source) = response.body { return try await pass(source) }
    let version = request.head.version
    server.appendHead(of: response, version, keepsConnection: keepsConnection)
    guard request.method != .head && !response.status.forbidsContent else {
      response.source?.cancel()
      try await flush()
      return true
    }
    switch response.body {
    case .empty, .message: break
    case .bytes(let bytes): server.output.append(bytes)
    case .stream(let source, let length):
      return try await write(source, length: length, chunked: length == nil && version == .http11)
    }
    try await flush()
    // An answer that was large once does not hold its memory for the server's life. Others may write to the buffer
    // meanwhile, but not keep anything in it.
    if server.output.capacity > server.limits.maximumKeptOutputByteCount && server.output.isEmpty {
      server.output.release()
    }
    return true
  }

  private func pass(_ source: any BodySource) async throws(NetworkError) -> Bool {
    var piece = ByteBuffer()
    while true {
      switch await source.next(into: &piece) {
      case .failed: return false
      case .end: return true
      case .more:
        server.output.append(piece.bytes)
        piece.removeAll()
        try await flush(orCancel: source)
      }
    }
  }

  private func write(
    _ source: any BodySource, length: UInt64?, chunked: Bool
  ) async throws(NetworkError) -> Bool {
    // The head leaves with the first piece. It waits in a buffer of its own: the shared one is needed meanwhile.
    var head = ByteBuffer()
    server.output.withBytes { head.append($0) }
    server.output.removeAll()
    var piece = ByteBuffer()
    var left = length
    while true {
      let progress = await source.next(into: &piece)
      if progress == .failed { return false }
      server.output.append(head.bytes)
      head.removeAll()
      if progress == .end {
        if chunked { ResponseWriter.lastChunk(into: &server.output) }
        try await flush(orCancel: source)
        // A body shorter than announced must not look whole.
        return (left ?? 0) == 0
      }
      if let rest = left {
        guard UInt64(piece.count) <= rest else {
          server.output.removeAll()
          source.cancel()
          return false
        }
        left = rest - UInt64(piece.count)
      }
      if chunked {
        ResponseWriter.chunk(piece.bytes, into: &server.output)
      } else {
        server.output.append(piece.bytes)
      }
      piece.removeAll()
      try await flush(orCancel: source)
    }
  }

  private func flush(orCancel source: any BodySource) async throws(NetworkError) {
    do throws(NetworkError) {
      try await flush()
    } catch {
      source.cancel()
      throw error
    }
  }

  /// Answers a request that could not be understood, after the answers before it, and ends the connection.
  private func refuse(_ status: Status, _ detail: StaticString) async {
    server.appendRefusal(status, detail)
    do throws(NetworkError) {
      try await flush()
      await linger()
    } catch {}
  }

  /// Lingering close (RFC 9112 §9.6): closing with unread bytes would reset the connection, and the reset could
  /// overtake our answer. So finish, and read for a bounded while.
  private func linger() async {
    stream.finish()
    expendableSince = server.loop.now
    let deadline = server.loop.now + server.limits.lingerTimeout
    var dropped = 0
    request.input.removeAll()
    do throws(NetworkError) {
      while dropped < server.limits.maximumLingerByteCount {
        let received = try request.input.withFreeRoom(atLeast: 4096) { (room) throws(NetworkError) in
          try stream.receive(into: &room)
        }
        switch received {
        case .bytes(let count):
          dropped += count
          request.input.removeAll()
        case .end: return
        case .nothingYet: try await stream.waitReadable(until: deadline)
        }
        if server.loop.now >= deadline { return }
      }
    } catch {}
  }
}
