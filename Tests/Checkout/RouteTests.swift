import HTTP
import HTTPCore
import JSON
import Platform
import Shop
import Testing

@testable import Checkout
@testable import CheckoutAPI

@Suite struct RouteTests {
  static let admin = [(name: "authorization", value: "Bearer " + ShopBench.adminToken)]

  @Test func `an order is 201 with its location, and the same again under its key`() {
    ShopBench.run { bench in
      let first = await bench.order("key")
      #expect(first.status == .created)
      #expect(first.field(named: "content-type") == "application/json")
      #expect(first.field(named: "cache-control") == "no-store")
      #expect(first.field(named: "idempotency-replayed") == nil)
      let order = Order(first.json)
      #expect(order?.state == .captured && order?.total.amount == CrashTests.total)
      #expect(first.field(named: "location") == Order.path(of: order!.id))
      let second = await bench.order("key")
      #expect(second.status == .created && second.body == first.body)
      #expect(second.field(named: "idempotency-replayed") == "true")
      #expect(second.field(named: "location") == first.field(named: "location"))
      let read = await bench.send(.get, first.field(named: "location")!)
      #expect(read.status == .ok && read.body == first.body)
      #expect(read.field(named: "cache-control") == "no-store")
    }
  }

  @Test func `without one good key nothing is looked at`() {
    ShopBench.run { bench in
      for key in [nil, "", "two words", String(repeating: "k", count: 256)] {
        let answer = await bench.order(key)
        #expect(answer.status.code == 400 && answer.problem == "/problems/malformed")
      }
      let twice = await bench.post(
        "/api/v1/orders", Buyer.body(cart: "cart", expected: 1), key: "a", [("idempotency-key", "b")])
      #expect(twice.status.code == 400)
    }
  }

  @Test func `every refusal has its status and type`() {
    ShopBench.run { bench in
      let invalid = await bench.post("/api/v1/orders", .object(JSONObject()), key: "1")
      #expect(invalid.status.code == 422 && invalid.problem == "/problems/invalid")
      #expect(invalid.pointers.contains("/shippingAddress"))
      let noObject = await bench.post("/api/v1/orders", .array([]), key: "1")
      #expect(noObject.status.code == 422)
      let malformed = await bench.send(
        .post, "/api/v1/orders", [("content-type", "application/json"), ("idempotency-key", "1")],
        body: Array("{".utf8))
      #expect(malformed.status.code == 400)
      let noCart = await bench.order("2", cart: "nobody's")
      #expect(noCart.status.code == 422 && noCart.pointers == ["/cartId"])
      let price = await bench.order("3", expected: 1)
      #expect(price.status.code == 409 && price.problem == "/problems/price-changed")
      #expect(price.json["quote"].flatMap { Quote($0) }?.total.amount == CrashTests.total)
      let declined = await bench.order("4", token: "tok_declined")
      #expect(declined.status.code == 402 && declined.problem == "/problems/declined")
      #expect(declined.field(named: "content-type") == "application/problem+json")
      let again = await bench.order("4", token: "tok_declined")
      #expect(again.field(named: "idempotency-replayed") == "true" && again.body == declined.body)
      let reused = await bench.order("4")
      #expect(reused.status.code == 422 && reused.problem == "/problems/key-reused")
      bench.world.stock["a"]!.onHand = 1
      let short = await bench.order("5")
      #expect(short.status.code == 409 && short.problem == "/problems/shortage")
      var members = JSONMembers(short.json)
      let shortages = members.list("shortages") { LineShortage(&$0) }
      #expect(shortages == [.init(productID: "a", wanted: 2, available: 1)] && members.isComplete)
    }
  }

  @Test func `an ordered cart is 409 without the order's id`() {
    ShopBench.run { bench in
      let first = await bench.order("key")
      let other = await bench.order("other")
      #expect(other.status.code == 409 && other.problem == "/problems/cart-ordered")
      let id = first.json["id"]!.string!
      #expect(!String(decoding: other.body, as: UTF8.self).contains(id))
    }
  }

