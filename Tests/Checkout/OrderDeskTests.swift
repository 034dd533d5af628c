import CheckoutAPI
import EventLoop
import Platform
import Shop
import Storage
import Testing

@testable import Checkout

@Suite struct OrderDeskTests {
  static let total = CrashTests.total

  private func world(onHand: Int = 5) -> World {
    let world = World()
    world.addProduct("a", price: 1299, onHand: onHand)
    world.addCart("cart", [("a", 2)])
    return world
  }

  private func buyer(
    _ key: String = "key", cart: String = "cart", token: String = "tok_ok", expected: Int64 = total
  ) -> Buyer {
    Buyer(key: key, cart: cart, token: token, expected: expected)
  }

  private func live(_ world: World, seed: UInt64 = 1, _ body: @escaping (Life) async -> Void) {
    Life(world, seed: seed).run(body)
  }

  @Test func `an order is captured, its cart is spent, its pieces are sold`() {
    let world = world()
    let buyer = buyer()
    live(world) { life in
      await buyer.order(life)
      let order = buyer.placement?.order
      #expect(buyer.placement?.status == 201)
      #expect(order?.state == .captured)
      #expect(order?.number == "100001")
      #expect(order?.total.amount == Self.total)
      #expect(order?.events.map(\.state) == [.pending, .reserved, .authorised, .captured])
      #expect(order?.lines.map(\.name) == ["Product a"])
      let stored = try! await life.core.store.order(order!.id)
      var text = JSONText()
      #expect(Order(text.read { stored!.write(to: &$0) }) == order)
      #expect(world.stock["a"]!.sold == 2)
      #expect(await life.brokenPromises([buyer]) == [])
    }
  }

  @Test func `the same key gets the same answer again, also after a restart`() {
    let world = world()
    let buyer = buyer()
    live(world) { life in
      await buyer.order(life)
      #expect(!buyer.placement!.isReplay)
      await buyer.order(life)
      #expect(buyer.placement!.isReplay)
    }
    world.bury()
    live(world) { life in
      await buyer.order(life)
      #expect(buyer.placement!.isReplay)
      #expect(world.stock["a"]!.sold == 2)
    }
  }

  @Test func `the same key with another body is refused, before the body is looked at`() {
    let world = world()
    live(world) { life in
      await buyer().order(life)
      let other = buyer(expected: 1)
      await other.order(life)
      #expect(other.placement?.problem == .keyReused)
      let broken = await life.core.desk.place(key: IdempotencyKey("key")!, body: .null, until: .never)
      #expect(broken.problem == .keyReused)
    }
  }

  @Test func `another key for an ordered cart learns only that it was ordered`() {
    let world = world()
    live(world) { life in
      await buyer().order(life)
      let other = buyer("other")
      await other.order(life)
      #expect(other.placement?.problem == .cartOrdered)
    }
  }

  @Test(arguments: 1...20) func `of twins with one key one orders and one waits`(seed: UInt64) {
    let world = world()
    world.isSlow = true
    let twins = [buyer(), buyer()]
    live(world, seed: seed) { life in
      var waiting = 2
      for twin in twins {
        life.loop.spawn {
          await twin.order(life)
          waiting -= 1
        }
      }
      while waiting > 0 { await life.loop.sleep(for: .milliseconds(1)) }
      #expect(twins.filter { $0.placement?.status == 201 }.count == 1)
      #expect(twins.filter { $0.placement?.problem == .keyInFlight }.count == 1)
      #expect(world.stock["a"]!.sold == 2)
    }
  }

  @Test(arguments: 1...20) func `of rivals for one cart one gets it`(seed: UInt64) {
    let world = world()
    world.isSlow = true
    let rivals = [buyer("one"), buyer("two"), buyer("three")]
    live(world, seed: seed) { life in
      var waiting = 3
      for rival in rivals {
        life.loop.spawn {
          await rival.order(life)
          waiting -= 1
        }
      }
      while waiting > 0 { await life.loop.sleep(for: .milliseconds(1)) }
      #expect(rivals.filter { $0.placement?.status == 201 }.count == 1)
      #expect(rivals.filter { $0.placement?.problem == .cartOrdered }.count == 2)
      #expect(await life.brokenPromises(rivals) == [])
    }
  }

  @Test(arguments: 1...5) func `24 buyers race for 5 pieces`(seed: UInt64) {
    let world = World(seed: seed)
    world.isSlow = true
    world.addProduct("a", price: 1000, onHand: 5)
    var buyers: [Buyer] = []
    for index in 0..<24 {
      world.addCart("cart\(index)", [("a", 1)])
      buyers.append(buyer("key\(index)", cart: "cart\(index)", expected: 1000 + 490 + 190 + 93))
    }
    live(world, seed: seed) { life in
      var waiting = buyers.count
      for buyer in buyers {
        life.loop.spawn {
          await buyer.order(life)
          waiting -= 1
        }
      }
      while waiting > 0 { await life.loop.sleep(for: .milliseconds(1)) }
      #expect(buyers.filter { $0.placement?.status == 201 }.count == 5)
      #expect(buyers.filter { $0.placement?.problem == .shortage }.count == 19)
      #expect(await life.brokenPromises(buyers) == [])
    }
  }

