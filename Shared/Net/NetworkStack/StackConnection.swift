import Bytes
import EventLoop
import Platform
import TCP
import Wire

/// A connection as the stack keeps it: the state machine, its timer, and who waits for it.
final class StackConnection {
  /// The stack, while it has this connection in its tables. Not owned: the stack owns its connections, and takes leave
  /// of all of them before it goes.
  private(set) unowned(unsafe) var stack: NetworkStack?
  /// The interface that its segments go by.
  let interface: Interface
  /// The state machine: what it needs most stands at its front.
  var connection: Connection
  let tuple: FourTuple
  /// What the timer is set to, so that a deadline that has not moved costs a compare.
  private var timerDeadline = Instant.never
  private var timer: Timer?
  /// Who gets it once it is established; nil for one that we opened, and once it is handed over. Not owned: a listener
  /// that closes ends its handshakes.
  unowned(unsafe) var listener: StackListener?
  let reader: WaitPoint
  /// Another one while several connections race, so that one task waits for all of them.
  var writer: WaitPoint
  /// Whether it stands in the stack's list of connections that have something to send.
  var isPending = false
  /// Who comes after it in a `ConnectionQueue`.
  var next: StackConnection?
  private let pool: BufferPool
  private let admittedByteCount: Int

  /// Takes over `connection`, for which the stack's pool has admitted `admittedByteCount`.
  init(
    _ tuple: FourTuple, stack: NetworkStack, interface: Interface, admittedByteCount: Int,
    connection: consuming Connection
  ) {
    self.tuple = tuple
    self.stack = stack
    self.interface = interface
    self.admittedByteCount = admittedByteCount
    pool = stack.pool
    self.connection = connection
    reader = WaitPoint(loop: stack.loop)
    writer = WaitPoint(loop: stack.loop)
  }

  deinit { pool.dismiss(admittedByteCount) }

  /// The stack has taken it out of its tables.
  func detach() {
    timer?.cancel()
    timer = nil
    stack = nil
    listener = nil
  }

  /// Sets the timer to the connection's deadline.
  func schedule() {
    let deadline = connection.deadline
    guard deadline != timerDeadline, let stack else { return }
    timerDeadline = deadline
    if timer == nil {
      if deadline == .never { return }
      // Cancelled by `detach`, before this goes.
      timer = Timer(loop: stack.loop) { [unowned(unsafe) self] in expire() }
    }
    timer?.set(deadline)
  }

  private func expire() {
    timerDeadline = .never
    guard let stack else { return }
    let segmentByteCount = connection.pathSegmentByteCount
    let events = connection.advance(to: stack.loop.now)
    if connection.pathSegmentByteCount < segmentByteCount { stack.notePath(of: self) }
    stack.handle(events, of: self)
    stack.transmitLater(self)
  }

  /// Lets those go on whom `events` concern.
  func wake(_ events: Events) {
    if events.contains(.readable) { reader.resume() }
    if !events.isDisjoint(with: [.writable, .established]) { writer.resume() }
  }

  /// What the failure is in the signature's words; nil while there is none.
  var error: NetworkError? {
    switch connection.failure {
    case nil: nil
    case .refused: .refused
    case .reset: .reset
    case .timedOut: .timedOut
    case .unreachable: .unreachable
    case .aborted: .closed
    }
  }
}
