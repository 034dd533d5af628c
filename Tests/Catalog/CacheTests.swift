import CatalogAPI
import HTTP
import MachineTesting
import Testing

@testable import Catalog

/// The id with this number.
private func id(_ number: UInt64) -> String {
  let random = SeededEntropy(seed: number)
  return String((0..<22).map { _ in Character(Unicode.Scalar(UInt8(97 + random.next() % 26))) })
}

@Suite struct ProductCacheTests {
  @Test func `what was read before a write is not kept after it`() throws {
    let cache = ProductCache(entryCount: 16)
    let ticket = try #require(cache.ticket(for: id(1)))
    cache.invalidate(id(1))
    cache.insert(ticket, entityTag: "\"1-0\"", body: [1])
    #expect(cache.find(try #require(ProductCache.Key(id(1)))) == nil)
    cache.insert(try #require(cache.ticket(for: id(1))), entityTag: "\"2-0\"", body: [2])
    #expect(cache.find(try #require(ProductCache.Key(id(1))))?.bytes.last == 2)
    let late = try #require(cache.ticket(for: id(1)))
    cache.invalidateAll()
    cache.insert(late, entityTag: "\"2-0\"", body: [2])
    #expect(cache.count == 0 && cache.byteCount == 0)
  }

  @Test func `entries and bytes are bounded`() throws {
    let cache = ProductCache(entryCount: 64, maximumByteCount: 20_000)
    for number in 0..<1000 as Range<UInt64> {
      let ticket = try #require(cache.ticket(for: id(number)))
      cache.insert(ticket, entityTag: "\"1-0\"", body: Array(repeating: 0, count: Int(number % 900)))
      #expect(cache.count <= 64 && cache.byteCount <= 20_000)
      let isKept = cache.find(try #require(ProductCache.Key(id(number)))) != nil
      #expect(isKept, "the newest is kept")
    }
    let large = try #require(cache.ticket(for: id(5000)))
    cache.insert(large, entityTag: "\"1-0\"", body: Array(repeating: 0, count: 2000))
    #expect(cache.find(try #require(ProductCache.Key(id(5000)))) == nil, "more than a sixteenth")
    for number in 0..<1000 as Range<UInt64> { cache.invalidate(id(number)) }
    #expect(cache.count == 0 && cache.byteCount == 0)
  }

  @Test func `only texts as long as ids are kept`() {
    let cache = ProductCache(entryCount: 16)
    #expect(cache.ticket(for: "short") == nil)
    #expect(cache.ticket(for: id(1) + "x") == nil)
    cache.invalidate("short")
  }
}

@Suite struct CacheCoherenceTests {
  @Test func `every writer is seen by the next reader`() throws {
    try withCatalog { shop async throws in
      let product = try await shop.make("a", name: "one", onHand: 10)
      let path = Product.path(of: product.id)
      let lines = [HoldLine(productID: product.id, quantity: 2)]
      func warm() async throws -> Product {
        _ = try await shop.get(product.id)
        let hits = shop.catalog.cache.hitCount
        let seen = try await shop.get(product.id)
        #expect(shop.catalog.cache.hitCount == hits + 1, "answered from the cache")
        return seen
      }
      #expect(try await warm().available == 10)
      _ = try await shop.admin(.put, path + "/stock", #"{"adjust":-1}"#)
      #expect(try await warm().available == 9)
      try await shop.client.hold(key: "a", lines: lines, timeToLiveSeconds: 600, until: shop.soon)
      #expect(try await warm().available == 7)
      try await shop.client.releaseHold(key: "a", until: shop.soon)
      #expect(try await warm().available == 9)
      try await shop.client.hold(key: "b", lines: lines, timeToLiveSeconds: 600, until: shop.soon)
      try await shop.client.commitHold(key: "b", until: shop.soon)
      #expect(try await warm().available == 7)
      try await shop.client.returnStock(key: "b", until: shop.soon)
      #expect(try await warm().available == 9)
      let body = #"{"sku":"a","name":"two","price":{"amount":1,"currency":"EUR"}}"#
      _ = try await shop.admin(.put, path, body, ["if-match": "*"])
      #expect(try await warm().name == "two")
      let items = #"{"items":[{"key":"a","name":"three","price":{"amount":1,"currency":"EUR"}}]}"#
      _ = try await shop.admin(.post, "/api/v1/products:import", items)
      #expect(try await warm().name == "three")
      _ = try await shop.admin(.delete, path, nil, ["if-match": "*"])
      #expect(try await shop.send(.get, path).status == .notFound)
    }
  }

  @Test func `readers beside a writer never see an older answer than the last write's`() throws {
    try withCatalog { shop async throws in
      let product = try await shop.make("a", onHand: 0)
      let path = Product.path(of: product.id)
      var stale: [String] = []
      var isDone = false
      var written = 0
      var running = 3
      for _ in 0..<3 {
        shop.machine.loop.spawn {
          while !isDone {
            let before = written
            if let seen = try? await shop.get(product.id).available, seen < before {
              stale.append("\(seen) after \(before)")
            }
          }
          running -= 1
        }
      }
      for count in 1...60 {
        _ = try await shop.admin(.put, path + "/stock", #"{"onHand":\#(count)}"#)
        written = count
      }
      isDone = true
      while running > 0 { _ = try await shop.get(product.id) }
      #expect(stale.isEmpty)
    }
  }
}
