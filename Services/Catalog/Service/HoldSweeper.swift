import EventLoop
import Log
import Platform
import Storage
import _Concurrency

/// Gives back the pieces of holds that ran out, at the moment they do.
///
/// Writers that meet such a hold settle it themselves, so a late sweeper makes nothing wrong; it is there so that
/// readers see the pieces come back, and so that spent keys are forgotten.
final class HoldSweeper {
  private let database: Database
  private let cache: ProductCache
  private let loop: EventLoop
  private let log: Logger
  /// Keeps the sweeper alive until `stop`.
  private var timer: Timer?
  /// The next pass, in wall time (milliseconds).
  private var nextPass = Int64.max
  private var isRunning = false
  private var isStopped = false

  /// A pass is made at least this often: civil time may jump, and keys are to be forgotten.
  private static let longestPause: Int64 = 600_000
  /// The pause after a pass that failed.
  private static let pauseAfterFailure: Int64 = 1_000

  init(database: Database, cache: ProductCache, loop: EventLoop, log: Logger) {
    self.database = database
    self.cache = cache
    self.loop = loop
    self.log = log
  }

  /// Ends every hold that is due, then waits for the next one to run out. Spent keys wait for the first pass, too: to
  /// compile their statement is a tenth of a service's start.
  func start() async throws(StorageError) {
    timer = Timer(loop: loop) { self.loop.spawn { await self.run() } }
    var next: Int64?
    repeat {
      next = try await sweep(HoldBook.expireDue)
    } while (next ?? .max) <= loop.wallTime.milliseconds
    schedule(next)
  }

  /// A hold was made that runs out then.
  func expect(_ expiresAt: Int64) {
    if expiresAt < nextPass { schedule(expiresAt) }
  }

  /// No pass begins any more.
  func stop() {
    isStopped = true
    timer?.cancel()
    timer = nil
  }

  private func schedule(_ next: Int64?) {
    guard !isStopped else { return }
    let now = loop.wallTime.milliseconds
    nextPass = min(next ?? .max, now + Self.longestPause)
    timer?.set(loop.now + .milliseconds(max(0, nextPass - now) + 1))
  }

  private func run() async {
    guard !isRunning, !isStopped else { return }
    isRunning = true
    nextPass = .max
    do throws(StorageError) {
      let next = try await sweep(HoldBook.sweep)
      isRunning = false
      // A hold that was made during the pass may run out sooner.
      schedule(min(next ?? .max, nextPass))
    } catch {
      isRunning = false
      log.warning("holds not swept", LogField("storage", error.name))
      schedule(loop.wallTime.milliseconds + Self.pauseAfterFailure)
    }
  }

  /// One pass; answers when the next hold runs out.
  private func sweep(
    _ work: @escaping @Sendable (Connection, Int64) throws(StorageError) -> HoldBook.Sweep
  ) async throws(StorageError) -> Int64? {
    let now = loop.wallTime.milliseconds
    let pass = try await database.write { (connection) throws(StorageError) in
      .commit(try work(connection, now))
    }
    cache.invalidate(pass.touched)
    return pass.nextExpiry
  }
}
