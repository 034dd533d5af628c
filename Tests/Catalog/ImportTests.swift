import CatalogAPI
import HTTP
import HTTPCore
import JSON
import Shop
import Testing

@testable import Catalog

@Suite struct ImportTests {
  private func item(
    _ key: String, sku: String? = nil, name: String = "n", price: Int = 100, onHand: Int = 5
  ) -> String {
    let sku = sku.map { ",\"sku\":\"\($0)\"" } ?? ""
    return #"{"key":"\#(key)"\#(sku),"name":"\#(name)","tags":["t"],"onHand":\#(onHand),"#
      + #""price":{"amount":\#(price),"currency":"EUR"},"imageURL":"https://example.org/\#(key).jpg"}"#
  }

  private func run(
    _ shop: CatalogFixture, _ items: [String], setStock: Bool = false
  ) async throws -> [(result: String, rest: String)] {
    let body = #"{"items":["# + items.joined(separator: ",") + #"],"setStock":\#(setStock)}"#
    let answer = try await shop.admin(.post, "/api/v1/products:import", body)
    guard answer.status == .ok else { throw Surprise(answer.text) }
    return (answer.json["results"]?.array ?? []).enumerated().map { index, result in
      #expect(result["index"]?.integer == Int64(index))
      return (result["result"]?.string ?? "", result["id"]?.string ?? result["detail"]?.string ?? "")
    }
  }

  @Test func `an import is safe to run twice and leaves stock alone`() throws {
    try withCatalog { shop async throws in
      let items = [item("a", sku: "A"), item("handle/Blue / M")]
      let first = try await run(shop, items)
      #expect(first.map { $0.result } == ["created", "created"])
      let second = try await run(shop, items)
      #expect(second.map { $0.result } == ["unchanged", "unchanged"])
      #expect(second.map { $0.rest } == first.map { $0.rest })
      let id = first[0].rest
      #expect(try await shop.get(id).version == 1)
      #expect(try await shop.get(first[1].rest).sku == "handle/Blue / M")

      let dearer = [item("a", sku: "A", price: 200, onHand: 9)]
      #expect(try await run(shop, dearer).map { $0.result } == ["updated"])
      var product = try await shop.get(id)
      #expect(product.price.amount == 200 && product.available == 5 && product.version == 2)
      #expect(try await run(shop, dearer).map { $0.result } == ["unchanged"])
      #expect(try await run(shop, dearer, setStock: true).map { $0.result } == ["updated"])
      product = try await shop.get(id)
      #expect(product.available == 9 && product.version == 2)
    }
  }

  @Test func `an item without a key is known by its SKU, and one with neither is a problem`() throws {
    try withCatalog { shop async throws in
      let bare = #"{"sku":"S","name":"n","price":{"amount":1,"currency":"EUR"}}"#
      let neither = #"{"name":"n","price":{"amount":1,"currency":"EUR"}}"#
      let results = try await run(shop, [bare, bare, item("S", sku: "S", name: "renamed"), neither])
      #expect(results.map { $0.result } == ["created", "unchanged", "updated", "problem"])
      #expect(results[3].rest == "sku is required")
    }
  }

  @Test func `a bad item is answered and the others are written`() throws {
    try withCatalog { shop async throws in
      try await shop.make("TAKEN-BY-KEY")
      let results = try await run(
        shop,
        [
          item("a", sku: "A"), #"{"key":"b"}"#, "7", item("c", sku: "A"), item("d", price: -1),
          item("a", sku: "A", name: "again"),
        ])
      #expect(
        results.map { $0.result } == ["created", "problem", "problem", "problem", "problem", "updated"])
      #expect(results[1].rest == "name is required; price is required")
      #expect(results[2].rest == "must be a JSON object")
      #expect(results[3].rest.contains("sku is taken"))
      #expect(results[4].rest.hasPrefix("price/amount must be 0 to"))
      #expect(try await shop.send(.get, "/api/v1/products").json["total"]?.integer == 2)
      // One that the owner made by hand is adopted by its SKU.
      let adopted = try await run(shop, [item("k", sku: "TAKEN-BY-KEY")])
      #expect(adopted.map { $0.result } == ["updated"])
    }
  }

  @Test func `stock is not set below what is held`() throws {
    try withCatalog { shop async throws in
      let id = try await run(shop, [item("a")])[0].rest
      try await shop.client.hold(
        key: "k", lines: [HoldLine(productID: id, quantity: 3)], timeToLiveSeconds: 600, until: shop.soon)
      let results = try await run(shop, [item("a", name: "new", onHand: 2)], setStock: true)
      #expect(results[0].result == "problem" && results[0].rest.contains("3 pieces held"))
      #expect(try await shop.get(id).name == "n", "nothing of a refused item is written")
    }
  }

  @Test func `an import has at most two hundred items`() throws {
    try withCatalog { shop async throws in
      let most = (0..<CatalogLimits.importSize).map { item("k\($0)") }
      #expect(try await run(shop, most).filter { $0.result == "created" }.count == CatalogLimits.importSize)
      let body = #"{"items":["# + (most + [item("more")]).joined(separator: ",") + "]}"
      #expect(try await shop.admin(.post, "/api/v1/products:import", body).pointers == ["/items"])
      #expect(try await run(shop, []).isEmpty)
      #expect(try await shop.admin(.post, "/api/v1/products:import", "{}").pointers == ["/items"])
      #expect(try await shop.send(.post, "/api/v1/products:import", "{}").status == .unauthorized)
    }
  }
}
