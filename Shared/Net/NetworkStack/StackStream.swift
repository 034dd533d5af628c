import EventLoop
import Platform
import TCP
import _Concurrency

/// A program's hold on a TCP connection of our own stack. When nobody holds it any more, the connection is closed.
public final class StackStream: ByteStream {
  private let held: StackConnection
  private var isClosed = false

  init(_ connection: StackConnection) { held = connection }

  deinit { close() }

  public var peer: Endpoint { held.tuple.peer }

  /// Our end.
  public var local: Endpoint { Endpoint(IPAddress(held.tuple.local), port: held.tuple.localPort) }

  /// Whether both ends are connected, or were.
  public var isConnected: Bool { held.connection.state.isSynchronized }

  /// Whether short segments wait while others are in flight (RFC 9293 §3.7.4); TCP_NODELAY is the opposite. Off, as
  /// configured, since programs hand over whole messages.
  public var isNagleEnabled: Bool {
    get { held.connection.isNagleEnabled }
    set {
      held.connection.isNagleEnabled = newValue
      // What waited need not wait any longer.
      held.stack?.transmitLater(held)
    }
  }

  /// Bytes that have arrived and were not read.
  public var readableByteCount: Int { held.connection.readableByteCount }

  /// SRTT in nanoseconds; nil before the first measurement.
  public var smoothedRoundTrip: UInt64? { held.connection.smoothedRoundTrip }

  public func receive(into room: inout OutputRawSpan) throws(NetworkError) -> Received {
    if isClosed { throw .closed }
    if let error = held.error { throw error }
    let (count, events) = held.connection.receive(into: &room)
    if events.contains(.transmitNow) { held.stack?.transmitLater(held) }
    if count > 0 { return .bytes(count) }
    return held.connection.isAtEnd ? .end : .nothingYet
  }

  public func send(_ bytes: RawSpan) throws(NetworkError) -> Int {
    if isClosed { throw .closed }
    if let error = held.error { throw error }
    guard let stack = held.stack else { throw .closed }
    let count = held.connection.send(bytes, at: stack.loop.now)
    if count > 0 { stack.transmitLater(held) }
    return count
  }

  public func waitReadable(until deadline: Instant) async throws(NetworkError) {
    if isClosed { throw .closed }
    if held.connection.failure != nil || held.connection.readableByteCount > 0 || held.connection.isAtEnd {
      return
    }
    try await held.reader.wait(until: deadline)
  }

  public func waitWritable(until deadline: Instant) async throws(NetworkError) {
    if isClosed { throw .closed }
    if held.connection.failure != nil || held.stack == nil || held.connection.sendRoom > 0 { return }
    try await held.writer.wait(until: deadline)
  }

  public func finish() {
    guard !isClosed else { return }
    held.connection.finish()
    held.stack?.transmitLater(held)
  }

  public func close() {
    guard !isClosed else { return }
    isClosed = true
    if let stack = held.stack {
      let events = held.connection.close(at: stack.loop.now)
      stack.handle(events, of: held)
      stack.transmitLater(held)
    }
    held.reader.resume(.closed)
    held.writer.resume(.closed)
  }

  /// Ends the connection at once: RST goes out, and what waited to be sent or read is forgotten. Safe to repeat.
  public func abort() {
    guard !isClosed else { return }
    isClosed = true
    if let stack = held.stack {
      let events = held.connection.abort()
      stack.handle(events, of: held)
    }
    held.reader.resume(.closed)
    held.writer.resume(.closed)
  }

  /// Why it failed; nil while it has not.
  var failure: NetworkError? { held.error }

  /// Resumes `point` instead of its own when it is connected, fails, or takes more.
  func signals(_ point: WaitPoint) { held.writer = point }

  /// Returns when both ends are connected; throws why they will not be.
  func waitConnected(until deadline: Instant) async throws(NetworkError) {
    while !isConnected {
      if isClosed { throw .closed }
      if let error = held.error { throw error }
      try await held.writer.wait(until: deadline)
    }
  }
}
