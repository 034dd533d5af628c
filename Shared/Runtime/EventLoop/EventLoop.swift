import Platform

/// The one loop of a service: it runs every task, fires every timer, and waits when there is nothing to do.
///
/// Confined to its thread: nothing here may be called from another one. A turn is: jobs, due timers, events.
public final class EventLoop {
  private let driver: any LoopDriver
  /// What times it.
  public let clock: any Clock
  private var timers = TimerHeap()
  private var sequence: UInt64 = 0
  private var isStopped = false

  /// The time this turn began. Read from the clock once a turn, so it costs a load.
  public private(set) var now: Instant

  /// A loop on `driver`, timed by `clock`.
  public init(driver: any LoopDriver, clock: any Clock) {
    self.driver = driver
    self.clock = clock
    now = clock.now
  }

  /// Civil time.
  public var wallTime: WallTime { clock.wallTime }

  /// Starts a task on this loop. The only way to start one: `Task {}` and its kin escape to other threads.
  public func spawn(_ body: @escaping () async -> Void) { driver.start(body) }

  /// Runs until `stop`.
  public func run() {
    isStopped = false
    while !isStopped { turn() }
  }

  /// Makes `run` return at the end of this turn.
  public func stop() { isStopped = true }

  /// One turn. Waits for an event only when no job is left and no timer is due.
  public func turn() {
    now = clock.now
    var isBusy = driver.runJobs()
    fireTimers()
    // In the last turn, too: what was said last, such as FIN, still goes out.
    for observer in observers where observer.object.turnEnds() { isBusy = true }
    guard !isStopped else { return }
    driver.poll(until: isBusy || hasFired ? Instant(nanoseconds: 0) : (timers.first?.deadline ?? .never))
  }

  /// Reads the clock again: for a driver that has waited, before it hands on what came.
  public func refreshNow() { now = clock.now }

  // MARK: Observers

  private struct Observer {
    /// Not owned: it leaves before it goes.
    unowned(unsafe) let object: any TurnObserver
  }

  private var observers: [Observer] = []

  /// Tells `observer` about the end of every turn, until `stopObserving`. Once for each.
  public func observe(_ observer: any TurnObserver) { observers.append(Observer(object: observer)) }

  /// Takes `observer` out. Call it at the latest when it is deinitialised.
  public func stopObserving(_ observer: any TurnObserver) {
    if let index = observers.firstIndex(where: { $0.object === observer }) { observers.remove(at: index) }
  }

  // MARK: Timers

  private var hasFired = false

  /// Cancelled timers that may stand in the heap whatever their share; with more of them than half the heap, they
  /// are all removed. So connections that come and go leave no more behind than as many again as are open.
  public static let toleratedCancelledCount = 1024

  /// Places in the heap, those of cancelled timers included.
  public var timerCount: Int { timers.count }

  /// Timers that are cancelled and have a place in the heap.
  var cancelledCount = 0

  /// One more timer with a place was cancelled. Cost: a compare; O(heap) once in as many calls.
  @inline(__always)
  func countCancelled() {
    cancelledCount += 1
    if cancelledCount > Self.toleratedCancelledCount && cancelledCount > timers.count / 2 {
      removeCancelled()
    }
  }

  @inline(never)
  private func removeCancelled() {
    timers.removeAll(but: { entry in
      if entry.timer.isCancelled { entry.timer.lostItsPlaces() }
      return !entry.timer.isCancelled
    })
    cancelledCount = 0
  }

  /// Calls `timer.fire` at `deadline`.
  func enqueue(_ timer: Timer, at deadline: Instant) {
    sequence += 1
    timers.insert(TimerEntry(deadline: deadline, sequence: sequence, timer: timer))
  }

  private func fireTimers() {
    hasFired = false
    while let next = timers.first, next.deadline <= now {
      timers.removeFirst()
      next.timer.expire(at: now)
      hasFired = true
    }
  }

  /// Returns after `duration`.
  @inline(never)
  public func sleep(for duration: Duration) async { await sleep(until: now + duration) }

  /// Returns at `deadline`.
  @inline(never)
  public func sleep(until deadline: Instant) async {
    let signal = Signal()
    let timer = Timer(loop: self) { signal.notify() }
    timer.set(deadline)
    await signal.wait()
  }
}

/// Somebody who gathers what the tasks of a turn have made, and sends it off at once: one notification for a turn.
public protocol TurnObserver: AnyObject {
  /// The tasks and timers of this turn have run, and the loop is about to wait. Returns whether that made new work
  /// for tasks, so that it must not wait.
  func turnEnds() -> Bool
}
