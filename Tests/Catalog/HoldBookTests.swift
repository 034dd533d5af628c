import CatalogAPI
import MachineTesting
import Storage
import Testing

@testable import Catalog

/// Products `p0`, `p1`, … with so many pieces.
private func stock(_ connection: Connection, _ pieces: [Int64]) throws(StorageError) {
  let store = ProductStore(currency: "EUR")
  for (index, count) in pieces.enumerated() {
    let input = ProductInput(
      sku: "s\(index)", name: "n\(index)", description: "", tags: [], priceMinor: 100)
    _ = try store.create(connection, id: "p\(index)", input, onHand: count, now: 0)
  }
}

private func books(_ connection: Connection, _ id: String) throws(StorageError) -> [Int] {
  guard let level = try ProductStore(currency: "EUR").stock(connection, id: id) else { return [] }
  return [level.onHand, level.held, level.sold, level.received]
}

@Suite struct HoldBookTests {
  @Test func `a hold takes all of its lines or none`() throws {
    let (answer, levels) = try withTables { (connection) throws(StorageError) in
      try stock(connection, [5, 1])
      let result = try HoldBook.reserve(
        connection, key: "k",
        lines: [HoldLine(productID: "p0", quantity: 3), HoldLine(productID: "p1", quantity: 2)],
        milliseconds: 1000, now: 0)
      return (result, try books(connection, "p0"))
    }
    #expect(answer.answer == .shortage([Shortage(productID: "p1", wanted: 2, available: 1)]))
    #expect(answer.touched.isEmpty)
    #expect(levels == [5, 0, 0, 5])
  }

  @Test func `a product that is not on sale is short`() throws {
    let answer = try withTables { (connection) throws(StorageError) in
      try HoldBook.reserve(
        connection, key: "k", lines: [HoldLine(productID: "nobody", quantity: 1)], milliseconds: 1000, now: 0)
    }
    #expect(answer.answer == .shortage([Shortage(productID: "nobody", wanted: 1, available: 0)]))
  }

  @Test func `the same key and lines get the same answer and other lines are refused`() throws {
    let answers = try withTables { (connection) throws(StorageError) in
      try stock(connection, [5, 5])
      var answers: [HoldAnswer] = []
      let lines = [HoldLine(productID: "p0", quantity: 3), HoldLine(productID: "p1", quantity: 1)]
      for (lines, now) in [(lines, 0), (lines.reversed(), 400), ([lines[0]], 500)] as [([HoldLine], Int64)] {
        answers.append(
          try HoldBook.reserve(connection, key: "k", lines: lines, milliseconds: 1000, now: now).answer)
      }
      let taken = try books(connection, "p0")
      #expect(taken == [5, 3, 0, 5])
      return answers
    }
    let hold = Hold(key: "k", state: .held, expiresAt: .init(milliseconds: 1000))
    #expect(answers == [.hold(hold, isNew: true), .hold(hold, isNew: false), .keyReused])
  }

  @Test func `a reservation that arrives after its release leaks no stock`() throws {
    let (late, levels) = try withTables { (connection) throws(StorageError) in
      try stock(connection, [5])
      _ = try HoldBook.release(connection, key: "k", now: 0)
      let late = try HoldBook.reserve(
        connection, key: "k", lines: [HoldLine(productID: "p0", quantity: 3)], milliseconds: 1000, now: 1)
      return (late, try books(connection, "p0"))
    }
    #expect(late.answer == .wrongState(.released))
    #expect(levels == [5, 0, 0, 5])
  }

  @Test func `commit sells once and return gives back once`() throws {
    let seen = try withTables { (connection) throws(StorageError) in
      try stock(connection, [5])
      var seen: [[Int]] = []
      _ = try HoldBook.reserve(
        connection, key: "k", lines: [HoldLine(productID: "p0", quantity: 3)], milliseconds: 1000, now: 0)
      for _ in 0..<2 {
        _ = try HoldBook.commit(connection, key: "k", now: 1)
        seen.append(try books(connection, "p0"))
      }
      let release = try HoldBook.release(connection, key: "k", now: 2)
      #expect(release.answer == .wrongState(.committed))
      for _ in 0..<2 {
        _ = try HoldBook.returnStock(connection, key: "k", now: 3)
        seen.append(try books(connection, "p0"))
      }
      return seen
    }
    #expect(seen == [[2, 0, 3, 5], [2, 0, 3, 5], [5, 0, 0, 5], [5, 0, 0, 5]])
  }

