import Bytes
import CheckoutAPI
import EventLoop
import Log
import Platform
import Storage
import _Concurrency

/// Finishes or undoes what was left behind: by a crash, before checkout says it is ready; by a neighbour that did
/// not answer, as soon as it does.
final class Reconciler {
  private let store: OrderStore
  private let runner: SagaRunner
  private let loop: EventLoop
  private let log: Logger
  /// Whether nothing of the last life is left in flight.
  private(set) var isRecovered = false
  private var isStopped = false

  /// Orders looked at between two looks at the database.
  static let batchSize = 100
  /// The first pause after a pass that left something undone, and the longest: each is twice the one before.
  static let shortestPause = Duration.milliseconds(100)
  static let longestPause = Duration.seconds(5)

  init(store: OrderStore, runner: SagaRunner, loop: EventLoop, log: Logger) {
    self.store = store
    self.runner = runner
    self.loop = loop
    self.log = log
  }

  /// Works until `stop`.
  func run() async {
    var pause = Self.shortestPause
    while !isStopped {
      switch await pass() {
      case .clean:
        if !isRecovered { log.info("recovered: no order is in flight") }
        isRecovered = true
        pause = Self.shortestPause
        await runner.attention.wait()
      case .moved:
        // What it did may owe something; the next pass sees that.
        pause = Self.shortestPause
      case .stuck(let count):
        log.warning("orders wait for another service", LogField("orders", count))
        await loop.sleep(for: pause)
        pause = min(pause * 2, Self.longestPause)
      }
    }
  }

  /// Ends `run` at its next step.
  func stop() {
    isStopped = true
    runner.attention.notify()
  }

  /// What a pass found.
  enum Pass: Equatable {
    /// Nothing that is not settled.
    case clean
    /// Something, and all of it took its step.
    case moved
    /// So many orders could not take theirs.
    case stuck(Int)
  }

  /// Looks once at every order that is not settled.
  func pass() async -> Pass {
    var last: Int64 = 0
    var moved = 0
    var stuck = 0
    while !isStopped {
      // Read before the database is, and asked again after: an order that anybody works on is theirs.
      let active = runner.activeOrders
      let after = last
      let orders: [UnsettledOrder]
      do throws(StorageError) {
        orders = try await store.unsettled(after: after, limit: Self.batchSize)
      } catch {
        return .stuck(stuck + 1)
      }
      for order in orders where !active.contains(order.id) && !runner.isActive(order.id) {
        if await reconcile(order) { moved += 1 } else { stuck += 1 }
      }
      guard orders.count == Self.batchSize, let sequence = orders.last?.sequence else { break }
      last = sequence
    }
    return stuck > 0 ? .stuck(stuck) : moved > 0 ? .moved : .clean
  }

  /// Takes an order's next step. False when it could not.
  private func reconcile(_ unsettled: UnsettledOrder) async -> Bool {
    runner.enter(unsettled.id)
    defer { runner.leave(unsettled.id) }
    guard let step = Saga.recovery(from: unsettled.state) else {
      return await runner.settle(unsettled.id, cartID: unsettled.cartID, unsettled.obligations)
    }
    let found: Order?
    do throws(StorageError) {
      found = try await store.order(unsettled.id)
    } catch {
      return false
    }
    guard let order = found, order.state == unsettled.state else { return false }
    let run = SagaRun(order: order, cartID: unsettled.cartID, token: nil)
    switch await runner.run(run, from: step) {
    case .concluded:
      log.info("an interrupted order was finished")
      return true
    case .abandoned:
      log.info("an interrupted order was undone")
      return true
    case .unfinished: return false
    }
  }
}
