import Bytes
import EventLoop
import HTTPCore
import Platform
import _Concurrency

/// One request, lent to its handler. The object belongs to the connection and is used again for the next request,
/// so nothing of it may be kept.
public final class Request {
  let stream: any ByteStream
  let loop: EventLoop
  let server: HTTPServer
  var parser: RequestParser
  /// Bytes received and not yet consumed. Without a body the head lies at its front until the request is answered.
  var input = ByteBuffer(capacity: 2048)
  /// The head of a request with a body, moved here so that the body can be consumed from `input`.
  var savedHead = ByteBuffer()
  var headByteCount = 0
  var bodyReader = BodyReaderState.none
  /// Finds the body's pieces; means something while `bodyReader` is `unread` or `reading`.
  var decoder = BodyDecoder(.none)
  /// When the body was first asked for, and has to be there.
  var bodySince = Instant.never
  var bodyDeadline = Instant.never
  /// Since when the client owes us a head or body, or the rest of one, or its end: then the connection may be closed to
  /// make room. Nil while the request is worked on.
  var owedSince: Instant?
  private var isLast = false
  private var queryCache: Query?
  private var idCache: String?

  init(stream: any ByteStream, server: HTTPServer) {
    self.stream = stream
    self.server = server
    loop = server.loop
    parser = RequestParser(limits: server.limits.http)
  }

  // MARK: The head

  /// The request's head; its ranges count from the head's first byte, see `withBytes`.
  public var head: RequestHead { parser.head }

  /// The method.
  public var method: Method { parser.head.method }

  /// Whether the connection is to stay after the answer, as far as is known before the answer. A handler that writes
  /// its own head (`Response.Body.message`) says so there, and when it says that the connection ends, also here.
  public var keepsConnection: Bool { parser.head.keepAlive && !server.isDraining && !isLast }

  /// Makes this the connection's last request (RFC 9112 §9.6).
  public func endConnection() { isLast = true }

  /// The client's address.
  public var peer: Endpoint { stream.peer }

  /// Whether a body follows, of whatever length.
  public var hasBody: Bool {
    parser.head.framing.mayHaveContent
  }

  /// The body's length, if the client gave one.
  public var contentLength: UInt64? {
    if case .length(let length) = parser.head.framing { length } else { nil }
  }

  /// Lends part of the head, such as `head.path`.
  @inline(__always)
  public func withBytes<R>(_ range: Range<Int>, _ body: (RawSpan) -> R) -> R {
    bodyReader.hasSavedHead
      ? savedHead.withBytes { body($0.extracting(range)) } : input.withBytes { body($0.extracting(range)) }
  }

  /// Lends the path, still percent-encoded.
  @inline(__always)
  public func withPath<R>(_ body: (RawSpan) -> R) -> R { withBytes(parser.head.path, body) }

  /// Part of the head as text; a head is ASCII but for field values, where anything else is replaced.
  public func string(_ range: Range<Int>) -> String {
    withBytes(range) { $0.string(0..<range.count) }
  }

  /// The path, still percent-encoded.
  public func pathString() -> String { string(parser.head.path) }

  /// The query, decoded. Made on first use.
  public var query: Query {
    if let queryCache { return queryCache }
    let query =
      if let range = parser.head.query { withBytes(range) { Query($0) } } else { Query(RawSpan()) }
    queryCache = query
    return query
  }

  /// The value of the first such field.
  public func field(_ known: KnownField) -> String? {
    parser.head.value(of: known).map { string($0) }
  }

  /// The value of the first field called `name` (lower case).
  public func field(named name: String) -> String? {
    let head = parser.head
    let range =
      bodyReader.hasSavedHead
      ? savedHead.withBytes { head.value(named: name, in: $0) }
      : input.withBytes { head.value(named: name, in: $0) }
    return range.map { string($0) }
  }

  /// How many such fields there are.
  public func fieldCount(_ known: KnownField) -> Int {
    parser.head.count(of: known)
  }

  /// Whether there is such a field.
  @inline(__always)
  public func hasField(_ known: KnownField) -> Bool {
    parser.head.has(known)
  }

  // MARK: What the server adds

  /// The time of this turn of the loop.
  public var now: Instant { loop.now }

  /// Today's `date` value (IMF-fixdate, 29 bytes), made once a second.
  public func withDate<R>(_ body: (RawSpan) -> R) -> R { server.withDate(body) }

  /// The client's `x-request-id` if it is 1–128 of `[A-Za-z0-9._-]`, else one of ours.
  public var id: String {
    if let idCache { return idCache }
    let id = field(.xRequestID).flatMap { Self.isRequestID($0) ? $0 : nil } ?? server.makeRequestID()
    idCache = id
    return id
  }

  /// The client's `traceparent` if it is well formed (W3C Trace Context §3.2).
  public var traceparent: String? {
    guard fieldCount(.traceparent) == 1, let value = field(.traceparent) else { return nil }
    return TraceParent.isWellFormed(value) ? value : nil
  }

  static func isRequestID(_ text: String) -> Bool {
    text.withBytes { bytes in
      guard (1...128).contains(bytes.byteCount) else { return false }
      for index in 0..<bytes.byteCount {
        let byte = bytes.byte(at: index)
        let isAlphanumeric = (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10
        guard
          isAlphanumeric || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-")
        else { return false }
      }
      return true
    }
  }

  /// Takes in what has arrived, into room for at least `byteCount` bytes. A connection that would hold more than a small
  /// request takes is broken off when memory is scarce and nobody else gives any back.
  @inline(never)
  func receive(atLeast byteCount: Int) throws(NetworkError) -> Received {
    if input.count + byteCount > HTTPServer.spareByteCount, !server.hasMemory(for: self) { throw .exhausted }
    return try input.withFreeRoom(atLeast: byteCount) { (room) throws(NetworkError) in
      try stream.receive(into: &room)
    }
  }

  /// Goes on with the head after bytes have arrived.
  func parseHead() -> RequestParser.Progress {
    input.withBytes { parser.parse($0) }
  }

  /// Makes room for the next request; what belongs to this one has been consumed.
  func reset() {
    parser.reset()
    headByteCount = 0
    bodyReader = .none
    if queryCache != nil { queryCache = nil }
    if idCache != nil { idCache = nil }
    // A request that was large once does not hold its memory for the connection's life.
    if input.capacity > 4 << 10 && input.isEmpty { input.release() }
    if savedHead.capacity > 4 << 10 {
      savedHead.removeAll()
      savedHead.release()
    }
  }
}

/// W3C Trace Context §3.2: `version-traceid-parentid-flags`.
public enum TraceParent {
  /// Whether `text` is a version 00 traceparent with ids that are not zero.
  public static func isWellFormed(_ text: String) -> Bool {
    text.withBytes { bytes in
      let zero = UInt8(ascii: "0")
      guard bytes.byteCount == 55, bytes.byte(at: 0) == zero, bytes.byte(at: 1) == zero else { return false }
      // What of each id is not zero.
      var (trace, parent) = (0 as UInt8, 0 as UInt8)
      for index in 2..<55 {
        let byte = bytes.byte(at: index)
        if index == 2 || index == 35 || index == 52 {
          guard byte == UInt8(ascii: "-") else { return false }
          continue
        }
        guard byte &- zero < 10 || byte &- UInt8(ascii: "a") < 6 else { return false }
        if index < 35 { trace |= byte ^ zero } else if index < 52 { parent |= byte ^ zero }
      }
      return trace != 0 && parent != 0
    }
  }
}
