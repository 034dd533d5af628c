import EventLoop
import MachineTesting
import Platform
import Testing

/// A driver without a machine: jobs run on the real executor of the test, time is the test's.
final class IdleDriver: LoopDriver {
  var polls: [Instant] = []
  var bodies: [() async -> Void] = []
  var onPoll: () -> Void = {}
  func start(_ body: @escaping () async -> Void) { bodies.append(body) }
  func runJobs() -> Bool { false }
  func poll(until deadline: Instant) {
    polls.append(deadline)
    onPoll()
  }
}

struct EventLoopTests {
  let clock = ManualClock()
  let driver = IdleDriver()

  @Test func `the loop waits until the earliest timer and no longer`() {
    let loop = EventLoop(driver: driver, clock: clock)
    Timer(loop: loop) {}.set(clock.now + .seconds(5))
    Timer(loop: loop) {}.set(clock.now + .seconds(2))
    loop.turn()
    #expect(driver.polls == [clock.now + .seconds(2)])
  }

  @Test func `without timers the loop waits for ever`() {
    let loop = EventLoop(driver: driver, clock: clock)
    loop.turn()
    #expect(driver.polls == [.never])
  }

  @Test func `timers of one moment fire in the order they were set`() {
    let loop = EventLoop(driver: driver, clock: clock)
    var fired: [Int] = []
    let timers = (0..<8).map { index in Timer(loop: loop) { fired.append(index) } }
    for timer in timers { timer.set(clock.now + .seconds(1)) }
    clock.advance(by: .seconds(1))
    loop.turn()
    #expect(fired == Array(0..<8))
  }

  @Test func `a deadline that moves later does not fire early and takes no second place in the heap`() {
    let loop = EventLoop(driver: driver, clock: clock)
    var count = 0
    let timer = Timer(loop: loop) { count += 1 }
    for second in 1...1000 { timer.set(clock.now + .seconds(second)) }
    #expect(loop.timerCount == 1)
    clock.advance(by: .seconds(999))
    loop.turn()
    #expect(count == 0)
    clock.advance(by: .seconds(1))
    loop.turn()
    #expect(count == 1)
    clock.advance(by: .seconds(5000))
    loop.turn()
    #expect(count == 1)
    #expect(loop.timerCount == 0)
  }

  @Test func `a deadline that moves earlier fires at the earlier time, once`() {
    let loop = EventLoop(driver: driver, clock: clock)
    var count = 0
    let timer = Timer(loop: loop) { count += 1 }
    timer.set(clock.now + .seconds(10))
    timer.set(clock.now + .seconds(1))
    clock.advance(by: .seconds(1))
    loop.turn()
    #expect(count == 1)
    clock.advance(by: .seconds(20))
    loop.turn()
    #expect(count == 1)
  }

  @Test func `a cancelled timer does not fire`() {
    let loop = EventLoop(driver: driver, clock: clock)
    var count = 0
    let timer = Timer(loop: loop) { count += 1 }
    timer.set(clock.now + .seconds(1))
    timer.cancel()
    clock.advance(by: .seconds(2))
    loop.turn()
    #expect(count == 0)
  }

  @Test func `cancelled timers do not fill the heap, and those that are set still fire`() {
    let loop = EventLoop(driver: driver, clock: clock)
    var fired: [Int] = []
    var timers: [Timer] = []
    for index in 0..<100_000 {
      let timer = Timer(loop: loop) { fired.append(index) }
      timer.set(clock.now + .seconds(75))
      if index.isMultiple(of: 1000) { timers.append(timer) } else { timer.cancel() }
    }
    #expect(loop.timerCount <= 2 * EventLoop.toleratedCancelledCount)
    clock.advance(by: .seconds(75))
    loop.turn()
    #expect(fired == (0..<100).map { $0 * 1000 })
    #expect(loop.timerCount == 0)
  }

  @Test func `a timer whose place was cleared away can be set again`() {
    let loop = EventLoop(driver: driver, clock: clock)
    var count = 0
    let timer = Timer(loop: loop) { count += 1 }
    timer.set(clock.now + .seconds(10))
    timer.set(clock.now + .seconds(5))
    timer.cancel()
    for _ in 0..<2 * EventLoop.toleratedCancelledCount {
      let other = Timer(loop: loop) {}
      other.set(clock.now + .seconds(20))
      other.cancel()
    }
    timer.set(clock.now + .seconds(7))
    clock.advance(by: .seconds(7))
    loop.turn()
    #expect(count == 1)
    clock.advance(by: .seconds(60))
    loop.turn()
    #expect(count == 1)
    #expect(loop.timerCount == 0)
  }

  @Test func `random deadlines fire in order`() {
    var random = SeededEntropy(seed: 42)
    let loop = EventLoop(driver: driver, clock: clock)
    var fired: [UInt64] = []
    var timers: [Timer] = []
    for _ in 0..<500 {
      let deadline = clock.now + .milliseconds(Int.random(in: 1...1000, using: &random))
      let timer = Timer(loop: loop) { fired.append(deadline.nanoseconds) }
      timer.set(deadline)
      timers.append(timer)
    }
    for _ in 0..<1000 {
      clock.advance(by: .milliseconds(1))
      loop.turn()
    }
    #expect(fired.count == 500)
    #expect(fired == fired.sorted())
  }

  @Test func `a notification that comes first lets the next wait pass, and only that one`() {
    var order: [String] = []
    withLoop { machine in
      let signal = Signal()
      signal.notify()
      signal.notify()
      await signal.wait()
      order.append("first")
      machine.loop.spawn {
        order.append("notify")
        signal.notify()
      }
      await signal.wait()
      order.append("second")
    }
    #expect(order == ["first", "notify", "second"])
  }

  @Test func `instants saturate instead of wrapping`() {
    #expect(Instant.never + .seconds(1) == .never)
    #expect(Instant(nanoseconds: 5) + .seconds(-1) == Instant(nanoseconds: 0))
    #expect(Instant(nanoseconds: 5) - Instant(nanoseconds: 9) == .nanoseconds(-4))
    #expect(WallTime(nanosecondsSinceEpoch: -1).secondsSinceEpoch == -1)
  }
}
