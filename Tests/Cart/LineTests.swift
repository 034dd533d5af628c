import CartAPI
import Platform
import Testing

struct LineTests {
  @Test func `a new cart is empty, says where it lives, and is not cached`() {
    withCartShop { shop in
      let made = await shop.send(.post, "/api/v1/carts")
      #expect(made.status == 201)
      #expect(made["location"] == "/api/v1/carts/" + made.cartID)
      #expect(made["cache-control"] == "no-store")
      #expect(made["etag"] != nil)
      #expect(made.json["items"]?.array?.isEmpty == true)
      #expect(made.json["subtotal"]?["amount"]?.integer == 0)
      #expect(made.json["subtotal"]?["currency"]?.string == "EUR")
      #expect(made.json["updatedAt"]?.string == "2026-01-01T00:00:00.000Z")
      #expect(made.json["expiresAt"]?.string == "2026-01-31T00:00:00.000Z")
      let read = await shop.get(made.cartID)
      #expect(read.status == 200)
      #expect(read["etag"] == made["etag"])
      #expect(read.json == made.json)
      #expect(await shop.send(.head, "/api/v1/carts/" + made.cartID).status == 200)
    }
  }

  @Test func `a cart may be made with an empty object, not with another body`() {
    withCartShop { shop in
      #expect(await shop.send(.post, "/api/v1/carts", "{}").status == 201)
      #expect(await shop.send(.post, "/api/v1/carts", "{\"unknown\":1}").status == 201)
      #expect(await shop.send(.post, "/api/v1/carts", "[]").status == 422)
      #expect(await shop.send(.post, "/api/v1/carts", "{").status == 400)
      #expect(await shop.send(.post, "/api/v1/carts", "a=b", [("content-type", "text/plain")]).status == 415)
    }
  }

  @Test func `a quantity is absolute, and lines keep their order`() {
    withCartShop { shop in
      let (first, second) = (shop.shelf.put(1), shop.shelf.put(2, price: 250))
      let id = await shop.create()
      let one = await shop.put(id, first, 2)
      #expect(one.status == 200)
      #expect(one.version == 2)
      await shop.put(id, second, 1)
      let last = await shop.put(id, first, 3)
      #expect(last.quantities == [3, 1])
      #expect(last.version == 4)
      let line = last.json["items"]?.array?[0]
      #expect(line?["productId"]?.string == first)
      #expect(line?["sku"]?.string == "SKU-1")
      #expect(line?["name"]?.string == "Product 1")
      #expect(line?["price"]?["amount"]?.integer == 1299)
      #expect(line?["lineTotal"]?["amount"]?.integer == 3897)
      #expect(line?["available"]?.integer == 50)
      #expect(line?["notice"]?.isNull == true)
      #expect(last.json["subtotal"]?["amount"]?.integer == 4147)
      #expect(await shop.get(id).json == last.json)
    }
  }

