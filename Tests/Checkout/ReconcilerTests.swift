import CheckoutAPI
import Platform
import Shop
import Testing

@testable import Checkout

@Suite struct ReconcilerTests {
  @Test func `orders wait for a neighbour that is down, batch after batch, and lose nothing`() {
    let world = World()
    let count = Reconciler.batchSize + 50
    world.addProduct("a", price: 1299, onHand: 2 * count)
    let buyers = (0..<count).map { index in
      world.addCart("cart\(index)", [("a", 2)])
      return Buyer(key: "key\(index)", cart: "cart\(index)", expected: CrashTests.total)
    }
    Life(world, seed: 1).run { life in
      world.refusesConsuming = true
      for buyer in buyers {
        await buyer.order(life)
        #expect(buyer.placement?.status == 201)
      }
      await life.loop.sleep(for: .seconds(60))
      #expect(await life.facts().orders.filter { $0.obligations != 0 }.count > Reconciler.batchSize)
      // A cart whose order is placed is ordered, whatever its service knows.
      let rival = Buyer(key: "rival", cart: "cart0", expected: CrashTests.total)
      await rival.order(life)
      #expect(rival.placement?.problem == .cartOrdered)
      world.refusesConsuming = false
      await life.loop.sleep(for: Reconciler.longestPause + .seconds(1))
      #expect(await life.brokenPromises(buyers) == [])
    }
  }

  @Test(arguments: 1...10)
  func `what a cancel cannot settle is settled soon after, with nothing else happening`(seed: UInt64) {
    let world = World()
    world.addProduct("a", price: 1299, onHand: 5)
    world.addCart("cart", [("a", 2)])
    let buyer = Buyer(key: "key", cart: "cart", expected: CrashTests.total)
    Life(world, seed: seed).run { life in
      await buyer.order(life)
      world.isCatalogDown = true
      await buyer.cancel(life)
      #expect(buyer.hasCancelled && world.stock["a"]!.sold == 2)
      world.isCatalogDown = false
      await life.loop.sleep(for: Reconciler.longestPause + .seconds(1))
      #expect(world.stock["a"]!.onHand == 5)
      #expect(await life.brokenPromises([buyer]) == [])
    }
  }

  @Test func `an order whose end could not be written down may have been placed`() {
    let world = World()
    world.addProduct("a", price: 1299, onHand: 5)
    world.addCart("cart", [("a", 2)])
    let buyer = Buyer(key: "key", cart: "cart", expected: CrashTests.total)
    Life(world, seed: 1).run(provider: { ClosingProvider($1) }) { life in
      await buyer.order(life)
      #expect(buyer.placement?.problem == .unavailable)
      #expect(buyer.placement?.refusal?.detail == Problem.doubt)
      #expect(world.stock["a"]!.sold == 2)
    }
  }

  @Test func `checkout is not recovered while Catalog keeps it from finishing an order`() {
    let world = World()
    world.addProduct("a", price: 1299, onHand: 5)
    world.addCart("cart", [("a", 2)])
    let buyer = Buyer(key: "key", cart: "cart", expected: CrashTests.total)
    // Dies when the pieces are held.
    Life(world, seed: 1).run { life in
      life.loop.spawn {
        while world.holds.isEmpty { await life.loop.sleep(for: .microseconds(1)) }
        world.crash()
      }
      world.isSlow = true
      await buyer.order(life)
    }
    world.bury()
    world.isCatalogDown = true
    Life(world, seed: 2).run(recovers: false) { life in
      await life.loop.sleep(for: .seconds(120))
      #expect(!life.core.reconciler.isRecovered)
      #expect(world.stock["a"]!.held == 2)
      world.isCatalogDown = false
      await life.loop.sleep(for: Reconciler.longestPause + .seconds(1))
      #expect(life.core.reconciler.isRecovered)
      #expect(await life.brokenPromises([buyer]) == [])
      await buyer.order(life)
      #expect(buyer.placement?.status == 201)
    }
  }

  @Test func `a hold that ran out while checkout was down is no sale and no charge`() {
    let world = World()
    world.addProduct("a", price: 1299, onHand: 2)
    world.addCart("cart", [("a", 2)])
    let buyer = Buyer(key: "key", cart: "cart", expected: CrashTests.total)
    Life(world, seed: 1).run { life in
      life.loop.spawn {
        // Dies between the authorisation and the sale.
        while await !life.facts().orders.contains(where: { $0.state != .pending && $0.state != .reserved }) {
          await life.loop.sleep(for: .microseconds(10))
        }
        world.crash()
      }
      world.isSlow = true
      await buyer.order(life)
    }
    let wasAuthorised = world.holds.values.first!.state == .held
    world.bury()
    // The catalog gave up on us, and sold the pieces to somebody else.
    if wasAuthorised {
      for key in world.holds.keys { world.holds[key]!.state = .released }
      world.stock["a"] = World.StockBook(onHand: 0, held: 0, sold: 2, received: 2)
    }
    Life(world, seed: 2).run { life in
      let facts = await life.facts()
      #expect(wasAuthorised)
      #expect(facts.orders.map(\.state) == [.expired] && facts.keysInFlight == 0)
      #expect(facts.payments.map(\.state) == ["voided"])
      await buyer.order(life)
      #expect(buyer.placement?.problem == .shortage)
    }
  }

  @Test func `more old keys than one sweep takes are gone after several`() {
    let world = World()
    world.addProduct("a", price: 1299, onHand: 5)
    let count = OrderStore.sweepLimit + 20
    Life(world, seed: 1).run { life in
      for index in 0..<count {
        world.addCart("cart\(index)", [("a", 2)])
        await Buyer(
          key: "key\(index)", cart: "cart\(index)", token: "tok_declined", expected: CrashTests.total
        )
        .order(life)
      }
      let later = life.loop.wallTime + IdempotencyKey.lifetime
      #expect(try! await life.core.store.sweep(now: later) == OrderStore.sweepLimit)
      #expect(try! await life.core.store.sweep(now: later) == 20)
      #expect(try! await life.core.store.sweep(now: later) == 0)
    }
  }
}

/// A provider that takes the money as the database closes.
final class ClosingProvider: PaymentProvider {
  private unowned let life: Life

  init(_ life: Life) { self.life = life }

  func isWellFormed(token: String) -> Bool { true }

  func authorise(orderID: String, token: String, amount: Money) async -> PaymentReply { .done }

  func capture(orderID: String) async -> PaymentReply {
    await life.database.close()
    return .done
  }

  func undo(orderID: String) async -> PaymentReply { .done }
}