  @Test func `a hold that ran out counts for nobody, and commits only if the pieces are still there`() throws
  {
    try withTables { (connection) throws(StorageError) in
      try stock(connection, [3])
      let lines = [HoldLine(productID: "p0", quantity: 2)]
      _ = try HoldBook.reserve(connection, key: "a", lines: lines, milliseconds: 1000, now: 0)
      // Nobody swept: the next one who wants the pieces gets them all the same.
      let second = try HoldBook.reserve(connection, key: "b", lines: lines, milliseconds: 1000, now: 1000)
      #expect(
        second.answer
          == .hold(Hold(key: "b", state: .held, expiresAt: .init(milliseconds: 2000)), isNew: true))
      let short = HoldAnswer.shortage([Shortage(productID: "p0", wanted: 2, available: 1)])
      let late = try HoldBook.commit(connection, key: "a", now: 1500)
      #expect(late.answer == short)
      let before = try books(connection, "p0")
      #expect(before == [3, 2, 0, 3])
      // The other runs out too; now the first is taken again.
      guard case .hold(let hold, _) = try HoldBook.commit(connection, key: "a", now: 2000).answer else {
        Issue.record("not committed")
        return
      }
      #expect(hold.state == .committed)
      let after = try books(connection, "p0")
      #expect(after == [1, 0, 2, 3])
    }
  }

  @Test func `the pieces of a deleted product come back to it`() throws {
    let levels = try withTables { (connection) throws(StorageError) in
      try stock(connection, [3])
      let store = ProductStore(currency: "EUR")
      _ = try HoldBook.reserve(
        connection, key: "a", lines: [HoldLine(productID: "p0", quantity: 2)], milliseconds: 1000, now: 0)
      guard let row = try store.row(connection, id: "p0") else { throw .corrupt }
      try store.delete(connection, row: row, now: 1)
      _ = try HoldBook.commit(connection, key: "a", now: 2)
      _ = try HoldBook.returnStock(connection, key: "a", now: 3)
      return try books(connection, "p0")
    }
    #expect(levels == [3, 0, 0, 3])
  }

  @Test func `the sweeper forgets spent keys after thirty days`() throws {
    try withTables { (connection) throws(StorageError) in
      try stock(connection, [3])
      _ = try HoldBook.release(connection, key: "old", now: 0)
      _ = try HoldBook.sweep(connection, now: CatalogLimits.tombstoneMilliseconds - 1)
      let young = try HoldBook.find(connection, key: "old")
      #expect(young != nil)
      // A start only ends holds.
      _ = try HoldBook.expireDue(connection, now: CatalogLimits.tombstoneMilliseconds)
      let kept = try HoldBook.find(connection, key: "old")
      #expect(kept != nil)
      _ = try HoldBook.sweep(connection, now: CatalogLimits.tombstoneMilliseconds)
      let old = try HoldBook.find(connection, key: "old")
      #expect(old == nil)
    }
  }

  @Test func `a pass of the sweeper is bounded and says that more is due`() throws {
    let passes = try withTables { (connection) throws(StorageError) in
      try stock(connection, [1000])
      for index in 0..<(CatalogLimits.sweepSize + 1) {
        _ = try HoldBook.reserve(
          connection, key: "k\(index)", lines: [HoldLine(productID: "p0", quantity: 1)], milliseconds: 10,
          now: 0)
      }
      let first = try HoldBook.sweep(connection, now: 10)
      let second = try HoldBook.sweep(connection, now: 10)
      return [first.nextExpiry, second.nextExpiry]
    }
    #expect(passes == [10, nil])
  }

  @Test func `stock that returned pieces led over its limit can be counted down, and not up`() throws {
    let limit = CatalogLimits.stockCount
    let (more, fewer) = try withTables { (connection) throws(StorageError) in
      try stock(connection, [limit])
      let store = ProductStore(currency: "EUR")
      let row = try store.owner(connection, ofSKU: "s0") ?? 0
      _ = try HoldBook.reserve(
        connection, key: "k", lines: [HoldLine(productID: "p0", quantity: 3)], milliseconds: 1000, now: 0)
      _ = try HoldBook.commit(connection, key: "k", now: 0)
      _ = try store.setStock(connection, row: row, .onHand(limit))
      _ = try HoldBook.returnStock(connection, key: "k", now: 0)
      _ = try store.setStock(connection, row: row, .adjust(1))
      let more = try books(connection, "p0")
      _ = try store.setStock(connection, row: row, .adjust(-1))
      return (more, try books(connection, "p0"))
    }
    #expect(more == [Int(limit) + 3, 0, 0, Int(limit) + 3])
    #expect(fewer == [Int(limit) + 2, 0, 0, Int(limit) + 2])
  }
}
