import CBoot
import EventLoop
import Platform
import _Concurrency

/// A device that the loop asks for news. A class, since Swift counts references to a protocol's object at every call,
/// and every turn calls each of them, several times for each request.
open class EventSource {
  /// A device without news.
  public init() {}

  /// Takes what the device has finished and wakes those who wait for it. Called once per turn, also when there is
  /// nothing; must acknowledge the device's interrupt before it looks, or the next edge is lost.
  open func handleEvents() {}

  /// Asks for an interrupt at the next news, and returns whether there is none yet: else the loop must not wait. For a
  /// device whose interrupts are never held back there is nothing to ask.
  open func mayIdle() -> Bool { true }
}

/// The loop of an image: its jobs are all of Swift's, and idle means that the processor halts.
public final class HaltDriver: LoopDriver {
  /// Jobs run between two looks at the devices, so that a busy task cannot keep the others from theirs.
  static let maximumJobsPerTurn = 4096

  private let clock: any Clock
  /// Each kept for good.
  private var sources: [Unmanaged<EventSource>] = []
  /// How often the machine had waited when every source was last asked; nil before the first time. A wait of somebody
  /// else's since, such as for the entropy device, may have taken an edge that one of them sent.
  private var askedAt: UInt32?

  /// Its waits are timed by `clock`.
  public init(clock: any Clock) { self.clock = clock }

  /// Asks `source` in every turn from now on, and lets edges of its interrupt line, if any, end the idle wait.
  public func watch(_ source: EventSource, interruptLine: UInt32?) {
    if let interruptLine { boot_enable_interrupt(interruptLine) }
    sources.append(.passRetained(source))
  }

  public func start(_ body: @escaping () async -> Void) {
    // Safe: every job runs on the one processor, so what the task captures never crosses threads.
    nonisolated(unsafe) let body = body
    _ = Task.detached { await body() }
  }

  public func runJobs() -> Bool {
    var budget = Self.maximumJobsPerTurn
    while budget > 0 && JobQueue.runFirst() { budget -= 1 }
    return !JobQueue.isEmpty
  }

  public func poll(until deadline: Instant) {
    let now = clock.now
    if askedAt == boot_idle_count() && deadline > now && JobQueue.isEmpty && mayIdle() {
      boot_idle(deadline.nanoseconds - now.nanoseconds)
    }
    askedAt = boot_idle_count()
    // Safe: the list keeps them.
    for source in sources { source._withUnsafeGuaranteedRef { $0.handleEvents() } }
  }

  /// Asks every source, up to the first with news.
  private func mayIdle() -> Bool {
    for source in sources {
      // Safe: the list keeps them.
      guard source._withUnsafeGuaranteedRef({ $0.mayIdle() }) else { return false }
    }
    return true
  }
}
