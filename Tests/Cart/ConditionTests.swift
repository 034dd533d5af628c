import Testing

struct ConditionTests {
  @Test func `a stale If-Match is 412 and changes nothing, a current one passes`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let id = await shop.create()
      let old = await shop.get(id)["etag"]!
      let current = await shop.put(id, product, 1, ifMatch: old)
      #expect(current.status == 200)
      let stale = await shop.put(id, product, 2, ifMatch: old)
      #expect(stale.status == 412)
      #expect(stale.problem == "precondition-failed")
      #expect(await shop.get(id).quantities == [1])
      #expect(await shop.put(id, product, 3, ifMatch: current["etag"]!).status == 200)
      #expect(await shop.put(id, product, 4, ifMatch: "*").status == 200)
      #expect(await shop.put(id, product, 5, ifMatch: "\"other\", " + shop.get(id)["etag"]!).status == 200)
    }
  }

  @Test func `a weak tag never matches, and what is no list of tags is 400`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let id = await shop.create()
      let tag = await shop.get(id)["etag"]!
      #expect(await shop.put(id, product, 1, ifMatch: "W/" + tag).status == 412)
      #expect(await shop.put(id, product, 1, ifMatch: "nonsense").status == 400)
    }
  }

  @Test func `412 comes before 422, and 404 before both`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let id = await shop.create()
      #expect(await shop.put(id, product, 1000, ifMatch: "\"9-9\"").status == 412)
      let nobody = "AAAAAAAAAAAAAAAAAAAAAA"
      #expect(await shop.put(nobody, product, 1000, ifMatch: "\"9-9\"").status == 404)
      #expect(await shop.send(.put, "/api/v1/carts/\(nobody)/items/\(product)", "{").status == 404)
      #expect(
        await shop.send(
          .post, "/api/v1/carts/\(nobody)/merge", "x", [("content-type", "text/plain")]
        ).status == 404)
    }
  }

  @Test func `of two changes with one tag, one wins`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let id = await shop.create()
      let tag = await shop.get(id)["etag"]!
      var inner: Answer?
      // While the first asks the catalog, the second goes all the way.
      shop.shelf.interruption = { inner = await shop.put(id, product, 8, ifMatch: tag) }
      let outer = await shop.put(id, product, 9, ifMatch: tag)
      #expect(inner?.status == 200)
      #expect(outer.status == 412)
      #expect(await shop.get(id).quantities == [8])
    }
  }

  @Test func `a tag of the current version passes although stock has changed`() {
    withCartShop { shop in
      let product = shop.shelf.put(1, available: 5)
      let id = await shop.create()
      let before = await shop.put(id, product, 2)
      shop.shelf.put(1, available: 1)
      #expect(await shop.get(id)["etag"] != before["etag"])
      #expect(await shop.put(id, product, 3, ifMatch: before["etag"]!).status == 200)
    }
  }

  @Test func `an unchanged cart is 304 for If-None-Match`() {
    withCartShop { shop in
      let id = await shop.create()
      let tag = await shop.get(id)["etag"]!
      let same = await shop.send(.get, "/api/v1/carts/" + id, nil, [("if-none-match", tag)])
      #expect(same.status == 304)
      #expect(same["etag"] == tag)
      #expect(same["cache-control"] == "no-store")
    }
  }

  @Test func `removing a cart or a line heeds If-Match too`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let id = await shop.create()
      await shop.put(id, product, 1)
      let stale = [(name: "if-match", value: "\"1-0\"")]
      #expect(await shop.send(.delete, "/api/v1/carts/\(id)/items/\(product)", nil, stale).status == 412)
      #expect(await shop.send(.delete, "/api/v1/carts/\(id)", nil, stale).status == 412)
      #expect(await shop.get(id).quantities == [1])
    }
  }
}
