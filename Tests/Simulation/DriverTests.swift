import EventLoop
import NetworkSimulation
import Platform
import Testing

@Suite struct DriverTests {
  @Test func `five simulated days pass in a few turns`() {
    let driver = SimulationDriver()
    let loop = EventLoop(driver: driver, clock: driver.clock)
    let start = driver.clock.now
    var order: [Int] = []
    for day in [3, 1, 5] {
      loop.spawn {
        await loop.sleep(for: .seconds(86_400 * day))
        order.append(day)
        if day == 5 { loop.stop() }
      }
    }
    loop.run()
    #expect(order == [1, 3, 5])
    #expect(driver.clock.now - start < .seconds(86_400 * 5 + 1))
  }

  @Test func `jobs run in an order that the seed chooses`() {
    func order(_ seed: UInt64) -> [Int] {
      let driver = SimulationDriver(jobOrderSeed: seed)
      let loop = EventLoop(driver: driver, clock: driver.clock)
      var order: [Int] = []
      for index in 0..<20 { loop.spawn { order.append(index) } }
      driver.whenIdle = { loop.stop() }
      loop.run()
      return order
    }
    #expect(order(1) == order(1) && order(1).sorted() == Array(0..<20))
    #expect(order(1) != order(2))
  }

  @Test func `a source that has something to do keeps the clock`() {
    let driver = SimulationDriver()
    let loop = EventLoop(driver: driver, clock: driver.clock)
    let start = driver.clock.now
    var left = 10
    driver.sources = [
      {
        left -= 1
        return left >= 0
      }
    ]
    driver.whenIdle = { loop.stop() }
    loop.run()
    #expect(left == -1 && driver.clock.now - start <= .microseconds(11))
  }
}
