import CheckoutAPI
import Platform
import Testing

@testable import Checkout

/// Checkout dies at every moment there is: before and after each job of its database, before and after each call
/// to a neighbour. Then it comes back on the file as it was, and every promise must hold.
@Suite struct CrashTests {
  /// 2 × 12.99 + 4.90, and 19 % of each.
  static let total: Int64 = 2598 + 490 + 494 + 93

  private func world(seed: UInt64, onHand: Int = 5) -> World {
    let world = World(seed: seed)
    world.addProduct("a", price: 1299, onHand: onHand)
    world.addCart("cart", [("a", 2)])
    return world
  }

  /// One order whose checkout dies at `moment`; then the buyer sends it again. False when it never got that far.
  private func dies(at moment: Int, token: String, cancels: Bool = false, lost: Int? = nil) -> Bool {
    let world = world(seed: UInt64(moment))
    world.crashAt = moment
    if let lost { world.lostReplies = [lost] }
    let buyer = Buyer(key: "key", cart: "cart", token: token, expected: Self.total)
    buyer.wantsToCancel = cancels
    Life(world, seed: 7).run(provider: { DistantProvider($0, $1) }) { life in
      await buyer.order(life)
      if cancels { await buyer.cancel(life) }
    }
    let hasDied = world.hasCrashed
    world.bury()
    let answered = buyer.answer
    Life(world, seed: 8).run(provider: { DistantProvider($0, $1) }) { life in
      #expect(
        await life.brokenPromises([buyer]) == [], "after a crash at moment \(moment), lost reply \(lost ?? 0)"
      )
      await buyer.order(life)
      let status = buyer.placement?.status
      #expect(status == (token == "tok_declined" ? 402 : 201), "moment \(moment): \(buyer.placement!)")
      if answered != nil { #expect(buyer.placement!.isReplay) }
      if cancels {
        await buyer.cancel(life)
        #expect(buyer.hasCancelled)
      }
      #expect(await life.brokenPromises([buyer]) == [], "after the second try, moment \(moment)")
    }
    return hasDied
  }

  @Test(arguments: ["tok_ok", "tok_declined", "tok_flaky", "tok_slow"])
  func `an order survives a crash at every moment`(token: String) {
    var moment = 1
    while dies(at: moment, token: token) { moment += 1 }
    // Or nothing was tested.
    #expect(moment > 25)
  }

  @Test func `a cancelled order survives a crash at every moment`() {
    var moment = 1
    while dies(at: moment, token: "tok_ok", cancels: true) { moment += 1 }
    #expect(moment > 40)
  }

  @Test func `an order survives every lost reply, with a crash at every moment`() {
    var lost = 1
    while lost <= 10 {
      var moment = 1
      while dies(at: moment, token: "tok_ok", lost: lost) { moment += 1 }
      lost += 1
    }
  }

  @Test(arguments: 1...10)
  func `without a crash a lost call leaves nothing behind`(lost: Int) {
    for seed in 1...8 {
      let world = world(seed: UInt64(seed))
      if seed.isMultiple(of: 2) { world.lostCalls = [lost] } else { world.lostReplies = [lost] }
      let buyer = Buyer(key: "key", cart: "cart", expected: Self.total)
      Life(world, seed: UInt64(seed)).run(provider: { DistantProvider($0, $1) }) { life in
        await buyer.order(life)
        await life.loop.sleep(for: .seconds(60))
        #expect(await life.brokenPromises([buyer]) == [])
        if buyer.answer == nil {
          await buyer.order(life)
          #expect(buyer.placement?.status == 201, "\(buyer.placement!)")
        }
        #expect(await life.brokenPromises([buyer]) == [])
      }
    }
  }
}
