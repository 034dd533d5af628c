import Glibc

/// A single-threaded loop over poll(2): descriptors, timers, and nothing else.
final class PollLoop {
  struct TimerID: Hashable { fileprivate let number: Int }

  private var watches: [Int32: (events: Int16, handler: () -> Void)] = [:]
  private var timers: [TimerID: (deadline: Int, action: () -> Void)] = [:]
  private var lastTimer = 0

  /// Milliseconds on a clock that only goes forward.
  static func now() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
  }

  /// Calls `handler` whenever `descriptor` can be read, or is at its end.
  func whenReadable(_ descriptor: Int32, _ handler: @escaping () -> Void) {
    watches[descriptor] = (Int16(POLLIN), handler)
  }

  /// Calls `handler` whenever `descriptor` can be written.
  func whenWritable(_ descriptor: Int32, _ handler: @escaping () -> Void) {
    watches[descriptor] = (Int16(POLLOUT), handler)
  }

  /// Must come before the descriptor is closed.
  func forget(_ descriptor: Int32) { watches[descriptor] = nil }

  /// Calls `action` once, not before `milliseconds` have passed.
  @discardableResult
  func after(_ milliseconds: Int, _ action: @escaping () -> Void) -> TimerID {
    lastTimer += 1
    let id = TimerID(number: lastTimer)
    timers[id] = (PollLoop.now() + milliseconds, action)
    return id
  }

  func cancel(_ timer: TimerID?) { if let timer { timers[timer] = nil } }

  /// Turns until `isDone`, which is asked after every event.
  func run(until isDone: () -> Bool) {
    while !isDone() { turn() }
  }

  private func turn() {
    var descriptors = watches.map { pollfd(fd: $0.key, events: $0.value.events, revents: 0) }
    let next = timers.values.map(\.deadline).min()
    let wait = next.map { max(0, min($0 - PollLoop.now(), 60_000)) } ?? -1
    precondition(wait >= 0 || !descriptors.isEmpty, "nothing left to wait for")
    let count = poll(&descriptors, nfds_t(descriptors.count), Int32(wait))
    if count > 0 {
      // A handler may forget a later descriptor: look each one up again.
      for ready in descriptors where ready.revents != 0 { watches[ready.fd]?.handler() }
    }
    let now = PollLoop.now()
    for (id, timer) in timers.filter({ $0.value.deadline <= now }).sorted(by: {
      $0.value.deadline < $1.value.deadline
    }) where timers[id] != nil {
      timers[id] = nil
      timer.action()
    }
  }
}
