import CheckoutAPI
import Platform
import Testing

@testable import Checkout

/// Several buyers at once, slow and lossy networks, several deaths: whatever a seed brings.
@Suite struct InterleavingTests {
  @Test(arguments: 0..<8)
  func `any interleaving keeps every promise`(block: UInt64) {
    for seed in block * 25..<(block + 1) * 25 { run(seed: seed + 1) }
  }

  private func run(seed: UInt64) {
    let world = World(seed: seed)
    var numbers = SeededNumbers(state: seed &* 977)
    world.addProduct("a", price: 1299, onHand: 5)
    world.addProduct("b", price: 250, onHand: 100)
    world.addProduct("c", price: 99, onHand: 3)
    var buyers: [Buyer] = []
    let tokens = [
      "tok_ok", "tok_ok", "tok_ok", "tok_ok", "tok_declined", "tok_flaky", "tok_slow", "tok_timeout",
    ]
    for cart in 0..<4 {
      let quantities = [Int.random(in: 1...3, using: &numbers), Int.random(in: 0...2, using: &numbers)]
      let items = [("a", quantities[0]), ("b", quantities[1])].filter { $0.1 > 0 }
      world.addCart("cart\(cart)", items)
      let net = [1299 * Int64(quantities[0]), 250 * Int64(quantities[1]), 490]
      let total = net.reduce(0) { $0 + $1 + TaxRateOfTests.tax($1) }
      for number in 0..<Int.random(in: 1...3, using: &numbers) {
        // Twins share their key, rivals only the cart.
        let isTwin = number > 0 && Bool.random(using: &numbers)
        let token = tokens.randomElement(using: &numbers)!
        let previous = buyers.last
        let buyer = Buyer(
          key: isTwin ? previous!.key.text : "key\(cart).\(number)", cart: "cart\(cart)",
          token: isTwin ? previous!.token : token, expected: total)
        buyer.wantsToCancel = Int.random(in: 0..<4, using: &numbers) == 0
        buyers.append(buyer)
      }
    }
    // Whoever shares a key may be cancelled by their twin.
    for buyer in buyers where buyers.contains(where: { $0.key == buyer.key && $0.wantsToCancel }) {
      buyer.wantsToCancel = true
    }
    world.isSlow = true
    let deaths = Int.random(in: 0...3, using: &numbers)
    for death in 0...deaths {
      world.crashAt = death < deaths ? Int.random(in: 1...250, using: &numbers) : nil
      world.lossRate =
        Int.random(in: 0..<3, using: &numbers) == 0 ? nil : Int.random(in: 4...20, using: &numbers)
      Life(world, seed: numbers.next()).run(provider: { DistantProvider($0, $1) }) { life in
        var waiting = buyers.count
        for buyer in buyers {
          life.loop.spawn {
            await life.loop.sleep(for: .milliseconds(Int.random(in: 0...40, using: &world.numbers)))
            await buyer.order(life)
            if buyer.wantsToCancel { await buyer.cancel(life) }
            waiting -= 1
          }
        }
        while waiting > 0 { await life.loop.sleep(for: .milliseconds(50)) }
      }
      world.bury()
    }
    world.lossRate = nil
    Life(world, seed: numbers.next()).run(provider: { DistantProvider($0, $1) }) { life in
      let broken = await life.brokenPromises(buyers)
      #expect(broken == [], "seed \(seed)")
    }
  }
}

enum TaxRateOfTests {
  /// 19 %, half to even, worked out another way than the shop does.
  static func tax(_ net: Int64) -> Int64 {
    let hundredths = net * 19
    let (whole, rest) = (hundredths / 100, hundredths % 100)
    return rest > 50 || (rest == 50 && whole % 2 == 1) ? whole + 1 : whole
  }
}
