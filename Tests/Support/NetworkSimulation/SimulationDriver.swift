import EventLoop
import Platform

/// A clock that only its driver, or the test, moves.
public final class SimulatedClock: Clock {
  /// The simulated moment.
  public var now: Instant
  /// 2026-01-01T00:00:00Z and what has passed since the clock's zero.
  public var wallTime: WallTime {
    WallTime(nanosecondsSinceEpoch: 1_767_225_600_000_000_000 + Int64(now.nanoseconds))
  }

  /// A clock that shows `now`.
  public init(now: Instant = Instant(nanoseconds: 1_000_000_000)) { self.now = now }
}

/// Runs a world on the calling thread in simulated time: Swift's jobs, timers, and whatever `sources` do. When none of
/// them has anything to do the clock jumps to the next timer: five seconds pass in no time.
///
/// A turn costs `nanosecondsPerTurn` of simulated time, so that two parts that answer each other at once for ever still
/// run into the world's time limit.
public final class SimulationDriver: LoopDriver, TaskExecutor, @unchecked Sendable {
  // Touched by the one thread that runs the world.

  /// The clock to make the loop with.
  public let clock: SimulatedClock
  /// What happens besides jobs and timers: devices with frames, applications. Asked in order once a turn; each returns
  /// whether it did anything.
  public var sources: [() -> Bool] = []
  /// Nothing to do and no timer set: what should stop the world.
  public var whenIdle: () -> Void = {}
  /// Simulated cost of a turn.
  public var nanosecondsPerTurn: UInt64 = 1_000
  private var jobs: [UnownedJob] = []
  private var order: SplitMix64?

  /// A driver. With `jobOrderSeed` jobs run in an order that the seed chooses, so that every interleaving can be had
  /// again; without, in the order they were enqueued.
  public init(clock: SimulatedClock = SimulatedClock(), jobOrderSeed: UInt64? = nil) {
    self.clock = clock
    order = jobOrderSeed.map { SplitMix64(seed: $0) }
  }

  /// Starts a task whose jobs this driver runs.
  public func start(_ body: @escaping () async -> Void) {
    // Every job of the task runs on the world's one thread.
    nonisolated(unsafe) let body = body
    _ = Task.detached(executorPreference: self) { await body() }
  }

  /// Takes a job of Swift's runtime.
  public func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }

  /// Runs the jobs that wait, and those that they enqueue.
  public func runJobs() -> Bool {
    guard !jobs.isEmpty else { return false }
    let executor = asUnownedTaskExecutor()
    if order == nil {
      var index = 0
      while index < jobs.count {
        jobs[index].runSynchronously(on: executor)
        index += 1
      }
      jobs.removeAll(keepingCapacity: true)
      return false
    }
    while !jobs.isEmpty {
      let index = Int(order!.below(UInt64(jobs.count)))
      jobs.remove(at: index).runSynchronously(on: executor)
    }
    return false
  }

  /// Asks the sources; when they, too, have nothing to do, jumps to `deadline`.
  public func poll(until deadline: Instant) {
    clock.now = clock.now.advanced(byNanoseconds: nanosecondsPerTurn)
    var isBusy = false
    for source in sources where source() { isBusy = true }
    guard !isBusy, jobs.isEmpty else { return }
    if deadline == .never { return whenIdle() }
    if deadline > clock.now { clock.now = deadline }
  }
}
