import CatalogAPI
import MachineTesting
import Storage
import Testing

@testable import Catalog

/// What holds and stock should do, in the plainest way: every hold that is due runs out before anything happens.
private struct Model {
  struct Entry {
    var state: HoldState
    var lines: [Int: Int64]
    var expiresAt: Int64
  }

  var onHand: [Int64]
  var held: [Int64]
  var sold: [Int64]
  var holds: [String: Entry] = [:]

  mutating func expireDue(at now: Int64) {
    for (key, hold) in holds where hold.state == .held && hold.expiresAt <= now {
      for (product, quantity) in hold.lines { held[product] -= quantity }
      holds[key]?.state = .expired
    }
  }

  func isShort(_ lines: [Int: Int64]) -> Bool {
    lines.contains { onHand[$0.key] - held[$0.key] < $0.value }
  }

  mutating func reserve(_ key: String, _ lines: [Int: Int64], until expiresAt: Int64) -> String {
    if let hold = holds[key] {
      if hold.state == .released || hold.state == .returned { return "wrong state" }
      if hold.lines != lines { return "reused" }
      if hold.state != .expired { return hold.state.rawValue }
    }
    if isShort(lines) { return "shortage" }
    for (product, quantity) in lines { held[product] += quantity }
    holds[key] = Entry(state: .held, lines: lines, expiresAt: expiresAt)
    return "held"
  }

  mutating func commit(_ key: String) -> String {
    guard let hold = holds[key] else { return "unknown" }
    switch hold.state {
    case .committed: return "committed"
    case .released, .returned: return "wrong state"
    case .expired where isShort(hold.lines): return "shortage"
    case .held, .expired: break
    }
    for (product, quantity) in hold.lines {
      if hold.state == .held { held[product] -= quantity }
      onHand[product] -= quantity
      sold[product] += quantity
    }
    holds[key]?.state = .committed
    return "committed"
  }

  mutating func release(_ key: String) -> String {
    guard let hold = holds[key] else {
      holds[key] = Entry(state: .released, lines: [:], expiresAt: 0)
      return "released"
    }
    if hold.state == .committed { return "wrong state" }
    if hold.state == .returned { return "returned" }
    if hold.state == .held { for (product, quantity) in hold.lines { held[product] -= quantity } }
    holds[key]?.state = .released
    return "released"
  }

  mutating func giveBack(_ key: String) -> String {
    guard let hold = holds[key] else { return "unknown" }
    if hold.state == .returned { return "returned" }
    guard hold.state == .committed else { return "wrong state" }
    for (product, quantity) in hold.lines {
      onHand[product] += quantity
      sold[product] -= quantity
    }
    holds[key]?.state = .returned
    return "returned"
  }

  mutating func setStock(_ product: Int, _ count: Int64) -> String {
    if count < held[product] { return "held" }
    onHand[product] = count
    return "set"
  }
}

private func word(_ result: HoldResult) -> String {
  switch result.answer {
  case .hold(let hold, _): hold.state.rawValue
  case .shortage: "shortage"
  case .keyReused: "reused"
  case .wrongState: "wrong state"
  case .unknown: "unknown"
  }
}

/// Plays `count` random steps against tables and model; answers what differed, in words.
private func play(_ connection: Connection, seed: UInt64, steps count: Int) throws(StorageError) -> [String] {
  let random = SeededEntropy(seed: seed)
  func pick(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
  let store = ProductStore(currency: "EUR")
  let start: [Int64] = [4, 7, 1]
  var model = Model(onHand: start, held: [0, 0, 0], sold: [0, 0, 0])
  var rows: [Int64] = []
  for (index, pieces) in start.enumerated() {
    let input = ProductInput(sku: "s\(index)", name: "n", description: "", tags: [], priceMinor: 1)
    _ = try store.create(connection, id: "p\(index)", input, onHand: pieces, now: 0)
    rows.append(try store.row(connection, id: "p\(index)") ?? -1)
  }
  var wrong: [String] = []
  var now: Int64 = 0
  for step in 0..<count {
    now += Int64(pick(40))
    model.expireDue(at: now)
    let key = "k\(pick(12) + step / 60 * 12)"
    let expected: String
    let found: String
    var isSwept = false
    switch pick(10) {
    case 0...3:
      var lines: [Int: Int64] = [:]
      for _ in 0...pick(2) { lines[pick(3)] = Int64(1 + pick(3)) }
      let milliseconds = Int64(20 + pick(200))
      expected = model.reserve(key, lines, until: now + milliseconds)
      found = word(
        try HoldBook.reserve(
          connection, key: key,
          lines: lines.map { HoldLine(productID: "p\($0.key)", quantity: Int($0.value)) },
          milliseconds: milliseconds, now: now))
    case 4, 5:
      expected = model.commit(key)
      found = word(try HoldBook.commit(connection, key: key, now: now))
    case 6:
      expected = model.release(key)
      found = word(try HoldBook.release(connection, key: key, now: now))
    case 7:
      expected = model.giveBack(key)
      found = word(try HoldBook.returnStock(connection, key: key, now: now))
    case 8:
      let product = pick(3)
      let pieces = Int64(pick(10))
      expected = model.setStock(product, pieces)
      _ = try HoldBook.expireAll(
        connection, of: [WantedPieces(product: rows[product], id: "p\(product)", quantity: 0)], now: now)
      let answer = try store.setStock(connection, row: rows[product], .onHand(pieces))
      if case .stockHeld = answer { found = "held" } else { found = "set" }
    default:
      expected = "swept"
      found = try HoldBook.sweep(connection, now: now).nextExpiry.map { $0 > now } ?? true ? "swept" : "left"
      isSwept = true
    }
    if expected != found { wrong.append("seed \(seed) step \(step): \(found) instead of \(expected)") }
    for product in 0..<3 {
      guard let level = try store.stock(connection, id: "p\(product)") else { continue }
      if !level.isSound { wrong.append("seed \(seed) step \(step): unsound \(level)") }
      // Before a sweep the tables may still count pieces whose time is over, but never too few.
      let isHeldRight =
        isSwept ? level.held == Int(model.held[product]) : level.held >= Int(model.held[product])
      if !isHeldRight || level.onHand != Int(model.onHand[product])
        || level.sold != Int(model.sold[product])
      {
        wrong.append("seed \(seed) step \(step): product \(product) has \(level)")
      }
    }
    if wrong.count > 3 { break }
  }
  return wrong
}

@Suite struct HoldPropertyTests {
  @Test(arguments: [1, 2, 3, 20_261_123, 0xdead_beef] as [UInt64])
  func `under any interleaving holds agree with the model and the books add up`(seed: UInt64) throws {
    let wrong = try withTables { (connection) throws(StorageError) in
      try play(connection, seed: seed, steps: 1500)
    }
    #expect(wrong.isEmpty)
  }
}
