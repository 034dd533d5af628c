import CBoot
import DequeModule
import EventLoop
import Platform

/// Runs blocking work (SQLite) beside the loop: jobs one after another, on a stack of their own. While one is parked
/// the loop goes on.
///
/// Jobs run at the end of the turn, after the turn's tasks: all that those have submitted is there. They are outside
/// of every task, and may resume continuations. A worker is there for good: its fiber keeps it.
///
/// `@unchecked Sendable`: an image has one processor, and no interrupt handler comes here.
public final class FiberWorker: Worker, TurnObserver, @unchecked Sendable {
  /// The stack of the jobs. SQLite was seen to use 12 KB of it with statements like the services', 44 KB with the
  /// deepest that it accepts (Tests/Unikernel/SQLite); its largest frame, 2.5 KB, cannot skip the guard.
  public static let stackByteCount = 128 * 1024
  /// Jobs begun in one turn of the loop, so that a long queue cannot keep the devices waiting.
  public static let maximumJobsPerTurn = 64

  private enum State {
    /// Between jobs.
    case idle
    /// In a job, on the fiber.
    case running
    /// In a job, which waits for `resume`.
    case parked
    /// In a job, which goes on at the end of this turn.
    case resumed
  }

  private var state = State.idle
  private var jobs = Deque<@Sendable () -> Void>()
  private var fiber: Fiber?

  /// A worker whose jobs run at the ends of the turns of `loop`.
  public init(loop: EventLoop) {
    fiber = Fiber(stackByteCount: Self.stackByteCount) { self.runJobs() }
    loop.observe(self)
  }

  /// Queues `job`. To be called by tasks, timers, event sources and jobs, which the end of a turn follows.
  public func submit(_ job: @escaping @Sendable () -> Void) { jobs.append(job) }

  /// Stops the job that calls it until `resume`. It may return for another's sake: call it in a loop that asks for
  /// what it waits for. Stops the machine outside of this worker's jobs.
  public func park() {
    guard let fiber, fiber.isRunning, state == .running else {
      boot_panic("a worker parked outside of its job", Int32(BOOT_EXIT_TRAP.rawValue))
    }
    state = .parked
    Fiber.park()
  }

  /// What the parked job waits for may have happened (a driver says so in `handleEvents`): it goes on at the end of
  /// the turn. Does nothing when no job is parked.
  public func resume() {
    if state == .parked { state = .resumed }
  }

  /// The most that jobs used of their stack so far, in whole pages of 4 KB.
  public var stackPeakByteCount: Int { fiber?.stackPeakByteCount ?? 0 }

  private var isReady: Bool { state == .resumed || (state == .idle && !jobs.isEmpty) }

  public func turnEnds() -> Bool {
    guard isReady else { return false }
    state = .running
    fiber?.resume()
    return isReady || !JobQueue.isEmpty
  }

  /// The fiber's body, which never ends.
  private func runJobs() {
    while true {
      var budget = Self.maximumJobsPerTurn
      while budget > 0, let job = jobs.popFirst() {
        job()
        budget -= 1
      }
      state = .idle
      Fiber.park()
    }
  }
}
