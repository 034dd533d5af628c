import CartAPI
import HTTP
import JSON
import MachineTesting
import Platform
import Shop
import Testing

private let day = Duration.seconds(86_400)

struct LifeTests {
  @Test func `a removed cart is 404, for every method`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let id = await shop.create()
      await shop.put(id, product, 1)
      let gone = await shop.send(.delete, "/api/v1/carts/" + id)
      #expect(gone.status == 204)
      #expect(gone["cache-control"] == "no-store")
      #expect(await shop.get(id).status == 404)
      #expect(await shop.get(id).problem == "not-found")
      #expect(await shop.send(.delete, "/api/v1/carts/" + id).status == 404)
      #expect(await shop.put(id, product, 1).status == 404)
      #expect(await shop.remove(id, product).status == 404)
      #expect(await shop.merge(id, from: await shop.create()).status == 404)
      #expect(await shop.get("nonsense").status == 404)
    }
  }

  @Test func `30 idle days end a cart, and the sweeper frees its room`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let idle = await shop.create()
      await shop.put(idle, product, 1)
      shop.clock.advance(by: day * 15)
      let young = await shop.create()
      shop.clock.advance(by: day * 15 - .milliseconds(1))
      await shop.service.sweep()
      #expect(shop.service.cartCount == 2)
      shop.clock.advance(by: .milliseconds(1))
      #expect(await shop.get(idle).status == 404)
      #expect(await shop.put(idle, product, 1).status == 404)
      await shop.service.sweep()
      #expect(shop.service.cartCount == 1)
      #expect(await shop.get(young).status == 200)
    }
  }

  @Test func `reading and changing keep a cart alive`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let id = await shop.create()
      shop.clock.advance(by: day * 20)
      let read = await shop.get(id)
      #expect(read.json["expiresAt"]?.string == "2026-02-20T00:00:00.000Z")
      #expect(read.version == 1)
      shop.clock.advance(by: day * 20)
      let changed = await shop.put(id, product, 1)
      #expect(changed.status == 200)
      #expect(changed.json["updatedAt"]?.string == "2026-02-10T00:00:00.000Z")
      #expect(changed.json["expiresAt"]?.string == "2026-03-12T00:00:00.000Z")
      shop.clock.advance(by: day * 30)
      #expect(await shop.get(id).status == 404)
    }
  }

  @Test func `the sweeper removes more carts than one transaction takes`() {
    withCartShop { shop in
      for _ in 0..<501 { _ = await shop.create() }
      shop.clock.advance(by: day * 30)
      let left = await shop.create()
      await shop.service.sweep()
      #expect(shop.service.cartCount == 1)
      #expect(await shop.get(left).status == 200)
    }
  }

  @Test func `carts are there after a restart`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let id = await shop.create()
      let before = await shop.put(id, product, 3)
      await shop.restart()
      #expect(await shop.get(id).json == before.json)
      #expect(shop.service.cartCount == 1)
    }
  }

  @Test func `a catalog that is down is 503, one that is late 504, and nothing has changed`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let (id, other) = (await shop.create(), await shop.create())
      await shop.put(id, shop.shelf.put(2), 4)
      let before = await shop.put(id, product, 1)
      await shop.put(other, product, 1)
      shop.shelf.failure = .unreachable
      for answer in [
        await shop.get(id), await shop.put(id, product, 2), await shop.put(id, product, 0),
        await shop.merge(id, from: other),
      ] {
        #expect(answer.status == 503)
        #expect(answer.problem == "unavailable")
        #expect(answer["retry-after"] != nil)
      }
      shop.shelf.failure = .late
      let late = await shop.get(id)
      #expect(late.status == 504)
      #expect(late["retry-after"] != nil)
      shop.shelf.failure = nil
      #expect(await shop.get(id).json == before.json)
      #expect(await shop.get(other).quantities == [1])
    }
  }

  @Test func `readiness needs the catalog and a database that takes writes, liveness neither`() {
    withCartShop { shop in
      #expect(await shop.send(.get, "/readyz").status == 200)
      shop.shelf.failure = .unreachable
      #expect(await shop.send(.get, "/readyz").status == 503)
      shop.shelf.failure = nil
      await shop.database.close()
      #expect(await shop.send(.get, "/readyz").status == 503)
      #expect(await shop.send(.post, "/api/v1/carts").status == 503)
      #expect(await shop.send(.get, "/livez").status == 200)
    }
  }

  @Test func `neither log nor metrics have an id, a route's template they have`() {
    withCartShop { shop in
      let product = shop.shelf.put(1)
      let (id, other) = (await shop.create(), await shop.create())
      await shop.put(id, product, 1)
      _ = await shop.merge(id, from: other)
      _ = await shop.consume(id, by: "the-order")
      _ = await shop.get(id)
      let response = try? await shop.http.send(ClientRequest(.get, "/metrics"), until: shop.soon)
      let metrics = String(decoding: response?.body ?? [], as: UTF8.self)
      let log = shop.machine.console.text
      for text in [metrics, log] {
        #expect(text.contains("/api/v1/carts/{id}/merge"))
        #expect(!text.contains(id) && !text.contains(other) && !text.contains("the-order"))
      }
    }
  }
}