  @Test func `the same quantity again changes nothing`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let id = await shop.create()
      let first = await shop.put(id, product, 2)
      let second = await shop.put(id, product, 2)
      #expect(second.status == 200)
      #expect(second.json == first.json)
    }
  }

  @Test func `zero removes a line, also one that is not there or whose product is gone`() {
    withCartShop { shop in
      let (first, second) = (shop.shelf.put(1), shop.shelf.put(2))
      let id = await shop.create()
      await shop.put(id, first, 1)
      await shop.put(id, second, 1)
      #expect(await shop.put(id, first, 0).quantities == [1])
      #expect(await shop.put(id, first, 0).status == 200)
      shop.shelf.products[second] = nil
      let empty = await shop.put(id, second, 0)
      #expect(empty.status == 200)
      #expect(empty.quantities.isEmpty)
      #expect(await shop.put(id, "nonsense", 0).status == 200)
    }
  }

  @Test func `a line is removed once and the answer is the same twice`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let id = await shop.create()
      await shop.put(id, product, 1)
      let first = await shop.remove(id, product)
      let second = await shop.remove(id, product)
      #expect(first.status == 200)
      #expect(first.quantities.isEmpty)
      #expect(second.json == first.json)
    }
  }

  @Test(arguments: ["-1", "1000", "1.5", "\"2\"", "null", "true", "9223372036854775807"])
  func `a quantity that is no integer from 0 to 999 is 422 and says where`(_ quantity: String) {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let id = await shop.create()
      let answer = await shop.send(
        .put, "/api/v1/carts/\(id)/items/\(product)", "{\"quantity\":\(quantity)}")
      #expect(answer.status == 422)
      #expect(answer.problem == "invalid")
      #expect(answer.json["errors"]?.array?.first?["pointer"]?.string == "/quantity")
      #expect(await shop.get(id).quantities.isEmpty)
    }
  }

  @Test func `1 and 999 pieces are taken, and a missing quantity is 422`() {
    withCartShop { shop in
      let product = shop.shelf.put(1, available: 2000)
      let id = await shop.create()
      #expect(await shop.put(id, product, 1).quantities == [1])
      #expect(await shop.put(id, product, 999).quantities == [999])
      #expect(await shop.send(.put, "/api/v1/carts/\(id)/items/\(product)", "{}").status == 422)
      #expect(await shop.send(.put, "/api/v1/carts/\(id)/items/\(product)", "7").status == 422)
    }
  }

  @Test func `stock does not limit a cart, a notice tells`() {
    withCartShop { shop in
      let (short, out) = (shop.shelf.put(1, available: 3), shop.shelf.put(2, available: 0))
      let id = await shop.create()
      #expect(await shop.put(id, short, 3).notices == [""])
      #expect(await shop.put(id, short, 4).notices == ["short"])
      let both = await shop.put(id, out, 1)
      #expect(both.status == 200)
      #expect(both.notices == ["short", "out_of_stock"])
    }
  }

  @Test func `a product that is no longer sold is gone, costs nothing, and keeps its name`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let id = await shop.create()
      await shop.put(id, product, 2)
      shop.shelf.products[product] = nil
      let answer = await shop.get(id)
      #expect(answer.status == 200)
      #expect(answer.notices == ["gone"])
      #expect(answer.json["items"]?.array?[0]["name"]?.string == "Product 1")
      #expect(answer.json["items"]?.array?[0]["available"]?.integer == 0)
      #expect(answer.json["subtotal"]?["amount"]?.integer == 0)
    }
  }

  @Test func `a price that changed since it was added is shown with what it was`() {
    withCartShop { shop in
      let product = shop.shelf.put(1, price: 1000)
      let id = await shop.create()
      let before = await shop.put(id, product, 1)
      shop.shelf.put(1, price: 1200)
      let after = await shop.get(id)
      #expect(after.notices == ["price_changed"])
      let line = after.json["items"]?.array?[0]
      #expect(line?["was"]?["amount"]?.integer == 1000)
      #expect(line?["price"]?["amount"]?.integer == 1200)
      #expect(after.version == before.version)
      #expect(after["etag"] != before["etag"])
      // Another quantity is not another addition; removing and adding is.
      #expect(await shop.put(id, product, 2).notices == ["price_changed"])
      await shop.put(id, product, 0)
      let again = await shop.put(id, product, 1)
      #expect(again.notices == [""])
      #expect(again.json["items"]?.array?[0]["was"] == nil)
    }
  }

  @Test func `a cart of 100 lines refuses one more and changes those it has`() {
    withCartShop { shop in
      let id = await shop.create()
      for number in 1...100 { await shop.put(id, shop.shelf.put(UInt128(number)), 1) }
      let full = await shop.get(id)
      #expect(full.quantities.count == 100)
      let refused = await shop.put(id, shop.shelf.put(101), 1)
      #expect(refused.status == 409)
      #expect(refused.problem == "cart-full")
      #expect(await shop.get(id).json == full.json)
      #expect(await shop.put(id, shop.shelf.put(7), 5).status == 200)
      #expect(await shop.put(id, shop.shelf.put(7), 0).status == 200)
      #expect(await shop.put(id, shop.shelf.put(101), 1).status == 200)
      #expect(shop.shelf.calls.allSatisfy { $0.count <= 100 })
    }
  }

  @Test func `an unknown product is 404, a malformed id too`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      shop.shelf.products[product] = nil
      let id = await shop.create()
      let unknown = await shop.put(id, product, 1)
      #expect(unknown.status == 404)
      #expect(unknown.json["resource"]?.string == "product")
      #expect(await shop.put(id, "a%20b", 1).status == 404)
      #expect(await shop.get(id).quantities.isEmpty)
    }
  }
}
