import Bytes
import EventLoop
import HTTP
import HTTPCore
import Platform
import _Concurrency

/// A service's answer on its way to the client: passes on what has arrived and asks for more only when the
/// client has taken it. Holds the connection to the service until the answer is through.
final class ProxyExchange: BodySource {
  private let connection: ClientConnection
  private let pool: ConnectionPool
  private let deadline: Instant
  private let loop: EventLoop
  private let requestID: String
  private let keepsConnection: Bool
  private let isHTTP10: Bool
  private let isRequestComplete: Bool
  private let headByteCount: Int
  private var beginning = ByteBuffer()
  /// The service broke off within the first piece.
  private var isBroken = false
  private var longAnswers: LongAnswers?
  private var isReturned = false
  /// How the client finds the end of the content.
  private var framing = Framing.none

  /// How long a service may be silent in the middle of an answer, if the exchange's deadline does not leave it more.
  static let silencePatience: Duration = .seconds(5)
  /// Bytes that one piece may have, so that a fast service fills no memory for a slow client.
  static let maximumPieceByteCount = 64 << 10

  /// Takes over `connection`, whose answer's head of `headByteCount` bytes has been read. With
  /// `isRequestComplete` false the request's body was not sent to its end, so the connection cannot be used
  /// again.
  init(
    _ connection: ClientConnection, pool: ConnectionPool, headByteCount: Int, loop: EventLoop,
    deadline: Instant, requestID: String, for request: Request, isRequestComplete: Bool
  ) {
    self.connection = connection
    self.pool = pool
    self.headByteCount = headByteCount
    self.loop = loop
    self.deadline = deadline
    self.requestID = requestID
    self.isRequestComplete = isRequestComplete
    isHTTP10 = request.head.version == .http10
    var keeps = request.keepsConnection && isRequestComplete
    switch connection.parser.head.framing {
    case .none: framing = .none
    case .length(let length): framing = .length(length)
    case .chunked, .untilClose:
      // HTTP/1.0 knows no chunks: the end of the connection ends the content.
      framing = isHTTP10 ? .untilClose : .chunked
      if isHTTP10 { keeps = false }
    }
    keepsConnection = keeps
    if !keeps { request.endConnection() }
  }

  /// Takes in the head and the first piece, or the whole of a shorter answer: then the connection to the service
  /// is free before the client has taken a byte. False when more is to come.
  func begin() async -> Bool {
    appendHead(to: &beginning)
    do throws(ClientError) {
      while beginning.count < Self.maximumPieceByteCount {
        if try appendArrived(to: &beginning) {
          finish()
          return true
        }
        guard beginning.count < Self.maximumPieceByteCount else { break }
        try await connection.receive(until: deadline)
      }
      return false
    } catch {
      // What has come is passed on before the client is cut off, too.
      isBroken = true
      _ = fail()
      return true
    }
  }

  /// Makes this one of the long answers, until its connection is free again.
  func count(in longAnswers: LongAnswers) {
    self.longAnswers = longAnswers
    longAnswers.count += 1
  }

  func next(into buffer: inout ByteBuffer) async -> BodyProgress {
    if !beginning.isEmpty {
      buffer.append(beginning.bytes)
      beginning.removeAll()
      beginning.release()
      return .more
    }
    if isReturned { return isBroken || framing == .untilClose ? .failed : .end }
    do throws(ClientError) {
      while true {
        let isComplete = try appendArrived(to: &buffer)
        if isComplete { finish() }
        if !buffer.isEmpty { return .more }
        if isComplete { return framing == .untilClose ? .failed : .end }
        // The deadline may have passed while a slow client took what came before: that is not the service's fault.
        try await connection.receive(until: max(deadline, loop.now + Self.silencePatience))
      }
    } catch {
      return fail()
    }
  }

  func cancel() { _ = fail() }

  private func appendHead(to buffer: inout ByteBuffer) {
    let head = connection.parser.head
    connection.withInput { bytes in
      ForwardedHead.appendResponse(
        head, bytes, requestID: requestID, framing: framing, contentLength: head.contentLength,
        keepsConnection: keepsConnection, isHTTP10: isHTTP10, to: &buffer)
    }
    connection.beginBody(headByteCount: headByteCount)
  }

  /// Passes on what has arrived, up to a piece. True at the content's end.
  private func appendArrived(to buffer: inout ByteBuffer) throws(ClientError) -> Bool {
    while buffer.count < Self.maximumPieceByteCount {
      switch try connection.nextBodyPiece() {
      case .starved: return false
      case .end:
        if framing == .chunked { ResponseWriter.lastChunk(into: &buffer) }
        return true
      case .payload(let range):
        connection.withInput { bytes in
          if framing == .chunked {
            ResponseWriter.chunk(bytes.extracting(range), into: &buffer)
          } else {
            buffer.append(bytes.extracting(range))
          }
        }
        connection.input.consume(range.upperBound)
      }
    }
    return false
  }

  private func finish() {
    guard !isReturned else { return }
    isReturned = true
    if !isRequestComplete { connection.abandon() }
    longAnswers?.count -= 1
    pool.giveBack(connection)
  }

  /// Breaks off towards both sides.
  private func fail() -> BodyProgress {
    guard !isReturned else { return .failed }
    isReturned = true
    connection.stream.close()
    longAnswers?.count -= 1
    pool.giveBack(connection)
    return .failed
  }
}

/// How many answers hold a connection while their clients take them.
final class LongAnswers {
  var count = 0
}
