import CatalogAPI
import HTTP
import HTTPCore
import JSON
import Shop
import Testing

@testable import Catalog

@Suite struct ProductTests {
  @Test func `a product is created, read, replaced and deleted`() throws {
    try withCatalog { shop async throws in
      let created = try await shop.admin(
        .post, "/api/v1/products",
        #"{"sku":"S-1","name":"Teapot","price":{"amount":1299,"currency":"EUR"},"tags":["tea","tea"],"onHand":4}"#
      )
      #expect(created.status == .created)
      let product = try #require(Product(created.json))
      #expect(created.field(named: "location") == "/api/v1/products/" + product.id)
      #expect(created.field(named: "etag") == "\"1-4\"")
      #expect(product.tags == ["tea"] && product.available == 4 && product.version == 1)

      let path = Product.path(of: product.id)
      #expect(try await shop.get(product.id) == product)
      let replaced = try await shop.admin(
        .put, path, #"{"sku":"S-2","name":"Kettle","price":{"amount":1,"currency":"EUR"},"onHand":99}"#,
        ["if-match": "\"1-4\""])
      #expect(replaced.status == .ok)
      let edited = try await shop.get(product.id)
      #expect(edited.name == "Kettle" && edited.tags == [] && edited.version == 2)
      #expect(edited.available == 4, "PUT does not count stock")
      #expect(replaced.field(named: "etag") == "\"2-4\"")

      let deleted = try await shop.admin(.delete, path, nil, ["if-match": "\"2-0\""])
      #expect(deleted.status == .noContent, "any tag of the current version will do")
      #expect(try await shop.send(.get, path).status == .notFound)
      #expect(try await shop.send(.get, path + "/image").status == .notFound)
      #expect(try await shop.admin(.delete, path, nil, ["if-match": "*"]).status == .notFound)
      // The SKU is free again, and the books of the old product are still there.
      try await shop.make("S-2")
      let books = try await shop.client.stock(of: product.id, until: shop.soon)
      #expect(books == StockLevel(onHand: 4, held: 0, sold: 0, received: 4))
    }
  }

  @Test func `the entity tag answers 304, on the long way and on the short one`() throws {
    try withCatalog { shop async throws in
      let product = try await shop.make("a", onHand: 3)
      let path = Product.path(of: product.id)
      // The first GET takes the long way, the later ones the short way.
      for _ in 0..<2 {
        for tags in ["\"1-3\"", "W/\"1-3\"", "\"0-0\", \"1-3\"", "*"] {
          let answer = try await shop.send(.get, path, nil, ["if-none-match": tags])
          #expect(answer.status == .notModified && answer.body.isEmpty, "\(tags)")
          #expect(answer.field(named: "etag") == "\"1-3\"")
        }
        let other = try await shop.send(.get, path, nil, ["if-none-match": "\"1-2\""])
        #expect(other.status == .ok && Product(other.json) == product)
      }
      #expect(shop.catalog.cache.hitCount > 0)
    }
  }

  @Test func `the short way answers like the long one`() throws {
    try withCatalog { shop async throws in
      let product = try await shop.make("a", name: "Grüße \"quoted\" \u{1F600}", onHand: 3)
      let path = Product.path(of: product.id)
      let long = try await shop.send(.get, path, nil, ["x-request-id": "one"])
      let short = try await shop.send(.get, path, nil, ["x-request-id": "one"])
      #expect(shop.catalog.cache.hitCount == 1)
      func fields(_ answer: ClientResponse) -> [String] {
        answer.fields.filter { $0.name != "date" }.map { $0.name + ": " + $0.value }.sorted()
      }
      #expect(fields(long) == fields(short))
      #expect(long.body == short.body)
      let head = try await shop.send(.head, path)
      #expect(head.status == .ok && head.body.isEmpty)
      #expect(head.field(named: "content-length") == String(long.body.count))
      #expect(shop.catalog.cache.hitCount == 2)
      #expect(try await shop.send(.get, path + "?x=1").body == long.body)
      let strange = try await shop.send(.get, path, nil, ["x-request-id": "no spaces, please"])
      #expect(strange.field(named: "x-request-id") != "no spaces, please")
    }
  }

  @Test func `checks come in the order of the contract`() throws {
    try withCatalog { shop async throws in
      let product = try await shop.make("a")
      try await shop.make("b")
      let path = Product.path(of: product.id)
      let good = #"{"sku":"a","name":"n","price":{"amount":1,"currency":"EUR"}}"#
      let bad = #"{"sku":"a","name":7}"#
      let gone = "/api/v1/products/AAAAAAAAAAAAAAAAAAAAAA"
      #expect(try await shop.send(.put, gone, good).status == .notFound)
      #expect(try await shop.send(.patch, path, good).status == .methodNotAllowed)
      let unknown = try await shop.send(.put, path, good)
      #expect(unknown.status == .unauthorized)
      #expect(unknown.field(named: "www-authenticate") == "Bearer")
      let plain = ["content-type": "text/plain"]
      #expect(try await shop.admin(.put, path, "{", plain).status == .unsupportedMediaType)
      #expect(try await shop.admin(.put, path, "{").status == .badRequest)
      #expect(try await shop.admin(.put, path, bad).status.code == 428)
      #expect(try await shop.admin(.put, path, bad, ["if-match": "\"9-0\""]).status.code == 412)
      #expect(try await shop.admin(.put, path, bad, ["if-match": "W/\"1-0\""]).status.code == 412)
      let invalid = try await shop.admin(.put, path, bad, ["if-match": "\"1-0\""])
      #expect(invalid.status.code == 422 && invalid.pointers == ["/name", "/price"])
      let taken = #"{"sku":"b","name":"n","price":{"amount":1,"currency":"EUR"}}"#
      let conflict = try await shop.admin(.put, path, taken, ["if-match": "\"1-0\""])
      #expect(conflict.status.code == 409 && conflict.problem == .skuTaken)
      #expect(try await shop.get(product.id) == product)
    }
  }

