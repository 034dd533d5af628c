import Platform

/// A deadline that moves often and passes rarely, such as a connection's.
///
/// Moving it later costs a store: its place in the loop's heap stays where it is, and only when that place comes
/// up does the timer look at its deadline and queue again if it has moved. So a keep-alive connection that sets a
/// new deadline for every request touches the heap once per time-out, not once per request.
public final class Timer {
  private let loop: EventLoop
  private let action: () -> Void
  private var deadline = Instant.never
  /// Where the earliest of this timer's places in the heap stands.
  private var queuedAt = Instant.never

  /// Whether it is not set.
  var isCancelled: Bool { deadline == .never }

  /// A timer that runs `action` on `loop`; not set.
  public init(loop: EventLoop, action: @escaping () -> Void) {
    self.loop = loop
    self.action = action
  }

  /// Moves the deadline; `.never` cancels.
  public func set(_ deadline: Instant) {
    if deadline == .never { return cancel() }
    if isCancelled && queuedAt != .never { loop.cancelledCount -= 1 }
    self.deadline = deadline
    if deadline < queuedAt {
      queuedAt = deadline
      loop.enqueue(self, at: deadline)
    }
  }

  /// Cancels. The place in the heap holds the timer, and what its action captured, until its time, or until half
  /// the heap is such places.
  public func cancel() {
    guard !isCancelled else { return }
    deadline = .never
    if queuedAt != .never { loop.countCancelled() }
  }

  /// The loop has taken every place of this timer, which is cancelled, from the heap.
  func lostItsPlaces() { queuedAt = .never }

  /// The loop came to one of this timer's places.
  func expire(at now: Instant) {
    if queuedAt <= now {
      queuedAt = .never
      if isCancelled { loop.cancelledCount -= 1 }
    }
    if deadline <= now {
      deadline = .never
      action()
    } else if deadline < queuedAt {
      queuedAt = deadline
      loop.enqueue(self, at: deadline)
    }
  }
}
