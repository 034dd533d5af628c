import CBoot
import EventLoop
import Platform
import _Concurrency

/// The loop of an image: its jobs are all of Swift's, and idle means that the processor halts.
public final class HaltDriver: LoopDriver {
  /// Jobs run between two looks at the devices, so that a busy task cannot keep the others from theirs.
  static let maximumJobsPerTurn = 4096

  private let clock: TSCClock

  /// Its waits are timed by `clock`.
  public init(clock: TSCClock) { self.clock = clock }

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
    guard deadline > now else { return }
    boot_idle(deadline.nanoseconds - now.nanoseconds)
  }
}