  @Test func `not enough pieces is 409 with what there is, and the key may try again`() {
    let world = world(onHand: 1)
    let buyer = buyer()
    live(world) { life in
      await buyer.order(life)
      let problem = buyer.placement!.refusal!
      #expect(problem.type == .shortage)
      #expect(problem.members.map(\.name) == ["shortages"])
      #expect(
        problem.members.first.map { String(decoding: $0.value, as: UTF8.self) }
          == #"[{"productId":"a","wanted":2,"available":1}]"#)
      world.stock["a"]!.onHand = 2
      world.stock["a"]!.received = 2
      await buyer.order(life)
      #expect(buyer.placement?.status == 201)
      #expect(!buyer.placement!.isReplay)
    }
  }

  @Test func `a declined payment is recorded, and leaves cart and stock`() {
    let world = world()
    let buyer = buyer(token: "tok_declined")
    live(world) { life in
      await buyer.order(life)
      #expect(buyer.placement?.status == 402)
      #expect(world.stock["a"]!.held == 0)
      #expect(world.carts["cart"]!.order == nil)
      await buyer.order(life)
      #expect(buyer.placement!.isReplay && buyer.placement?.status == 402)
      let again = self.buyer("second")
      await again.order(life)
      #expect(again.placement?.status == 201)
      #expect(await life.brokenPromises([buyer, again]) == [])
    }
  }

  @Test func `a silent provider is 503 after five seconds, and nothing happened`() {
    let world = world()
    let buyer = buyer(token: "tok_timeout")
    live(world) { life in
      let began = life.loop.now
      await buyer.order(life)
      #expect(life.loop.now - began == PaymentDesk.deadline)
      let problem = buyer.placement!.refusal!
      #expect(problem.type == .providerSilent && problem.statusCode == 503)
      #expect(problem.retryAfterSeconds != nil)
      #expect(world.stock["a"]!.held == 0)
      // Its answer comes a second later.
      await life.loop.sleep(for: .seconds(5))
      #expect(await life.facts().payments.map(\.state) == ["voided"])
      #expect(await life.brokenPromises([buyer]) == [])
      // The key may try again: no replay.
      await buyer.order(life)
      #expect(buyer.placement?.problem == .providerSilent)
    }
  }

  @Test func `an authorisation that arrives after the deadline is voided`() {
    let world = world()
    let buyer = buyer()
    Life(world, seed: 1).run(provider: { LateProvider($0, $1.loop) }) { life in
      await buyer.order(life)
      #expect(buyer.placement?.problem == .providerSilent)
      await life.loop.sleep(for: .seconds(10))
      let late = life.provider as! LateProvider
      #expect(late.undone == 2)
    }
  }

  @Test func `a flaky provider is asked again within the request`() {
    let world = world()
    let buyer = buyer(token: "tok_flaky")
    live(world) { life in
      await buyer.order(life)
      #expect(buyer.placement?.status == 201)
    }
  }

  @Test func `a slow provider is waited for`() {
    let world = world()
    let buyer = buyer(token: "tok_slow")
    live(world) { life in
      let began = life.loop.now
      await buyer.order(life)
      #expect(buyer.placement?.status == 201)
      #expect(life.loop.now - began == .seconds(2))
    }
  }

  @Test func `another total is 409 with the new quote`() {
    let world = world()
    let buyer = buyer()
    live(world) { life in
      world.prices["a"] = 1300
      await buyer.order(life)
      let problem = buyer.placement!.refusal!
      #expect(problem.type == .priceChanged)
      #expect(problem.members.map(\.name) == ["quote"])
      #expect(world.holds.isEmpty)
      // The price comes before the stock.
      world.stock["a"]!.onHand = 0
      await buyer.order(life)
      #expect(buyer.placement?.problem == .priceChanged)
    }
  }

  @Test func `an empty, an unknown and a spent cart`() {
    let world = world()
    world.addCart("empty", [])
    world.addCart("spent", [("a", 1)])
    world.carts["spent"]!.order = "somebody's"
    live(world) { life in
      let empty = buyer("1", cart: "empty")
      await empty.order(life)
      #expect(empty.placement?.problem == .cartEmpty)
      let unknown = buyer("2", cart: "unknown")
      await unknown.order(life)
      #expect(unknown.placement?.problem == .invalid)
      let spent = buyer("3", cart: "spent")
      await spent.order(life)
      #expect(spent.placement?.problem == .cartOrdered)
      world.carts["spent"]!.order = nil
    }
  }

