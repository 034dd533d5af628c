import CatalogAPI
import HTTP
import HTTPCore
import JSON
import MachineTesting
import Testing

@testable import Catalog

@Suite struct ListTests {
  @Test func `a search finds every word, ranks the name first and completes the last word`() throws {
    try withCatalog { shop async throws in
      try await shop.make("1", name: "Garden chair", description: "A blue shirt lay on it.")
      try await shop.make("2", name: "Blue shirt")
      try await shop.make("3", name: "Red shirt")
      #expect(
        try await shop.send(.get, "/api/v1/products?q=blue+shirt").names == ["Blue shirt", "Garden chair"])
      #expect(try await shop.send(.get, "/api/v1/products?q=BLUE+shi").names.count == 2)
      #expect(try await shop.send(.get, "/api/v1/products?q=blu+shirt").names == [])
      #expect(try await shop.send(.get, "/api/v1/products?q=shirt&sort=name").names.first == "Blue shirt")
    }
  }

  @Test func `accents and case make no difference`() throws {
    try withCatalog { shop async throws in
      for name in ["Éclair", "egg", "Eclipse", "apfel", "Äpfel", "Zebra", "日本茶"] {
        try await shop.make(name, name: name)
      }
      let all = try await shop.send(.get, "/api/v1/products").names
      #expect(all.suffix(5) == ["Éclair", "Eclipse", "egg", "Zebra", "日本茶"])
      #expect(Set(all.prefix(2)) == ["apfel", "Äpfel"])
      #expect(try await shop.send(.get, "/api/v1/products?q=eclair").names == ["Éclair"])
      #expect(try await shop.send(.get, "/api/v1/products?q=%C3%89CL").names.count == 2)
      #expect(try await shop.send(.get, "/api/v1/products?q=%E6%97%A5").names == ["日本茶"])
    }
  }

  @Test(
    arguments: [
      "\"", "\"shirt", "shirt\"", "shirt*", "*", "shirt OR chair", "NOT shirt", "shirt AND",
      "NEAR(shirt chair)",
      "name:shirt", "{name}:shirt", "-shirt", "^shirt", "shirt + chair", "(shirt", "shirt)", "a'b", "\\", "%",
      ";DROP TABLE product", "—", "…", "🧵", "\u{301}",
    ])
  func `no character of a search is an operator`(text: String) throws {
    try withCatalog { shop async throws in
      try await shop.make("1", name: "shirt")
      let answer = try await shop.send(.get, "/api/v1/products?q=" + PercentCoding.encode(query: text))
      #expect(answer.status == .ok, "\(answer.text)")
      let words = SearchWords.words(in: text)
      if words.isEmpty { #expect(answer.json["total"]?.integer == 0) }
      if words == ["shirt"] { #expect(answer.names == ["shirt"]) }
    }
  }

  @Test func `a search without a word finds nothing and a search text has a limit`() throws {
    try withCatalog { shop async throws in
      try await shop.make("1", name: "shirt")
      for q in ["", "+", "%2B-%2B", "%20"] {
        let answer = try await shop.send(.get, "/api/v1/products?q=" + q)
        #expect(
          answer.status == .ok && answer.json["total"]?.integer == 0 && answer.json["next"]?.isNull == true)
      }
      let longest = String(repeating: "a ", count: CatalogLimits.searchLength / 2)
      let query = "/api/v1/products?q=" + PercentCoding.encode(query: longest)
      #expect(try await shop.send(.get, query).status == .ok)
      #expect(try await shop.send(.get, query + "b").pointers == ["?q"])
    }
  }

  @Test func `all tags must match and tags are counted`() throws {
    try withCatalog { shop async throws in
      try await shop.make("1", tags: ["men", "blue & white"])
      try await shop.make("2", tags: ["men"])
      let third = try await shop.make("3", tags: ["women", "blue & white"])
      #expect(try await shop.send(.get, "/api/v1/products?tag=men").names == ["1", "2"])
      #expect(try await shop.send(.get, "/api/v1/products?tag=men&tag=blue+%26+white").names == ["1"])
      #expect(try await shop.send(.get, "/api/v1/products?tag=MEN").names == [])
      #expect(try await shop.send(.get, "/api/v1/products?tag=men&q=2").names == ["2"])
      let tags = try await shop.client.tags(until: shop.soon)
      #expect(
        tags == [
          TagCount(tag: "blue & white", count: 2), TagCount(tag: "men", count: 2),
          TagCount(tag: "women", count: 1),
        ])
      _ = try await shop.admin(.delete, Product.path(of: third.id), nil, ["if-match": "*"])
      #expect(try await shop.client.tags(until: shop.soon).count == 2)
      let most = (0..<CatalogLimits.searchTagCount).map { "&tag=t\($0)" }.joined()
      #expect(try await shop.send(.get, "/api/v1/products?" + most).status == .ok)
      #expect(try await shop.send(.get, "/api/v1/products?tag=x" + most).pointers == ["?tag"])
      // Two bytes for each character.
      let longest = "/api/v1/products?tag=" + String(repeating: "%C3%A4", count: CatalogLimits.tagLength)
      #expect(try await shop.send(.get, longest).status == .ok)
      #expect(try await shop.send(.get, longest + "x").pointers == ["?tag"])
    }
  }

  @Test func `wrong parameters are named`() throws {
    try withCatalog { shop async throws in
      for (query, pointer) in [
        ("limit=0", "?limit"), ("limit=101", "?limit"), ("limit=", "?limit"), ("limit=%2B5", "?limit"),
        ("limit=5&limit=6", "?limit"), ("sort=relevance", "?sort"), ("sort=", "?sort"), ("q=a&q=b", "?q"),
      ] {
        let answer = try await shop.send(.get, "/api/v1/products?" + query)
        #expect(answer.status.code == 422 && answer.pointers == [pointer], "\(query)")
      }
      #expect(try await shop.send(.get, "/api/v1/products?q=%00").status == .badRequest)
      #expect(try await shop.send(.get, "/api/v1/products?whatever=1&limit=100").status == .ok)
    }
  }

  @Test(arguments: ["sort=name", "sort=price", "sort=-price", "sort=newest", "q=thing", "tag=t&sort=price"])
  func `following next shows every product exactly once, also under ties`(query: String) throws {
    try withCatalog { shop async throws in
      let random = SeededEntropy(seed: 7)
      var ids: Set<String> = []
      for index in 0..<23 {
        let price = Int(random.next() % 3)
        ids.insert(
          try await shop.make("s\(index)", name: "Thing \(price)", price: price, tags: ["t"]).id)
      }
      var seen: [Product] = []
      var target = "/api/v1/products?limit=4&" + query
      for _ in 0..<10 {
        let answer = try await shop.send(.get, target)
        #expect(answer.status == .ok && answer.json["total"]?.integer == 23)
        seen += (answer.json["items"]?.array ?? []).compactMap { Product($0) }
        guard let next = answer.json["next"]?.string else { break }
        let link = try #require(answer.field(named: "link"))
        #expect(link.hasPrefix("</api/v1/products?") && link.hasSuffix(">; rel=\"next\""))
        target = String(link.dropFirst().prefix { $0 != ">" })
        #expect(target.hasSuffix("cursor=" + next))
      }
      #expect(seen.count == 23 && Set(seen.map { $0.id }) == ids)
      switch query {
      case "sort=-price": #expect(isSorted(seen) { -$0.price.amount })
      case "sort=newest": #expect(isSorted(seen) { -$0.updatedAt.milliseconds })
      case "q=thing": break
      default: #expect(isSorted(seen) { $0.price.amount })
      }
    }
  }

  private func isSorted(_ products: [Product], by key: (Product) -> Int64) -> Bool {
    zip(products, products.dropFirst()).allSatisfy { (key($0), $0.id) < (key($1), $1.id) }
  }

  @Test func `a cursor is good for its own search only`() throws {
    try withCatalog { shop async throws in
      for index in 0..<5 { try await shop.make("s\(index)", name: "Thing", tags: ["a", "b"]) }
      func next(_ query: String) async throws -> String {
        try #require(try await shop.send(.get, "/api/v1/products?limit=2&" + query).json["next"]?.string)
      }
      let cursor = try await next("q=thing&tag=a")
      func status(_ query: String, _ cursor: String) async throws -> UInt16 {
        try await shop.send(.get, "/api/v1/products?\(query)&cursor=\(cursor)").status.code
      }
      #expect(try await status("q=thing&tag=a", cursor) == 200)
      #expect(try await status("tag=a&q=THING&limit=3", cursor) == 400, "other words, as typed")
      #expect(try await status("tag=a&q=thing&limit=3", cursor) == 200)
      for other in [
        "q=thing", "q=thing&tag=b", "tag=a", "q=thing&tag=a&sort=name", "q=things&tag=a", "q=&tag=a",
      ] {
        #expect(try await status(other, cursor) == 400, "\(other)")
      }
      for wrong in [
        "", "x", "====", String(cursor.dropLast()), cursor + "AAAA", String(repeating: "A", count: 600),
      ] {
        #expect(try await status("q=thing&tag=a", wrong) == 400, "\(wrong)")
      }
      var flipped = Array(cursor.utf8)
      // To another letter that a cursor may have.
      flipped[20] = flipped[20] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      #expect(try await status("q=thing&tag=a", String(decoding: flipped, as: UTF8.self)) == 400)
    }
  }

  @Test func `the client searches`() throws {
    try withCatalog { shop async throws in
      for name in ["b", "a", "c"] { try await shop.make(name, tags: ["x y"]) }
      let page = try await shop.client.search(tags: ["x y"], sort: "name", limit: 2, until: shop.soon)
      #expect(page.items.map { $0.name } == ["a", "b"] && page.total == 3)
      let rest = try await shop.client.search(
        tags: ["x y"], sort: "name", limit: 2, cursor: page.next, until: shop.soon)
      #expect(rest.items.map { $0.name } == ["c"] && rest.next == nil)
      #expect(try await shop.client.search(q: "C", until: shop.soon).items == rest.items)
      #expect(try await shop.client.product(id: rest.items[0].id, until: shop.soon) == rest.items[0])
      #expect(try await shop.client.product(id: "nobody", until: shop.soon) == nil)
    }
  }
}

@Suite struct SortKeyTests {
  @Test func `every Latin letter with an accent folds to a plain one`() {
    for value in Array(0xDF...0xF6) + Array(0xF8...0x17F) as [UInt32] {
      let key = SortKey.of(String(Unicode.Scalar(value)!))
      #expect(key.unicodeScalars.allSatisfy { ("a"..."z").contains($0) } && !key.isEmpty, "\(value) \(key)")
    }
    #expect(SortKey.of("Žluťoučký Kůň ÷") == "zlutoucky kun ÷")
    #expect(SortKey.of("e\u{301}") == "e")
    #expect(SortKey.of(String(repeating: "日", count: 200)).utf8.count <= SortKey.maximumByteCount)
  }
}
