import CheckoutAPI
import EventLoop
import Log
import Platform
import Shop
import Storage
import _Concurrency

/// Everything behind checkout's routes, put together; without HTTP.
final class CheckoutCore {
  let store: OrderStore
  let runner: SagaRunner
  let quoting: Quoting
  let desk: OrderDesk
  let reconciler: Reconciler
  let shop: ShopConfiguration
  private let loop: EventLoop
  private let log: Logger
  private var isStopped = false

  /// How often old keys are swept.
  static let sweepPeriod = Duration.seconds(60 * 60)

  init(
    database: Database, stock: any StockKeeper, carts: any CartKeeper, provider: any PaymentProvider,
    shop: ShopConfiguration, loop: EventLoop, entropy: any Entropy, log: Logger
  ) {
    self.shop = shop
    self.loop = loop
    self.log = log
    store = OrderStore(database: database)
    runner = SagaRunner(
      store: store, stock: stock, carts: carts, payments: PaymentDesk(provider: provider, loop: loop),
      loop: loop)
    quoting = Quoting(stock: stock, carts: carts, shop: shop, loop: loop)
    desk = OrderDesk(
      runner: runner, store: store, quoting: quoting, shop: shop, loop: loop, entropy: entropy)
    reconciler = Reconciler(store: store, runner: runner, loop: loop, log: log)
  }

  /// Begins to recover, and to sweep.
  func start() {
    loop.spawn { await self.reconciler.run() }
    loop.spawn { await self.sweep() }
  }

  /// Ends both at their next step.
  func stop() {
    isStopped = true
    reconciler.stop()
  }

  private func sweep() async {
    while !isStopped {
      do throws(StorageError) {
        let count = try await store.sweep(now: loop.wallTime)
        if count >= OrderStore.sweepLimit { continue }
      } catch {
        log.warning("old idempotency keys could not be swept", LogField("advice", error.advice))
      }
      await loop.sleep(for: Self.sweepPeriod)
    }
  }
}
