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
  case unread(BodyDecoder)
  case reading(BodyDecoder)
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
    bodyReader = .unread(BodyDecoder(parser.head.framing, limits: limits.http))
  }

  /// The whole body. More than `limit` bytes are refused, by their announcement if there is one.
  public func body(limit: Int) async throws(BodyError) -> [UInt8] {
    if let length = contentLength, length > UInt64(limit) { throw .tooLarge(limit: limit) }
    var body: [UInt8] = []
    if let length = contentLength { body.reserveCapacity(Int(length)) }
    while try await nextPiece({ body.append(contentsOf: $0) }) {
      if body.count > limit { throw .tooLarge(limit: limit) }
    }
    return body
  }

  /// The next piece of the body, appended to `buffer`; false at its end. The client is read only as fast as this
  /// is called: that is the backpressure.
  public func nextChunk(into buffer: inout ByteBuffer) async throws(BodyError) -> Bool {
    // The buffer is lent to the closure only while no task is suspended.
    while true {
      switch advanceBody() {
      case .payload(let range):
        input.withBytes { buffer.append($0.extracting(range)) }
        input.consume(range.upperBound)
        return true
      case .end: return false
      case .failed(let error): throw error
      case .starved: try await receiveBody()
      }
    }
  }

  private func nextPiece(_ take: (UnsafeRawBufferPointer) -> Void) async throws(BodyError) -> Bool {
    while true {
      switch advanceBody() {
      case .payload(let range):
        input.withBytes { $0.extracting(range).withUnsafeBytes(take) }
        input.consume(range.upperBound)
        return true
      case .end: return false
      case .failed(let error): throw error
      case .starved: try await receiveBody()
      }
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
    var decoder: BodyDecoder
    switch bodyReader {
    case .none, .finished: return .end
    case .failed(let error): return .failed(error)
    case .unread(let fresh):
      bodyDeadline = loop.now + limits.bodyTimeout
      decoder = fresh
    case .reading(let current): decoder = current
    }
    let step = input.withBytes { decoder.step($0) }
    switch step {
    case .payload(let range):
      bodyReader = .reading(decoder)
      return .payload(range)
    case .finished(let consumed):
      input.consume(consumed)
      bodyReader = .finished
      return .end
    case .refused(let refusal):
      bodyReader = .failed(.malformed(refusal))
      return .failed(.malformed(refusal))
    case .needMore:
      let wasUnread = if case .unread = bodyReader { true } else { false }
      bodyReader = .reading(decoder)
      if mayAsk && wasUnread && parser.head.expectsContinue && input.isEmpty {
        guard server.sendContinue(on: stream) else {
          bodyReader = .failed(.disconnected)
          return .failed(.disconnected)
        }
      }
      return .starved
    }
  }

  private func receiveBody() async throws(BodyError) {
    do throws(NetworkError) {
      while true {
        let received = try input.withFreeRoom(atLeast: 16 << 10) { (room) throws(NetworkError) in
          try stream.receive(into: &room)
        }
        switch received {
        case .bytes: return
        case .end: throw NetworkError.reset
        case .nothingYet: try await stream.waitReadable(until: bodyDeadline)
        }
      }
    } catch {
      let reason: BodyError = error == .timedOut ? .timedOut : .disconnected
      bodyReader = .failed(reason)
      throw reason
    }
  }

  /// Drops what is left of a body that nobody asked for, if all of it has arrived. False when it has not: waiting
  /// for it would only delay the answer, so the connection is ended instead.
  func discardArrivedBody() -> Bool {
    var dropped = 0
    while dropped <= limits.maximumDiscardedByteCount {
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