  @Test func `limits are refused one beyond and taken at the limit`() throws {
    try withCatalog { shop async throws in
      func body(
        sku: Int = 1, name: Int = 1, description: Int = 0, tags: Int = 0, tag: Int = 1, price: Int64 = 1,
        onHand: Int64 = 0
      ) -> String {
        var writer = JSONWriter()
        writer.object { product in
          product.field("sku", String(repeating: "s", count: sku))
          product.field("name", String(repeating: "ñ", count: name))
          product.field("description", String(repeating: "d", count: description))
          product.field(
            "tags",
            array: { list in
              for index in 0..<tags {
                list.value(String(index) + String(repeating: "t", count: tag - String(index).count))
              }
            })
          product.field("price", Money(price, "EUR"))
          product.field("onHand", onHand)
        }
        return String(decoding: writer.bytes, as: UTF8.self)
      }
      let largest = try await shop.admin(
        .post, "/api/v1/products",
        body(
          sku: CatalogLimits.skuLength, name: CatalogLimits.nameLength,
          description: CatalogLimits.descriptionLength, tags: CatalogLimits.tagCount,
          tag: CatalogLimits.tagLength, price: Money.maximumPrice, onHand: CatalogLimits.stockCount))
      #expect(largest.status == .created, "\(largest.text)")
      for (wrong, pointer) in [
        (body(sku: 0), "/sku"), (body(sku: CatalogLimits.skuLength + 1), "/sku"), (body(name: 0), "/name"),
        (body(name: CatalogLimits.nameLength + 1), "/name"),
        (body(description: CatalogLimits.descriptionLength + 1), "/description"),
        (body(tags: CatalogLimits.tagCount + 1, tag: 3), "/tags"),
        (body(tags: 1, tag: CatalogLimits.tagLength + 1), "/tags/0"),
        (body(price: Money.maximumPrice + 1), "/price/amount"), (body(price: -1), "/price/amount"),
        (body(onHand: CatalogLimits.stockCount + 1), "/onHand"), (body(onHand: -1), "/onHand"),
      ] {
        let answer = try await shop.admin(.post, "/api/v1/products", wrong)
        #expect(answer.status.code == 422 && answer.pointers == [pointer], "\(pointer) \(answer.text)")
      }
      let yen = #"{"sku":"y","name":"n","price":{"amount":1,"currency":"JPY"}}"#
      #expect(try await shop.admin(.post, "/api/v1/products", yen).pointers == ["/price/currency"])
    }
  }

  @Test func `stock is set and adjusted but never below what is held`() throws {
    try withCatalog { shop async throws in
      let product = try await shop.make("a", onHand: 5)
      let path = Product.path(of: product.id) + "/stock"
      try await shop.client.hold(
        key: "k", lines: [HoldLine(productID: product.id, quantity: 3)], timeToLiveSeconds: 600,
        until: shop.soon)
      let set = try await shop.admin(.put, path, #"{"onHand":4}"#)
      #expect(set.status == .ok && Product(set.json)?.available == 1)
      #expect(set.field(named: "etag") == "\"1-1\"", "a change of stock is not an edit")
      #expect(try await shop.admin(.put, path, #"{"adjust":2}"#).json["available"]?.integer == 3)
      for body in [#"{"onHand":2}"#, #"{"adjust":-4}"#] {
        let answer = try await shop.admin(.put, path, body)
        #expect(answer.status.code == 409 && answer.problem == .stockHeld)
      }
      for body in ["{}", #"{"onHand":1,"adjust":1}"#, #"{"onHand":-1}"#, #"{"adjust":"1"}"#, "[]"] {
        #expect(try await shop.admin(.put, path, body).status.code == 422, "\(body)")
      }
      #expect(try await shop.admin(.put, path, #"{"adjust":1000000000}"#).pointers == ["/adjust"])
      let books = try await shop.client.stock(of: product.id, until: shop.soon)
      #expect(books == StockLevel(onHand: 6, held: 3, sold: 0, received: 6))
    }
  }

  @Test func `a batch answers in the order asked for and names what is missing`() throws {
    try withCatalog { shop async throws in
      let first = try await shop.make("a")
      let second = try await shop.make("b")
      let ids = [second.id, "nobody", first.id, second.id].joined(separator: ",")
      let answer = try await shop.send(.get, "/api/v1/products:batch?ids=" + ids)
      #expect(answer.names == ["b", "a"])
      #expect(answer.json["missing"]?.array == [.string("nobody")])
      let (items, missing) = try await shop.client.products(
        ids: [first.id, "x y/&,"], until: shop.soon)
      #expect(items == [first] && missing == ["x y/&"])
      let many = (0...CatalogLimits.batchSize).map { "p\($0)" }
      let most = many.dropLast().joined(separator: ",")
      #expect(try await shop.send(.get, "/api/v1/products:batch?ids=" + most).status == .ok)
      let more = many.joined(separator: ",")
      #expect(try await shop.send(.get, "/api/v1/products:batch?ids=" + more).pointers == ["?ids"])
      #expect(try await shop.send(.get, "/api/v1/products:batch").status.code == 422)
      #expect(try await shop.send(.get, "/internal/v1/products?ids=" + first.id).status == .unauthorized)
    }
  }
}
