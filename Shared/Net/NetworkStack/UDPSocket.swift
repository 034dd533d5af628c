// RFC 768 and RFC 1122 §4.1 before changing this file.

import DequeModule
import EventLoop
import Platform
import Wire
import _Concurrency

/// A UDP port of our own stack. Datagrams that nobody reads in time are dropped and counted.
public final class UDPSocket {
  /// A datagram that arrived.
  public struct Datagram: Sendable {
    /// Who sent it.
    public let source: Endpoint
    /// What it carries.
    public let payload: [UInt8]
  }

  /// Our port.
  public let port: UInt16
  /// Not owned, and nil once it is closed: a stack closes its sockets before it goes.
  private unowned(unsafe) var stack: NetworkStack?
  private var queue = Deque<Datagram>()
  private var queuedByteCount = 0
  private let reader: WaitPoint
  /// Takes datagrams instead of the queue, for those within the stack.
  var handler: ((RawSpan, IPv6Address, UInt16) -> Void)?

  init(_ port: UInt16, stack: NetworkStack) {
    self.port = port
    self.stack = stack
    reader = WaitPoint(loop: stack.loop)
  }

  deinit { close() }

  /// What a datagram costs beside its payload.
  private static let overheadByteCount = 64

  /// Sends a datagram. It may be lost, as datagrams are. Throws `unreachable` when nothing leads there, and `exhausted`
  /// when it is larger than the link's MTU, since we do not fragment.
  public func send(_ payload: RawSpan, to endpoint: Endpoint) throws(NetworkError) {
    guard let stack else { throw .closed }
    try stack.sendDatagram(payload, from: port, to: endpoint)
  }

  /// The datagram that has waited longest; nil when there is none.
  public func receive() -> Datagram? {
    guard let datagram = queue.popFirst() else { return nil }
    queuedByteCount -= datagram.payload.count + Self.overheadByteCount
    return datagram
  }

  /// Returns when there is a datagram. Throws `timedOut` at `deadline`, `closed` after `close`.
  public func waitReadable(until deadline: Instant) async throws(NetworkError) {
    guard stack != nil else { throw .closed }
    if queue.isEmpty { try await reader.wait(until: deadline) }
  }

  /// Gives the port back; a waiter gets `closed`. Safe to repeat.
  public func close() {
    stack?.closeSocket(port)
    stackGoes()
  }

  /// How the stack reaches it, until it is closed.
  var reference: NetworkStack.SocketReference {
    NetworkStack.SocketReference(
      port: port,
      // Safe: the socket takes this back from the stack when it is closed, at the latest when it goes.
      take: { [unowned(unsafe) self] payload, source, sourcePort, limit in
        // Who gets the datagram may let go of the socket.
        withExtendedLifetime(self) { take(payload, from: source, sourcePort, limit: limit) }
      },
      // Safe for the same reason.
      stackGoes: { [unowned(unsafe) self] in stackGoes() })
  }

  /// The stack is gone, or has taken this socket out.
  private func stackGoes() {
    stack = nil
    queue.removeAll()
    queuedByteCount = 0
    reader.resume(.closed)
  }

  /// A datagram for this port; false when there is no room for it.
  private func take(_ payload: RawSpan, from source: IPv6Address, _ sourcePort: UInt16, limit: Int) -> Bool {
    if let handler {
      handler(payload, source, sourcePort)
      return true
    }
    let cost = payload.byteCount + Self.overheadByteCount
    guard queuedByteCount + cost <= limit else { return false }
    queuedByteCount += cost
    let bytes = payload.withUnsafeBytes { Array($0) }
    queue.append(Datagram(source: Endpoint(IPAddress(source), port: sourcePort), payload: bytes))
    reader.resume()
    return true
  }
}
