import EventLoop
import NetworkSimulation
import Platform
import XenStore

/// A client, the store it talks to, and the loop both run on, in simulated time.
public final class StoreWorld {
  /// The world's loop.
  public let loop: EventLoop
  /// Moves it.
  public let driver = SimulationDriver()
  /// The daemon; another one after a restore.
  public private(set) var store: SimulatedStore
  /// The client.
  public let client: XenStore

  /// An empty store and its client. The rings' indices begin at `firstIndex`.
  public init(firstIndex: UInt32 = 0) {
    loop = EventLoop(driver: driver, clock: driver.clock)
    let store = SimulatedStore(firstIndex: firstIndex)
    self.store = store
    client = XenStore(page: store.page, channel: store, loop: loop)
    driver.sources = [
      { [unowned self] in self.store.serve() },
      { [unowned self] in
        self.client.handleEvents()
        return false
      },
    ]
    driver.whenIdle = { [unowned self] in self.loop.stop() }
  }

  /// The domain is restored elsewhere: another daemon, with the same nodes, knows nothing of its watches and requests.
  public func restore() {
    let store = SimulatedStore(domain: 9)
    self.store = store
    client.resume(page: store.page, channel: store)
  }

  /// Runs `body`, and what it has set going, until nothing is left to do.
  public func run(_ body: @escaping () async -> Void) {
    loop.spawn(body)
    loop.run()
  }
}
