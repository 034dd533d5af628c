import Bytes
import EventLoop
import HTTPCore
import Platform
import _Concurrency

/// Why a body could not be read.
public enum BodyError: Error, Equatable, Sendable {
  /// More than the route takes: 413.
  case tooLarge(limit: Int)
  /// It did not arrive in time: 408.
  case timedOut
  /// Its framing is broken: the refusal's status.
  case malformed(Refusal)
  /// The client went away; nobody will read an answer.
  case disconnected
}

/// Where the reading of a request's body stands.
enum BodyReaderState {
  case none
  case unread
  case reading
  case finished
  case failed(BodyError)

  /// Whether the head was moved to `savedHead`.
  var hasSavedHead: Bool { if case .none = self { false } else { true } }
}

extension Request {
  /// Sets up the body of the request whose head is complete.
  func beginBody() {
    guard hasBody else { return }
    savedHead.removeAll()
    input.withBytes { savedHead.append($0.extracting(first: headByteCount)) }
    input.consume(headByteCount)
    bodyReader = .unread
    decoder = BodyDecoder(parser.head.framing, limits: server.limits.http)
  }

  /// The whole body. More than `limit` bytes are refused, by their announcement if there is one.
  public func body(limit: Int) async throws(BodyError) -> [UInt8] {
    if let length = contentLength, length > UInt64(limit) { throw .tooLarge(limit: limit) }
    var body: [UInt8] = []
    if let length = contentLength { body.reserveCapacity(Self.reservation(for: length)) }
    while let range = try await nextRange() {
      take(range, into: &body)
      if body.count > limit { throw .tooLarge(limit: limit) }
    }
    return body
  }

  /// Bytes to reserve for a body of `length`: an announcement is no reason to hold memory, what arrives is.
  static func reservation(for length: UInt64) -> Int { Int(min(length, 16 << 10)) }

  /// The next piece of the body, appended to `buffer`; false at its end. The client is read only as fast as this
  /// is called: that is the backpressure.
  public func nextChunk(into buffer: inout ByteBuffer) async throws(BodyError) -> Bool {
    guard let range = try await nextRange() else { return false }
    input.withBytes { buffer.append($0.extracting(range)) }
    input.consume(range.upperBound)
    return true
  }

  private func take(_ range: Range<Int>, into body: inout [UInt8]) {
    input.withBytes { bytes in
      bytes.extracting(range).withUnsafeBytes { body.append(contentsOf: $0) }
    }
    input.consume(range.upperBound)
  }

  /// Where in `input` the next piece of the body stands, to be consumed up to its end; nil when there is no more.
  private func nextRange() async throws(BodyError) -> Range<Int>? {
    while true {
      switch advanceBody() {
      case .payload(let range): return range
      case .end: return nil
      case .failed(let error): throw error
      case .starved: break
      }
      do throws(NetworkError) {
        while try !receiveArrived() {
          // Since the body began: who sends it byte by byte is not younger than who sends nothing.
          owedSince = bodySince
          try await stream.waitReadable(until: bodyDeadline)
          owedSince = nil
        }
      } catch {
        owedSince = nil
        let reason: BodyError = error == .timedOut ? .timedOut : .disconnected
        bodyReader = .failed(reason)
        throw reason
      }
    }
  }

  /// Whether more of the body has arrived; takes it in.
  private func receiveArrived() throws(NetworkError) -> Bool {
    switch try receive(atLeast: 16 << 10) {
    case .bytes: return true
    case .end: throw .reset
    case .nothingYet: return false
    }
  }

  enum BodyAdvance {
    case payload(Range<Int>)
    case end
    case failed(BodyError)
    case starved
  }

  /// Decodes what has arrived. A payload is still in `input` and must be consumed up to its end.
  /// `mayAsk`: whether a client that waits to be asked for its body is asked.
  func advanceBody(mayAsk: Bool = true) -> BodyAdvance {
    var mayAsk = mayAsk
    switch bodyReader {
    case .none, .finished: return .end
    case .failed(let error): return .failed(error)
    case .unread:
      bodySince = loop.now
      bodyDeadline = loop.now + server.limits.bodyTimeout
    case .reading: mayAsk = false
    }
    bodyReader = .reading
    switch input.withBytes({ decoder.step($0) }) {
    case .payload(let range): return .payload(range)
    case .finished(let consumed):
      input.consume(consumed)
      bodyReader = .finished
      return .end
    case .refused(let refusal): return fail(.malformed(refusal))
    case .needMore:
      if mayAsk && parser.head.expectsContinue && input.isEmpty && !server.sendContinue(on: stream) {
        return fail(.disconnected)
      }
      return .starved
    }
  }

  private func fail(_ error: BodyError) -> BodyAdvance {
    bodyReader = .failed(error)
    return .failed(error)
  }

  /// Drops what is left of a body that nobody asked for, if all of it has arrived. False when it has not: waiting
  /// for it would only delay the answer, so the connection is ended instead.
  func discardArrivedBody() -> Bool {
    var dropped = 0
    while dropped <= server.limits.maximumDiscardedByteCount {
      switch advanceBody(mayAsk: false) {
      case .payload(let range):
        dropped += range.count
        input.consume(range.upperBound)
      case .end: return true
      case .failed, .starved: return false
      }
    }
    return false
  }
}