  @Test func `cancelling is 200 twice and changes things once`() {
    ShopBench.run { bench in
      let id = await bench.order("key").json["id"]!.string!
      let first = await bench.send(.post, Order.path(of: id) + "/cancel")
      #expect(first.status == .ok && Order(first.json)?.state == .cancelled)
      let second = await bench.send(.post, Order.path(of: id) + "/cancel")
      #expect(second.status == .ok && second.body == first.body)
      #expect(bench.world.stock["a"]!.onHand == 5 && bench.world.stock["a"]!.sold == 0)
      let unknown = await bench.send(.post, Order.path(of: "AAAAAAAAAAAAAAAAAAAAAA") + "/cancel")
      #expect(unknown.status.code == 404)
      let declined = await bench.order("declined", token: "tok_declined")
      #expect(declined.status.code == 409)
    }
  }

  @Test func `a quote never fails for stock`() {
    ShopBench.run { bench in
      bench.world.stock["a"]!.onHand = 1
      let answer = await bench.post("/api/v1/checkouts", Buyer.body(cart: "cart", expected: 0))
      #expect(answer.status == .ok && answer.field(named: "cache-control") == "no-store")
      let quote = Quote(answer.json)
      #expect(quote?.total.amount == CrashTests.total)
      #expect(quote?.shortages == [LineShortage(productID: "a", wanted: 2, available: 1)])
      bench.world.addCart("empty", [])
      let empty = await bench.post("/api/v1/checkouts", Buyer.body(cart: "empty", expected: 0))
      #expect(empty.status.code == 409 && empty.problem == "/problems/cart-empty")
      let unknown = await bench.post("/api/v1/checkouts", Buyer.body(cart: "unknown", expected: 0))
      #expect(unknown.status.code == 422 && unknown.pointers == ["/cartId"])
      let method = await bench.post(
        "/api/v1/checkouts", Buyer.body(cart: "cart", method: "drone", expected: 0))
      #expect(method.status.code == 422 && method.pointers == ["/shippingMethod"])
    }
  }

  @Test func `shipping methods are listed, for a country the shop delivers to`() {
    ShopBench.run { bench in
      let answer = await bench.send(.get, "/api/v1/shipping-methods?country=DE")
      #expect(answer.status == .ok)
      let methods = (answer.json["items"]?.array ?? []).compactMap { ShippingMethod($0) }
      #expect(methods.map(\.id) == ["standard", "express"])
      #expect(methods.first?.price == Money(490, "EUR") && methods.first?.name == "Standard")
      for country in ["US", "de", "", "DEU"] {
        let refused = await bench.send(.get, "/api/v1/shipping-methods?country=" + country)
        #expect(refused.status.code == 422)
      }
    }
  }

  @Test func `the list of orders is the owner's`() {
    ShopBench.run { bench in
      let path = "/api/v1/orders"
      let stranger = await bench.send(.get, path)
      #expect(stranger.status.code == 401 && stranger.field(named: "www-authenticate") == "Bearer")
      for index in 0..<3 {
        bench.world.addCart("c\(index)", [("a", 1)])
        let answer = await bench.order("k\(index)", cart: "c\(index)", expected: 1299 + 490 + 247 + 93)
        #expect(answer.status == .created)
      }
      let first = await bench.send(.get, path + "?limit=2&state=captured", Self.admin)
      #expect(first.status == .ok && first.json["total"]?.integer == 3)
      #expect(first.json["items"]?.array?.compactMap { Order($0)?.number } == ["100003", "100002"])
      let cursor = first.json["next"]!.string!
      let second = await bench.send(.get, path + "?limit=2&state=captured&cursor=" + cursor, Self.admin)
      #expect(second.json["items"]?.array?.compactMap { Order($0)?.number } == ["100001"])
      #expect(second.json["next"] == .null)
      let other = await bench.send(.get, path + "?limit=2&cursor=" + cursor, Self.admin)
      #expect(other.status.code == 400)
      for query in ["?limit=0", "?limit=101", "?limit=x", "?state=lost", "?limit=1&limit=2"] {
        let refused = await bench.send(.get, path + query, Self.admin)
        #expect(refused.status.code == 422, "\(query)")
      }
    }
  }

  @Test func `logs name no order, no cart and no buyer`() {
    ShopBench.run { bench in
      let id = await bench.order("secret-key").json["id"]!.string!
      _ = await bench.send(.get, Order.path(of: id))
      _ = await bench.send(.post, Order.path(of: id) + "/cancel")
      let log = bench.machine.console.text
      for secret in [id, "secret-key", "ada@example.org", "Berlin", "tok_ok"] {
        #expect(!log.contains(secret))
      }
      #expect(log.contains("/api/v1/orders/{id}"))
    }
  }
}
