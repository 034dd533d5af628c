import Testing

struct MergeTests {
  @Test func `quantities add up and the other cart is gone`() {
    withCartShop { shop in
      let (a, b, c) = (shop.shelf.put(1), shop.shelf.put(2), shop.shelf.put(3))
      let (mine, other) = (await shop.create(), await shop.create())
      await shop.put(mine, a, 2)
      await shop.put(mine, b, 1)
      await shop.put(other, c, 4)
      await shop.put(other, a, 5)
      let merged = await shop.merge(mine, from: other)
      #expect(merged.status == 200)
      #expect(merged.cartID == mine)
      #expect(merged.quantities == [7, 1, 4])
      #expect(merged["etag"] != nil)
      #expect(await shop.get(other).status == 404)
      #expect(await shop.get(mine).json == merged.json)
    }
  }

  @Test func `a sum beyond 999 stays 999`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let (mine, other) = (await shop.create(), await shop.create())
      await shop.put(mine, product, 600)
      await shop.put(other, product, 600)
      #expect(await shop.merge(mine, from: other).quantities == [999])
      #expect(await shop.get(other).status == 404)
    }
  }

  @Test func `from a cart that is unknown, gone, ordered or no id at all: 200 and nothing changes`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let (mine, other, ordered) = (await shop.create(), await shop.create(), await shop.create())
      let before = await shop.put(mine, product, 2)
      await shop.put(ordered, product, 3)
      _ = await shop.send(.delete, "/api/v1/carts/" + other)
      _ = await shop.consume(ordered, by: "order-1")
      for from in [other, "AAAAAAAAAAAAAAAAAAAAAA", "not an id", ordered] {
        let answer = await shop.merge(mine, from: from)
        #expect(answer.status == 200)
        #expect(answer.json == before.json)
      }
      // Once merged, again: as after a lost answer.
      let third = await shop.create()
      await shop.put(third, product, 1)
      let first = await shop.merge(mine, from: third)
      #expect(await shop.merge(mine, from: third).json == first.json)
    }
  }

  @Test func `over 100 lines: 409 and nothing moved`() {
    withCartShop { shop in
      let (mine, other) = (await shop.create(), await shop.create())
      for number in 1...60 { await shop.put(mine, shop.shelf.put(UInt128(number)), 1) }
      for number in 50...101 { await shop.put(other, shop.shelf.put(UInt128(number)), 1) }
      let (left, right) = (await shop.get(mine), await shop.get(other))
      let refused = await shop.merge(mine, from: other)
      #expect(refused.status == 409)
      #expect(refused.problem == "cart-full")
      #expect(await shop.get(mine).json == left.json)
      #expect(await shop.get(other).json == right.json)
      await shop.put(other, shop.shelf.put(101), 0)
      #expect(await shop.merge(mine, from: other).quantities.count == 100)
    }
  }

  @Test func `itself, a missing and a wrong from are 422`() {
    withCartShop { shop in
      let id = await shop.create()
      for body in ["{\"from\":\"\(id)\"}", "{}", "{\"from\":7}", "{\"from\":null}", "{\"from\":\"\"}", "[]"] {
        #expect(await shop.send(.post, "/api/v1/carts/\(id)/merge", body).status == 422)
      }
      #expect(await shop.send(.post, "/api/v1/carts/\(id)/merge").status == 400)
      #expect(await shop.get(id).status == 200)
    }
  }

  @Test func `a line that comes while the catalog is asked is neither lost nor shown as gone`() {
    withCartShop { shop in
      let (a, b) = (shop.shelf.put(1), shop.shelf.put(2))
      let (mine, other) = (await shop.create(), await shop.create())
      await shop.put(other, a, 1)
      shop.shelf.interruption = { await shop.put(mine, b, 2) }
      let merged = await shop.merge(mine, from: other)
      #expect(merged.quantities == [2, 1])
      #expect(merged.notices == ["", ""])
    }
  }
}