  @Test func `a product that is gone is a shortage`() {
    let world = world()
    world.addProduct("b", price: 100, onHand: 1)
    world.carts["cart"]!.items.append(CartItem(productID: "b", quantity: 1))
    let buyer = buyer()
    live(world) { life in
      world.prices["b"] = nil
      await buyer.order(life)
      #expect(buyer.placement?.problem == .shortage)
    }
  }

  @Test func `cancelling refunds and gives the pieces back, once`() {
    let world = world()
    let buyer = buyer()
    live(world) { life in
      await buyer.order(life)
      await buyer.cancel(life)
      #expect(buyer.hasCancelled)
      #expect(world.stock["a"]!.onHand == 5 && world.stock["a"]!.sold == 0)
      let first = try! await life.core.store.order(buyer.orderID!)
      #expect(first?.events.last?.state == .cancelled)
      await buyer.cancel(life)
      #expect(try! await life.core.store.order(buyer.orderID!) == first)
      #expect(await life.facts().payments.map(\.refunds) == [1])
      #expect(await life.brokenPromises([buyer]) == [])
      // What was said under the key stays said.
      await buyer.order(life)
      #expect(buyer.placement!.isReplay)
    }
  }

  @Test func `a declined order cannot be cancelled, an unknown one not be found`() async {
    let world = world()
    let buyer = buyer(token: "tok_declined")
    live(world) { life in
      await buyer.order(life)
      do throws(Problem) {
        _ = try await life.core.desk.cancel(buyer.orderID!)
        Issue.record("cancelled")
      } catch {
        #expect(error.type == .wrongState)
      }
      do throws(Problem) {
        _ = try await life.core.desk.cancel("nobody's")
        Issue.record("cancelled")
      } catch {
        #expect(error.type == .notFound)
      }
    }
  }

  @Test func `after 30 days a key is new again`() {
    let world = world()
    let buyer = buyer(token: "tok_declined")
    live(world) { life in
      await buyer.order(life)
      await life.loop.sleep(for: IdempotencyKey.lifetime - .seconds(1))
      await buyer.order(life)
      #expect(buyer.placement!.isReplay)
      #expect(try! await life.core.store.sweep(now: life.loop.wallTime) == 0)
      await life.loop.sleep(for: .seconds(2))
      let first = buyer.orderID
      buyer.answer = nil
      await buyer.order(life)
      #expect(!buyer.placement!.isReplay && buyer.orderID != first)
      #expect(try! await life.core.store.sweep(now: life.loop.wallTime) == 1)
      #expect(try! await life.core.store.order(first!) == nil)
      await buyer.order(life)
      #expect(buyer.placement!.isReplay)
      #expect(try! await life.core.store.sweep(now: life.loop.wallTime + IdempotencyKey.lifetime) == 1)
      #expect(try! await life.core.store.order(buyer.orderID!) == nil)
    }
  }

  @Test func `orders are listed newest first, page by page, and by state`() {
    let world = World()
    world.addProduct("a", price: 1000, onHand: 100)
    live(world) { life in
      for index in 0..<7 {
        world.addCart("cart\(index)", [("a", 1)])
        let token = index == 3 ? "tok_declined" : "tok_ok"
        await buyer("key\(index)", cart: "cart\(index)", token: token, expected: 1773).order(life)
      }
      let store = life.core.store
      let all = try! await store.list(state: nil, limit: 100, before: nil)
      #expect(
        all.orders.map(\.number) == ["100007", "100006", "100005", "100004", "100003", "100002", "100001"])
      #expect(all.next == nil && all.total == 7)
      let first = try! await store.list(state: .captured, limit: 4, before: nil)
      #expect(first.orders.map(\.number) == ["100007", "100006", "100005", "100003"])
      let second = try! await store.list(state: .captured, limit: 4, before: first.next)
      #expect(second.orders.map(\.number) == ["100002", "100001"])
      #expect(second.next == nil && second.total == 6)
    }
  }
}

/// A provider that approves everything after the deadline, and counts what it was asked to undo.
final class LateProvider: PaymentProvider {
  private let loop: EventLoop
  private(set) var undone = 0

  init(_ provider: TestProvider, _ loop: EventLoop) { self.loop = loop }

  func isWellFormed(token: String) -> Bool { true }

  func authorise(orderID: String, token: String, amount: Money) async -> PaymentReply {
    await loop.sleep(for: .seconds(8))
    return .done
  }

  func capture(orderID: String) async -> PaymentReply { .refused }

  func undo(orderID: String) async -> PaymentReply {
    undone += 1
    return .done
  }
}
