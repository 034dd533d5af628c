import CatalogAPI
import HTTP
import HTTPCore
import JSON
import MachineTesting
import Shop
import Storage
import Testing

@testable import Catalog

@Suite struct HoldRouteTests {
  @Test func `the client holds, commits and returns`() throws {
    try withCatalog { shop async throws in
      let product = try await shop.make("a", onHand: 5)
      let lines = [HoldLine(productID: product.id, quantity: 4)]
      let hold = try await shop.client.hold(
        key: "order:1_a-b.c~d", lines: lines, timeToLiveSeconds: 60, until: shop.soon)
      #expect(hold.state == .held && hold.expiresAt != nil)
      await #expect(throws: HoldError.shortage([Shortage(productID: product.id, wanted: 4, available: 1)])) {
        try await shop.client.hold(key: "b", lines: lines, timeToLiveSeconds: 60, until: shop.soon)
      }
      #expect(try await shop.client.commitHold(key: hold.key, until: shop.soon).state == .committed)
      await #expect(throws: HoldError.wrongState) {
        try await shop.client.releaseHold(key: hold.key, until: shop.soon)
      }
      #expect(try await shop.client.returnStock(key: hold.key, until: shop.soon).state == .returned)
      #expect(try await shop.client.releaseHold(key: "never", until: shop.soon).state == .released)
      await #expect(throws: HoldError.wrongState) {
        try await shop.client.hold(key: "never", lines: lines, timeToLiveSeconds: 60, until: shop.soon)
      }
      await #expect(throws: HoldError.unknown) {
        try await shop.client.commitHold(key: "nobody", until: shop.soon)
      }
      await #expect(throws: HoldError.keyReused) {
        try await shop.client.hold(key: "c", lines: lines, timeToLiveSeconds: 60, until: shop.soon)
        let other = [HoldLine(productID: product.id, quantity: 1)]
        try await shop.client.hold(key: "c", lines: other, timeToLiveSeconds: 60, until: shop.soon)
      }
      let books = try await shop.client.stock(of: product.id, until: shop.soon)
      #expect(books == StockLevel(onHand: 5, held: 4, sold: 0, received: 5))
      #expect(try await shop.client.stock(of: "nobody", until: shop.soon) == nil)
    }
  }

  @Test func `internal paths need the secret, and the owner's token is none`() throws {
    try withCatalog { shop async throws in
      for target in ["/internal/v1/holds", "/internal/v1/holds/k/commit", "/internal/v1/holds/k/return"] {
        #expect(try await shop.send(.post, target, "{}").status == .unauthorized)
        #expect(try await shop.admin(.post, target, "{}").status == .unauthorized)
      }
      #expect(try await shop.service(.post, "/internal/v1/holds", "{}").status.code == 422)
    }
  }

  @Test func `a wrong hold is named field by field`() throws {
    try withCatalog { shop async throws in
      func body(_ key: String, _ lines: String, _ seconds: Int) -> String {
        #"{"key":"\#(key)","lines":[\#(lines)],"timeToLiveSeconds":\#(seconds)}"#
      }
      let line = #"{"productId":"p","quantity":1}"#
      for (wrong, pointer) in [
        (body("", line, 1), "/key"), (body("a/b", line, 1), "/key"), (body("..", line, 1), "/key"),
        (body("k", "", 1), "/lines"), (body("k", line, 0), "/timeToLiveSeconds"),
        (body("k", line, CatalogLimits.holdSeconds + 1), "/timeToLiveSeconds"),
        (body("k", line + "," + line, 1), "/lines"),
        (body("k", #"{"productId":"p","quantity":0}"#, 1), "/lines/0/quantity"),
        (body("k", #"{"productId":7,"quantity":1}"#, 1), "/lines/0/productId"),
        (body(String(repeating: "k", count: CatalogLimits.holdKeyLength + 1), line, 1), "/key"),
      ] {
        let answer = try await shop.service(.post, "/internal/v1/holds", wrong)
        #expect(answer.status.code == 422 && answer.pointers == [pointer], "\(wrong)")
      }
      let lines = (0..<CatalogLimits.holdLineCount).map { #"{"productId":"p\#($0)","quantity":1}"# }
      let most = body("k", lines.joined(separator: ","), CatalogLimits.holdSeconds)
      #expect(try await shop.service(.post, "/internal/v1/holds", most).problem == .shortage)
    }
  }

  @Test func `the sweeper gives pieces back when a hold runs out`() throws {
    try withCatalog { shop async throws in
      let product = try await shop.make("a", onHand: 5)
      #expect(try await shop.get(product.id).available == 5)
      let catalog = shop.catalog
      let now = catalog.now
      let id = product.id
      let result = try await catalog.write { (connection) throws(StorageError) in
        .commit(
          try HoldBook.reserve(
            connection, key: "k", lines: [HoldLine(productID: id, quantity: 5)], milliseconds: 20, now: now))
      }
      catalog.cache.invalidate(result.touched)
      catalog.sweeper.expect(now + 20)
      while try await shop.get(product.id).available < 5 {}
      #expect(catalog.now >= now + 20)
      #expect(try await shop.client.stock(of: id, until: shop.soon)?.held == 0)
    }
  }

  @Test func `holds that ran out while the service was down are given back at its start`() throws {
    let result: Result<Void, any Error> = withLoop { machine in
      do {
        let path = machine.temporaryDirectory() + "/catalog.db"
        let first = try await CatalogFixture(machine, path: path)
        let id = try await first.make("a", onHand: 5).id
        let past = first.catalog.now - 10_000
        _ = try await first.catalog.write { (connection) throws(StorageError) in
          .commit(
            try HoldBook.reserve(
              connection, key: "k", lines: [HoldLine(productID: id, quantity: 5)], milliseconds: 1, now: past)
          )
        }
        await first.close()
        let second = try await CatalogFixture(machine, path: path)
        #expect(try await second.get(id).available == 5)
        await second.close()
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  @Test func `buyers who race for the last pieces get just those`() throws {
    try withCatalog { shop async throws in
      let product = try await shop.make("a", onHand: 5)
      var held = 0
      var short = 0
      var left = 24
      for buyer in 0..<24 {
        shop.machine.loop.spawn {
          do throws(HoldError) {
            try await shop.client.hold(
              key: "buyer-\(buyer)", lines: [HoldLine(productID: product.id, quantity: 1)],
              timeToLiveSeconds: 60, until: shop.soon)
            held += 1
          } catch {
            if case .shortage = error { short += 1 }
          }
          left -= 1
        }
      }
      while left > 0 { _ = try await shop.get(product.id) }
      #expect(held == 5 && short == 19)
    }
  }
}
