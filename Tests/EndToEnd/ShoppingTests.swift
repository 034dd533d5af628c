import Foundation
import JSON
import Testing

/// Everything that needs whole shops. One after the other: each is four processes.
@Suite(.serialized) enum EndToEnd {}

extension EndToEnd {
  @Suite(.oneShop) struct Shopping {
    let shop: TestShop
    let client: Client

    init() throws {
      shop = try theShop()
      client = shop.client
    }

    @Test func `an empty shop is filled with the demo catalog`() throws {
      let page = try client.get("/api/v1/products?limit=1")
      #expect(page.status == 200)
      #expect(page.json["total"]?.integer ?? 0 >= 30)
      let product = try #require(page.json["items"]?.array?.first)
      let picture = try client.get(#require(product["image"]?.string))
      #expect(picture.status == 200)
      #expect(picture.field("content-type")?.hasPrefix("image/") == true)
      #expect(picture.field("x-content-type-options") == "nosniff")
    }

    @Test func `paging through the catalog meets every product once`() throws {
      var ids: [String] = []
      var path: String? = "/api/v1/products?limit=7"
      var total: Int64 = 0
      while let page = path {
        let answer = try client.get(page)
        try #require(answer.status == 200, "\(answer.text)")
        ids += answer.json["items"]?.array?.compactMap { $0["id"]?.string } ?? []
        total = answer.json["total"]?.integer ?? 0
        path = answer.json["next"]?.string.map { "/api/v1/products?limit=7&cursor=\($0)" }
        #expect((answer.field("link") != nil) == (path != nil))
      }
      // Other tests add products meanwhile.
      #expect(Set(ids).count == ids.count)
      #expect(ids.count >= 30 && ids.count <= total)
    }

    @Test func `the beginning of a word finds a product`() throws {
      let product = try shop.makeProduct("Zitronenpresse Zumbra", onHand: 1)
      let found = try client.get("/api/v1/products?q=zitronenpresse+zum")
      #expect(found.json["items"]?.array?.first?["id"] == product["id"])
      let nothing = try client.get("/api/v1/products?q=%21%21")
      #expect(nothing.status == 200)
      #expect(nothing.json["items"]?.array?.isEmpty == true)
    }

    @Test func `a cart is an order, and the order is there to read`() throws {
      let product = try shop.makeProduct("Ordinary Teapot", price: 1999, onHand: 10)
      let id = try #require(product["id"]?.string)
      let buyer = try Buyer(shop)
      let cart = try buyer.put(id, 3)
      #expect(cart.json["subtotal"]?["amount"]?.integer == 5997)
      let quote = try buyer.quote()
      // 59.97 + 4.90, and 19 % of each rounded half to even: 11.39 + 0.93.
      let tax: Int64 = 1139 + 93
      #expect(quote.json["tax"]?["amount"]?.integer == tax)
      #expect(quote.json["total"]?["amount"]?.integer == 5997 + 490 + tax)
      let order = try buyer.buy()
      try #require(order.status == 201, "\(order.text)")
      #expect(order.json["total"] == quote.json["total"])
      let place = try #require(order.field("location"))
      #expect(place.hasPrefix("/api/v1/orders/"))
      let read = try client.get(place)
      #expect(read.status == 200)
      #expect(read.json["number"] == order.json["number"])
      #expect(read.json["state"]?.string == "captured")
      #expect(read.field("cache-control") == "no-store")
      #expect(try shop.available(id) == 7)
      #expect(try client.get("/api/v1/carts/\(buyer.cart)").status == 404)
      #expect(
        try buyer.send(buyer.order(total: order.json["total"]!), key: "another").problem == "cart-ordered")
    }

