import EventLoop
import Platform

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededNumbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
  }
}

/// Reproducible bytes.
final class SeededBytes: Entropy {
  private var numbers: SeededNumbers

  init(seed: UInt64) { numbers = SeededNumbers(state: seed) }

  func fill(_ bytes: UnsafeMutableRawBufferPointer) {
    for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: numbers.next()) }
  }
}

/// A clock that only the simulated loop moves.
final class SimulatedClock: Clock {
  var now = Instant(nanoseconds: 1_000_000_000)
  var wallTime: WallTime {
    WallTime(nanosecondsSinceEpoch: 1_767_225_600_000_000_000 + Int64(now.nanoseconds))
  }
}

/// Runs tasks on the calling thread in an order that a seed chooses, and jumps to the next timer whenever there is
/// nothing to do: five seconds pass in no time, and every interleaving can be had again from its seed.
final class SimulationDriver: LoopDriver, TaskExecutor, @unchecked Sendable {
  // Touched by the one thread that runs the test.
  let clock = SimulatedClock()
  private var jobs: [UnownedJob] = []
  private var numbers: SeededNumbers
  /// Nothing to do and no timer set: what should stop the test.
  var whenIdle: () -> Void = {}

  init(seed: UInt64) { numbers = SeededNumbers(state: seed) }

  func start(_ body: @escaping () async -> Void) {
    // Every job of the task runs on the thread of the test.
    nonisolated(unsafe) let body = body
    _ = Task.detached(executorPreference: self) { await body() }
  }

  func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }

  func runJobs() -> Bool {
    let executor = asUnownedTaskExecutor()
    while !jobs.isEmpty {
      let index = Int.random(in: 0..<jobs.count, using: &numbers)
      jobs.remove(at: index).runSynchronously(on: executor)
    }
    return false
  }

  func poll(until deadline: Instant) {
    guard jobs.isEmpty else { return }
    if deadline == .never { return whenIdle() }
    if deadline > clock.now { clock.now = deadline }
  }
}
