import EventLoop
import Platform
import TCP
import Wire
import _Concurrency

/// A port of our own stack that accepts connections. A SYN beyond the limit of handshakes is answered with a cookie;
/// one beyond the limit of the backlog is dropped, so that its sender tries again later.
public final class StackListener: Listener {
  public let endpoint: Endpoint
  /// The address of `endpoint`.
  let address: IPv6Address
  /// Not owned, and nil once it is closed: a stack closes its listeners before it goes.
  private unowned(unsafe) var stack: NetworkStack?
  private let acceptor: WaitPoint
  /// Established connections that nobody has accepted.
  private var backlog = ConnectionQueue()
  /// Connections whose handshake is not finished.
  private(set) var handshakeCount = 0
  /// Whether one found no place since `accept` was last asked.
  private var isShort = false

  init(_ endpoint: Endpoint, stack: NetworkStack) {
    self.endpoint = endpoint
    address = IPv6Address(endpoint.address)
    self.stack = stack
    acceptor = WaitPoint(loop: stack.loop)
  }

  deinit { close() }

  /// Connections that wait to be accepted.
  public var backlogCount: Int { backlog.count }

  /// Whether one more connection may wait to be accepted.
  func hasRoom(_ configuration: StackConfiguration) -> Bool {
    backlog.count < configuration.maximumBacklogCount
  }

  /// Whether one more handshake may be remembered.
  func mayBeginHandshake(_ configuration: StackConfiguration) -> Bool {
    handshakeCount < configuration.maximumHandshakeCount
      && backlog.count + handshakeCount < configuration.maximumBacklogCount
  }

  func beginHandshake() { handshakeCount += 1 }

  /// A connection found no place in the stack: who accepts may make some.
  func foundNoPlace() {
    isShort = true
    acceptor.resume()
  }

  /// The handshake of `connection` is over: it waits to be accepted.
  func established(_ connection: StackConnection) {
    handshakeCount -= 1
    connection.listener = nil
    backlog.append(connection)
    acceptor.resume()
  }

  /// The handshake came to nothing.
  func abandonHandshake() { handshakeCount -= 1 }

  public func accept() throws(NetworkError) -> (any ByteStream)? {
    guard stack != nil else { throw .closed }
    // One that was reset while it waited is no connection any more; the kernel's accept says ECONNABORTED then.
    while let next = backlog.popFirst() {
      if next.connection.failure == nil { return StackStream(next) }
    }
    if isShort {
      isShort = false
      throw .exhausted
    }
    return nil
  }

  public func waitAcceptable() async throws(NetworkError) {
    guard stack != nil else { throw .closed }
    if backlog.count == 0, !isShort { try await acceptor.wait(until: .never) }
  }

  public func close() {
    guard let stack else { return }
    stack.stopListening(self)
    stackGoes()
  }

  /// The stack is gone, or has taken this listener out.
  func stackGoes() {
    stack = nil
    while let connection = backlog.popFirst() { StackStream(connection).abort() }
    acceptor.resume(.closed)
  }
}