    @Test func `the same key gives the same answer, and never a second order`() throws {
      let product = try shop.makeProduct("Single Spoon", onHand: 5)
      let id = try #require(product["id"]?.string)
      let buyer = try Buyer(shop)
      try buyer.put(id, 1)
      let body = try buyer.order(total: #require(buyer.quote().json["total"]))
      let key = UUID().uuidString
      let first = try buyer.send(body, key: key)
      try #require(first.status == 201, "\(first.text)")
      let second = try buyer.send(body, key: key)
      #expect(second.status == 201)
      #expect(second.body == first.body)
      #expect(second.field("idempotency-replayed") == "true")
      #expect(first.field("idempotency-replayed") == nil)
      let other = try buyer.send(body.replacingOccurrences(of: "Berlin", with: "Bonn"), key: key)
      #expect(other.status == 422)
      #expect(other.problem == "key-reused")
      #expect(try shop.available(id) == 4)
      let without = try client.send(.post, "/api/v1/orders", [:], body)
      #expect(without.status == 400)
    }

    @Test func `what is not there is not sold`() throws {
      let product = try shop.makeProduct("Rare Vase", onHand: 2)
      let id = try #require(product["id"]?.string)
      let buyer = try Buyer(shop)
      let cart = try buyer.put(id, 3)
      #expect(cart.status == 200)
      #expect(cart.json["items"]?.array?.first?["notice"]?.string == "short")
      let quote = try buyer.quote()
      #expect(quote.status == 200)
      #expect(quote.json["shortages"]?.array?.count == 1)
      let order = try buyer.buy()
      #expect(order.status == 409)
      #expect(order.problem == "shortage")
      let shortage = order.json["shortages"]?.array?.first
      #expect(shortage?["wanted"]?.integer == 3)
      #expect(shortage?["available"]?.integer == 2)
      #expect(try shop.available(id) == 2)
      // Nothing happened: the same cart can be ordered once it fits.
      try buyer.put(id, 2)
      #expect(try buyer.buy().status == 201)
      #expect(try shop.available(id) == 0)
    }

    @Test func `a declined card leaves cart and stock as they were`() throws {
      let product = try shop.makeProduct("Costly Clock", onHand: 4)
      let id = try #require(product["id"]?.string)
      let buyer = try Buyer(shop)
      try buyer.put(id, 2)
      let key = UUID().uuidString
      let declined = try buyer.buy(token: "tok_declined", key: key)
      #expect(declined.status == 402)
      #expect(declined.problem == "declined")
      #expect(try shop.available(id) == 4)
      #expect(try client.get("/api/v1/carts/\(buyer.cart)").json["items"]?.array?.count == 1)
      #expect(try buyer.buy(token: "tok_flaky").status == 201)
      #expect(try shop.available(id) == 2)
    }

    @Test func `a payment provider that never answers costs nothing`() throws {
      let product = try shop.makeProduct("Patient Lamp", onHand: 1)
      let id = try #require(product["id"]?.string)
      let buyer = try Buyer(shop)
      try buyer.put(id, 1)
      let key = UUID().uuidString
      let silent = try buyer.buy(token: "tok_timeout", key: key)
      #expect(silent.status == 503)
      #expect(silent.problem == "provider-silent")
      #expect(silent.field("retry-after") != nil)
      #expect(try shop.available(id) == 1)
      #expect(try buyer.buy(key: key).status == 201)
    }

    @Test func `a price that changed is not charged unseen`() throws {
      let product = try shop.makeProduct("Dear Desk", price: 5000, onHand: 3)
      let buyer = try Buyer(shop)
      try buyer.put(#require(product["id"]?.string), 1)
      let order = try buyer.send(
        buyer.order(total: try JSON.parse(Array(#"{"amount":1}"#.utf8))), key: "cheap")
      #expect(order.status == 409)
      #expect(order.problem == "price-changed")
    }

    @Test func `24 buyers race for 5 pieces, and exactly 5 get one`() throws {
      let shop = shop
      let product = try shop.makeProduct("Last Chair", onHand: 5)
      let id = try #require(product["id"]?.string)
      let answers = concurrently(24) { _ in
        Result {
          let buyer = try Buyer(shop)
          try buyer.put(id, 1)
          return try buyer.buy()
        }
      }
      let statuses = try answers.map { try $0.get().status }.sorted()
      #expect(statuses == Array(repeating: 201, count: 5) + Array(repeating: 409, count: 19))
      #expect(try answers.compactMap { try $0.get().problem }.allSatisfy { $0 == "shortage" })
      #expect(try shop.available(id) == 0)
      #expect(try soldPieces(of: id, in: shop.orders()) == 5)
    }

    @Test func `a cancelled order gives its pieces back, once`() throws {
      let product = try shop.makeProduct("Boomerang", onHand: 2)
      let id = try #require(product["id"]?.string)
      let buyer = try Buyer(shop)
      try buyer.put(id, 2)
      let order = try buyer.buy()
      try #require(order.status == 201, "\(order.text)")
      let place = try #require(order.field("location"))
      for _ in 1...2 {
        #expect(try client.send(.post, place + "/cancel").status == 200)
        #expect(try shop.available(id) == 2)
      }
    }
  }
}

/// Pieces of `product` in orders that were paid and not taken back.
func soldPieces(of product: String, in orders: [JSON]) -> Int64 {
  orders.filter { ["captured", "shipped", "delivered"].contains($0["state"]?.string ?? "") }
    .flatMap { $0["lines"]?.array ?? [] }
    .filter { $0["productId"]?.string == product }
    .reduce(0) { $0 + ($1["quantity"]?.integer ?? 0) }
}
