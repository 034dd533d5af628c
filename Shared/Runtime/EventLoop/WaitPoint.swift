import Platform
import _Concurrency

/// Where one task waits for one direction of a stream, with a deadline.
public final class WaitPoint {
  private let loop: EventLoop
  private var waiter: UnsafeContinuation<NetworkError?, Never>?
  private var timer: Timer?

  /// Nobody waits yet.
  public init(loop: EventLoop) { self.loop = loop }

  /// Returns when `resume` is called; throws what it was called with, or `timedOut` at `deadline`.
  public func wait(until deadline: Instant) async throws(NetworkError) {
    if deadline != .never {
      if deadline <= loop.now { throw .timedOut }
      // Cancelled before `wait` returns, and the task that waits holds this.
      if timer == nil { timer = Timer(loop: loop) { [unowned(unsafe) self] in self.resume(.timedOut) } }
      timer?.set(deadline)
    }
    let error = await withUnsafeContinuation { continuation in
      precondition(waiter == nil, "two tasks wait for one direction of a stream")
      waiter = continuation
    }
    timer?.cancel()
    if let error { throw error }
  }

  /// Lets the waiter go on, if there is one.
  public func resume(_ error: NetworkError? = nil) {
    guard let waiter else { return }
    self.waiter = nil
    waiter.resume(returning: error)
  }
}
