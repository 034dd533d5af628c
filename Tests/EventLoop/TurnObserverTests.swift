import EventLoop
import MachineTesting
import Platform
import Testing

private final class Gatherer: TurnObserver {
  var turns = 0
  var isBusy = false
  func turnEnds() -> Bool {
    turns += 1
    return isBusy
  }
}

@Suite struct `An observer of turns` {
  let clock = ManualClock()
  let driver = IdleDriver()

  @Test func `is told before the loop waits`() {
    let loop = EventLoop(driver: driver, clock: clock)
    let gatherer = Gatherer()
    loop.observe(gatherer)
    driver.onPoll = { #expect(gatherer.turns == 1) }
    loop.turn()
    #expect(driver.polls == [.never])
    loop.stopObserving(gatherer)
  }

  @Test func `that made new work keeps the loop from waiting`() {
    let loop = EventLoop(driver: driver, clock: clock)
    let gatherer = Gatherer()
    gatherer.isBusy = true
    loop.observe(gatherer)
    loop.turn()
    #expect(driver.polls == [Instant(nanoseconds: 0)])
    loop.stopObserving(gatherer)
  }

  @Test func `is told about the last turn, too`() {
    let loop = EventLoop(driver: driver, clock: clock)
    let gatherer = Gatherer()
    loop.observe(gatherer)
    let timer = Timer(loop: loop) { loop.stop() }
    timer.set(clock.now)
    loop.run()
    #expect(gatherer.turns == 1)
    #expect(driver.polls.isEmpty)
    loop.stopObserving(gatherer)
  }

  @Test func `hears nothing once it has left`() {
    let loop = EventLoop(driver: driver, clock: clock)
    let gatherer = Gatherer()
    loop.observe(gatherer)
    loop.stopObserving(gatherer)
    loop.turn()
    #expect(gatherer.turns == 0)
  }

  @Test func `the loop's time is what the clock says when it is asked to look again`() {
    let loop = EventLoop(driver: driver, clock: clock)
    clock.advance(by: .seconds(3))
    #expect(loop.now < clock.now)
    loop.refreshNow()
    #expect(loop.now == clock.now)
  }
}
