import CatalogAPI
import HTTP
import HTTPCore
import Testing

@testable import Catalog

@Suite struct PictureTests {
  private static let svg = "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>"

  private func put(
    _ shop: CatalogFixture, _ path: String, _ bytes: [UInt8], _ type: String
  ) async throws -> ClientResponse {
    try await shop.http.send(
      ClientRequest(
        .put, path,
        fields: [("authorization", "Bearer " + CatalogFixture.adminToken), ("content-type", type)],
        body: bytes), until: shop.soon)
  }

  @Test func `a product without a picture has a drawn one`() throws {
    try withCatalog { shop async throws in
      let product = try await shop.make("a", name: "<Tom> & \"Jerry\" show")
      let answer = try await shop.send(.get, product.image)
      #expect(answer.status == .ok && answer.field(named: "content-type") == "image/svg+xml")
      #expect(answer.field(named: "x-content-type-options") == "nosniff")
      #expect(answer.field(named: "content-security-policy")?.contains("sandbox") == true)
      #expect(answer.text.contains(">TJ</text>") && !answer.text.contains("<Tom>"))
      #expect(try await shop.send(.get, product.image).body == answer.body)
      let tag = try #require(answer.field(named: "etag"))
      #expect(try await shop.send(.get, product.image, nil, ["if-none-match": tag]).status == .notModified)
    }
  }

  @Test func `a picture is stored, served with ranges, and replaced`() throws {
    try withCatalog { shop async throws in
      let product = try await shop.make("a")
      let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3, 4]
      #expect(try await put(shop, product.image, png, "image/png").status == .noContent)
      let whole = try await shop.send(.get, product.image)
      #expect(whole.body == png && whole.field(named: "content-type") == "image/png")
      let tag = try #require(whole.field(named: "etag"))
      for (range, bytes, shown) in [
        ("bytes=8-9", png[8...9], "bytes 8-9/12"), ("bytes=-2", png[10...11], "bytes 10-11/12"),
        ("bytes=10-", png[10...11], "bytes 10-11/12"), ("bytes=0-99", png[0...11], "bytes 0-11/12"),
      ] {
        let part = try await shop.send(.get, product.image, nil, ["range": range, "if-range": tag])
        #expect(part.status == .partialContent && part.body == Array(bytes), "\(range)")
        #expect(part.field(named: "content-range") == shown)
      }
      let outside = try await shop.send(.get, product.image, nil, ["range": "bytes=12-"])
      #expect(outside.status.code == 416 && outside.field(named: "content-range") == "bytes */12")
      for fields in [["range": "bytes=0-1,4-5"], ["range": "bytes=0-1", "if-range": "\"other\""]] {
        #expect(try await shop.send(.get, product.image, nil, fields).body == png)
      }
      #expect(try await put(shop, product.image, Array(Self.svg.utf8), "image/svg+xml").status == .noContent)
      #expect(try await shop.send(.get, product.image).text == Self.svg)
      let head = try await shop.send(.head, product.image)
      #expect(head.body.isEmpty && head.field(named: "content-length") == String(Self.svg.utf8.count))
    }
  }

  @Test func `a picture that is not the one If-Match names is not sent, nor a part of it`() throws {
    try withCatalog { shop async throws in
      let product = try await shop.make("a")
      let tag = try #require(try await shop.send(.get, product.image).field(named: "etag"))
      let conditions: [(ifMatch: String, holds: Bool)] = [
        (tag, true), ("\"other\", " + tag, true), ("*", true), ("\"other\"", false), ("W/" + tag, false),
        ("other", false),
      ]
      for (ifMatch, holds) in conditions {
        let part = ["if-match": ifMatch, "range": "bytes=0-1"]
        #expect(
          try await shop.send(.get, product.image, nil, part).status
            == (holds ? .partialContent : .preconditionFailed),
          "\(ifMatch)")
        // If-Match comes before If-None-Match.
        let both = ["if-match": ifMatch, "if-none-match": tag]
        #expect(
          try await shop.send(.head, product.image, nil, both).status
            == (holds ? .notModified : .preconditionFailed),
          "\(ifMatch)")
      }
    }
  }

  @Test func `what is not the picture it claims to be is refused`() throws {
    try withCatalog { shop async throws in
      let product = try await shop.make("a")
      for (bytes, type) in [
        (Array("GIF89a".utf8), "image/png"), (Array("RIFFxxxxWAVE".utf8), "image/webp"),
        (Array("<html><p>".utf8), "image/svg+xml"), (Array("svg".utf8), "image/svg+xml"),
        ([0xFF, 0xD8], "image/jpeg"),
      ] as [([UInt8], String)] {
        #expect(try await put(shop, product.image, bytes, type).status.code == 422, "\(type)")
      }
      for type in ["image/gif", "text/html", "application/json"] {
        #expect(try await put(shop, product.image, [1], type).status == .unsupportedMediaType)
      }
      #expect(try await put(shop, product.image, [0xFF, 0xD8, 0xFF, 0], "image/jpeg").status == .noContent)
      #expect(
        try await put(shop, product.image, Array("RIFF1234WEBPVP8 ".utf8), "image/webp").status == .noContent)
    }
  }

  @Test func `a picture has at most two mebibytes`() throws {
    try withCatalog { shop async throws in
      let product = try await shop.make("a")
      var bytes = [UInt8](repeating: 7, count: CatalogLimits.imageByteCount)
      bytes.replaceSubrange(0..<3, with: [0xFF, 0xD8, 0xFF])
      #expect(try await put(shop, product.image, bytes, "image/jpeg").status == .noContent)
      #expect(try await shop.send(.get, product.image).body.count == bytes.count)
      #expect(try await put(shop, product.image, bytes + [0], "image/jpeg").status.code == 413)
    }
  }
}
