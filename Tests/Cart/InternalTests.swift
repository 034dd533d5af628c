import CartAPI
import HTTP
import Platform
import Shop
import Testing

struct InternalTests {
  @Test func `an ordered cart is gone for its owner, and no second order gets it`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let id = await shop.create()
      await shop.put(id, product, 2)
      #expect(await shop.consume(id, by: "order-1").status == 200)
      #expect(await shop.consume(id, by: "order-1").status == 200)
      let other = await shop.consume(id, by: "order-2")
      #expect(other.status == 409)
      #expect(other.problem == "cart-ordered")
      #expect(!"\(other.json)".contains("order-1"))
      #expect(await shop.get(id).status == 404)
      #expect(await shop.put(id, product, 1).status == 404)
      #expect(await shop.send(.delete, "/api/v1/carts/" + id).status == 404)
      #expect(await shop.ask(.get, "/internal/v1/carts/" + id).status == 409)
      await shop.restart()
      #expect(await shop.consume(id, by: "order-1").status == 200)
    }
  }

  @Test func `a cart that expires while it is ordered can still be consumed`() {
    withCartShop { shop in
      let id = await shop.create()
      shop.clock.advance(by: .seconds(30 * 86_400))
      #expect(await shop.get(id).status == 404)
      #expect(await shop.consume(id, by: "order-1").status == 200)
    }
  }

  @Test func `contents need no catalog`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let id = await shop.create()
      await shop.put(id, product, 2)
      shop.shelf.failure = .unreachable
      let answer = await shop.ask(.get, "/internal/v1/carts/" + id)
      #expect(answer.status == 200)
      #expect(answer.quantities == [2])
    }
  }

  @Test func `without the shop's secret the internal paths are 401`() {
    withCartShop { shop in
      let id = await shop.create()
      let path = "/internal/v1/carts/" + id
      let none = await shop.send(.get, path)
      #expect(none.status == 401)
      #expect(none["www-authenticate"] == "Bearer")
      for value in ["Bearer wrong", "Bearer " + CartShop.settings["secret.admin"]!, "Basic eA=="] {
        #expect(await shop.send(.get, path, nil, [("authorization", value)]).status == 401)
      }
      #expect(await shop.send(.post, path + "/consume", "{\"orderId\":\"x\"}").status == 401)
      #expect(await shop.get(id).status == 200)
    }
  }

  @Test func `consuming nobody's cart is 404, and an order without an id 422`() {
    withCartShop { shop in
      let id = await shop.create()
      #expect(await shop.consume("AAAAAAAAAAAAAAAAAAAAAA", by: "order-1").status == 404)
      #expect(await shop.consume("nonsense", by: "order-1").status == 404)
      #expect(await shop.ask(.post, "/internal/v1/carts/\(id)/consume", "{}").status == 422)
      #expect(await shop.get(id).status == 200)
    }
  }

  @Test func `the client says what became of a cart`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let client = shop.client
      do {
        let cart = try await client.create(until: shop.soon)
        let filled = try await client.put(id: cart.id, productID: product, quantity: 2, until: shop.soon)
        #expect(filled.pieceCount == 2)
        #expect(filled == (try await client.get(id: cart.id, until: shop.soon)))
        let other = try await client.create(until: shop.soon)
        _ = try await client.put(id: other.id, productID: product, quantity: 1, until: shop.soon)
        let merged = try await client.merge(id: cart.id, from: other.id, until: shop.soon)
        #expect(merged.items.map(\.quantity) == [3])
        shop.shelf.put(1, price: 5)
        let dearer = try await client.get(id: cart.id, until: shop.soon)
        #expect(dearer.items[0].notice == .priceChanged(was: Money(1299, "EUR")))
        let contents = CartContents(items: [.init(productID: product, quantity: 3)], version: 3)
        #expect(try await client.cart(id: cart.id, until: shop.soon) == .open(contents))
        let emptied = try await client.remove(id: cart.id, productID: product, until: shop.soon)
        #expect(emptied.items.isEmpty)
        #expect(try await client.consume(id: cart.id, orderID: "1", until: shop.soon) == .consumed)
        #expect(try await client.consume(id: cart.id, orderID: "2", until: shop.soon) == .orderedOtherwise)
        #expect(try await client.cart(id: cart.id, until: shop.soon) == .ordered)
        #expect(try await client.cart(id: other.id, until: shop.soon) == .gone)
        #expect(try await client.consume(id: other.id, orderID: "1", until: shop.soon) == .gone)
      } catch {
        Issue.record("\(error)")
      }
    }
  }

  @Test func `the client's errors tell cart from product`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let client = shop.client
      let soon = shop.soon
      do throws(CartError) {
        let cart = try await client.create(until: soon)
        shop.shelf.products[product] = nil
        let unknown = await error { () throws(CartError) in
          _ = try await client.put(id: cart.id, productID: product, quantity: 1, until: soon)
        }
        #expect(unknown == .productNotFound)
        let missing = await error { () throws(CartError) in
          _ = try await client.get(id: Identifier.text(of: 9), until: soon)
        }
        #expect(missing == .cartNotFound)
        shop.shelf.put(1)
        let invalid = await error { () throws(CartError) in
          _ = try await client.put(id: cart.id, productID: product, quantity: 1000, until: soon)
        }
        #expect(invalid == .invalid)
        shop.shelf.failure = .late
        let late = await error { () throws(CartError) in
          _ = try await client.put(id: cart.id, productID: product, quantity: 1, until: soon)
        }
        #expect(late == .service(.late))
      } catch {
        Issue.record("\(error)")
      }
    }
  }

  private func error(_ body: () async throws(CartError) -> Void) async -> CartError? {
    do throws(CartError) {
      try await body()
      return nil
    } catch {
      return error
    }
  }
}
