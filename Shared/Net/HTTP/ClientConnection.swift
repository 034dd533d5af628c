import Bytes
import EventLoop
import HTTPCore
import Platform
import _Concurrency

/// One connection to a server, used for one exchange at a time: write a request, read a head, read its body.
public final class ClientConnection {
  /// The connection's bytes.
  public let stream: any ByteStream
  /// Whether an exchange before this one went over it: then it may have been closed meanwhile.
  public internal(set) var isReused = false
  /// Received and not yet consumed.
  public var input = ByteBuffer()
  /// The response parser; its head's ranges count from the front of `input` until `beginBody`.
  public private(set) var parser: ResponseParser
  /// Whether a byte of the current response has come.
  public private(set) var hasResponseBegun = false
  /// When it was last given back.
  var idleSince = Instant(nanoseconds: 0)
  private var decoder = BodyDecoder(.none)
  private var isBodyComplete = true
  private var isReadingBody = false
  private var keepsAlive = false
  private let limits: HTTPLimits

  init(_ stream: any ByteStream, limits: HTTPLimits) {
    self.stream = stream
    self.limits = limits
    parser = ResponseParser(limits: limits)
  }

  /// Whether another exchange may follow: the response is read to its end and nobody asked to close.
  public var isReusable: Bool { isBodyComplete && keepsAlive && input.isEmpty }

  /// Lends what was received and not yet consumed.
  @inline(__always)
  public func withInput<R>(_ body: (RawSpan) -> R) -> R { Self.lend(input, body) }

  @inline(__always)
  private static func lend<R>(_ buffer: borrowing ByteBuffer, _ body: (RawSpan) -> R) -> R {
    body(buffer.bytes)
  }

  /// Says that this connection must not be used again, whatever its response says: the request was not sent whole.
  public func abandon() { keepsAlive = false }

  /// Starts an exchange: forgets the response before.
  public func begin(_ method: Method) {
    parser.reset(requestMethod: method)
    hasResponseBegun = false
    isBodyComplete = false
    isReadingBody = false
    keepsAlive = false
  }

  /// Sends all of `bytes` and empties it.
  public func write(_ bytes: inout ByteBuffer, until deadline: Instant) async throws(ClientError) {
    do throws(NetworkError) {
      while !bytes.isEmpty {
        let count = try stream.send(bytes.bytes)
        bytes.consume(count)
        if !bytes.isEmpty { try await stream.waitWritable(until: deadline) }
      }
    } catch { throw clientError(error) }
  }

  /// Reads the head of the final response. It lies at the front of `input`, `byteCount` bytes, until `beginBody`.
  public func readHead(until deadline: Instant) async throws(ClientError) -> Int {
    while true {
      if let byteCount = try arrivedHead() { return byteCount }
      try await receive(until: deadline)
    }
  }

  /// The bytes of the final response's head; nil while it is not all there.
  @inline(never)
  private func arrivedHead() throws(ClientError) -> Int? {
    while !input.isEmpty {
      switch parser.parse(input.bytes) {
      case .complete(let byteCount):
        guard parser.head.status.isInformational else { return byteCount }
        // 100 and its like announce the response that follows (RFC 9110 §15.2).
        input.consume(byteCount)
        parser.reset()
      case .refused(let refusal): throw .malformed(refusal)
      case .needMore: return nil
      }
    }
    return nil
  }

  /// Consumes the head and sets up the body that follows it.
  public func beginBody(headByteCount: Int) {
    keepsAlive = parser.head.keepAlive
    input.consume(headByteCount)
    decoder = BodyDecoder(parser.head.framing, limits: limits)
    isReadingBody = true
    isBodyComplete = false
    if case .none = parser.head.framing { isBodyComplete = true }
  }

  /// What `nextBodyPiece` found at the front of `input`.
  public enum BodyPiece: Equatable, Sendable {
    /// Payload; consume `input` up to its end before asking again.
    case payload(Range<Int>)
    /// Everything received is used up: `receive`, then again.
    case starved
    /// The body is complete.
    case end
  }

  /// The next piece of the body that has already arrived.
  public func nextBodyPiece() throws(ClientError) -> BodyPiece {
    if isBodyComplete { return .end }
    switch decoder.step(input.bytes) {
    case .payload(let range): return .payload(range)
    case .needMore: return .starved
    case .refused(let refusal): throw .malformed(refusal)
    case .finished(let consumed):
      input.consume(consumed)
      isBodyComplete = true
      return .end
    }
  }

  /// Waits for bytes and appends them to `input`.
  public func receive(until deadline: Instant) async throws(ClientError) {
    do throws(NetworkError) {
      while try !receiveArrived() { try await stream.waitReadable(until: deadline) }
    } catch { throw clientError(error) }
  }

  /// Takes in what has arrived. False when that is nothing.
  private func receiveArrived() throws(NetworkError) -> Bool {
    switch try takeIn(atLeast: 4096) {
    case .bytes: hasResponseBegun = true
    case .end:
      guard isReadingBody, decoder.mayEndHere else { throw .reset }
      isBodyComplete = true
      keepsAlive = false
    case .nothingYet: return false
    }
    return true
  }

  /// Moves what has arrived to `input`, into room for at least `byteCount` bytes.
  @inline(never)
  public func takeIn(atLeast byteCount: Int) throws(NetworkError) -> Received {
    try input.withFreeRoom(atLeast: byteCount) { (room) throws(NetworkError) in
      try stream.receive(into: &room)
    }
  }

  private func clientError(_ error: NetworkError) -> ClientError {
    error == .timedOut ? .timedOut : .disconnected(beforeResponse: !hasResponseBegun)
  }

  /// Whether the server has closed this idle connection, or said something unasked.
  func isStale() -> Bool {
    do throws(NetworkError) {
      return try takeIn(atLeast: 1) != .nothingYet
    } catch { return true }
  }
}
