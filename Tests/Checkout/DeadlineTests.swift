import EventLoop
import Platform
import Shop
import Testing

@testable import Checkout

/// What becomes of an order whose buyer has no time to wait: shop-api.md, "after any other answer nothing happened".
@Suite struct DeadlineTests {
  private func world() -> World {
    let world = World()
    world.addProduct("a", price: 1299, onHand: 5)
    world.addCart("cart", [("a", 2)])
    return world
  }

  @Test func `an order whose payment might not be decided in time is not begun`() {
    let world = world()
    let buyer = Buyer(key: "key", cart: "cart", token: "tok_slow", expected: CrashTests.total)
    Life(world, seed: 1).run { life in
      let enough = PaymentDesk.deadline + SagaRunner.answerTime
      await buyer.order(life, within: enough - .milliseconds(1))
      let problem = buyer.placement!.refusal!
      #expect(problem.type == .unavailable && problem.statusCode == 503)
      #expect(world.holds.isEmpty)
      #expect(await life.facts().payments.isEmpty)
      await buyer.order(life, within: enough)
      #expect(buyer.placement?.status == 201)
      #expect(await life.brokenPromises([buyer]) == [])
    }
  }

  @Test func `a capture that comes too late for the answer is undone`() {
    let world = world()
    let buyer = Buyer(key: "key", cart: "cart", token: "tok_slow", expected: CrashTests.total)
    Life(world, seed: 1).run(provider: { SlowCapture($0, $1.loop) }) { life in
      let began = life.loop.now
      await buyer.order(life, within: .seconds(8))
      #expect(buyer.placement?.problem == .providerSilent)
      #expect(life.loop.now - began == .seconds(6))
      await life.loop.sleep(for: .seconds(10))
      #expect(world.stock["a"]!.sold == 0 && world.stock["a"]!.held == 0)
      #expect(world.carts["cart"]!.order == nil)
      #expect(await life.facts().payments.map(\.state) == ["voided"])
    }
  }
}

/// A provider whose captures take nearly as long as it may take.
final class SlowCapture: PaymentProvider {
  private let provider: TestProvider
  private let loop: EventLoop

  init(_ provider: TestProvider, _ loop: EventLoop) {
    self.provider = provider
    self.loop = loop
  }

  func isWellFormed(token: String) -> Bool { provider.isWellFormed(token: token) }

  func authorise(orderID: String, token: String, amount: Money) async -> PaymentReply {
    await provider.authorise(orderID: orderID, token: token, amount: amount)
  }

  func capture(orderID: String) async -> PaymentReply {
    await loop.sleep(for: PaymentDesk.deadline - .milliseconds(1))
    return await provider.capture(orderID: orderID)
  }

  func undo(orderID: String) async -> PaymentReply { await provider.undo(orderID: orderID) }
}
