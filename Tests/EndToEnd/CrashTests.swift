import Foundation
import JSON
import Testing

@testable import SoukKit

extension EndToEnd {
  @Suite struct Crashes {
    @Test func `after a stop and a start everything is there`() throws {
      var shop = try TestShop()
      let product = try #require(shop.makeProduct("Lasting Ladder", onHand: 9)["id"]?.string)
      let before = try shop.client.get("/api/v1/products?limit=1").json["total"]
      let open = try Buyer(shop)
      try open.put(product, 2)
      let buyer = try Buyer(shop)
      try buyer.put(product, 4)
      let order = try buyer.buy()
      try #require(order.status == 201, "\(order.text)")

      shop = try shop.restarted()
      let read = try shop.client.get(#require(order.field("location")))
      #expect(read.status == 200)
      #expect(read.json["total"] == order.json["total"])
      #expect(try shop.client.get("/api/v1/carts/\(open.cart)").json["items"]?.array?.count == 1)
      #expect(try shop.available(product) == 5)
      #expect(try shop.client.get("/api/v1/products?limit=1").json["total"] == before)
    }

    @Test func `a stop waits for the answer to a request in flight`() throws {
      let shop = try TestShop()
      let product = try #require(shop.makeProduct("Patient Pan", onHand: 1)["id"]?.string)
      let answers = concurrently(2) { index in
        Result { () throws -> Int in
          if index == 0 {
            // A provider that never answers: the order is under way for five seconds.
            let buyer = try Buyer(shop)
            try buyer.put(product, 1)
            return try buyer.buy(token: "tok_timeout").status
          }
          // Once the piece is held, the order is in flight.
          try persistently {
            guard try shop.available(product) == 0 else { throw NotYet() }
          }
          return Int(try CommandLineTool.run(["down", "--data", shop.folder]).exitCode)
        }
      }
      #expect(try answers[0].get() == 503)
      #expect(try answers[1].get() == 0)
      #expect(try shop.startedAgain().available(product) == 1)
    }

    @Test(arguments: ServiceKind.allCases.map(\.rawValue))
    func `a service killed in the middle of orders loses none and sells nothing twice`(_ victim: String)
      throws
    {
      let shop = try TestShop()
      let received: Int64 = 400
      let product = try #require(shop.makeProduct("Kill Kettle", onHand: Int(received))["id"]?.string)
      let progress = Progress()
      // The last thread kills when the others have orders behind them, twice, and ends the shopping.
      let answers = concurrently(5) { index in
        Result { () throws -> [String] in
          guard index == 4 else { return try keepBuying(product, in: shop, progress) }
          defer { progress.finish() }
          var killed: Int32?
          for round in 1...2 {
            progress.wait(until: round * 12)
            // Orders may have run ahead: the second time it must be there again, and be another one.
            killed = try persistently {
              guard let process = try shop.runningProcess(victim), process != killed else { throw NotYet() }
              return process
            }
            kill(killed!, SIGKILL)
          }
          progress.wait(until: 40)
          return []
        }
      }
      let places = try answers.flatMap { try $0.get() }
      #expect(places.count >= 40)
      #expect(Set(places).count == places.count)

      let client = shop.client
      for place in places {
        let order = try client.get(place)
        #expect(order.status == 200)
        #expect(order.json["state"]?.string == "captured")
      }
      // Every attempt was answered, so nothing is held any more and nothing was sold but what was answered.
      let orders = try shop.orders()
      #expect(
        orders.allSatisfy { !["pending", "reserved", "authorised"].contains($0["state"]?.string ?? "") })
      let sold = soldPieces(of: product, in: orders)
      #expect(sold == Int64(places.count))
      #expect(try shop.available(product) + sold == received)
      let row = try #require(shop.status()["services"]?.array?.first { $0["service"]?.string == victim })
      #expect(row["restarts"]?.integer == 2)
    }

    @Test func `a shop whose supervisor was killed takes its services along, and starts again`() throws {
      let shop = try TestShop()
      let product = try #require(shop.makeProduct("Orphan Oven", onHand: 3)["id"]?.string)
      let status = try shop.status()
      let supervisor = try Int32(#require(status["supervisor"]?.integer))
      let services = status["services"]?.array?.compactMap { $0["pid"]?.integer.map(Int32.init) } ?? []
      let watched = services.compactMap { ProcessIdentity(pid: $0) }
      try #require(watched.count == 4)
      let end = EndOfProcess(supervisor)
      kill(supervisor, SIGKILL)
      #expect(end.wait(milliseconds: 20_000))
      #expect(try CommandLineTool.run(["status", "--data", shop.folder]).exitCode == ExitCode.notRunning)
      let again = try shop.startedAgain()
      #expect(watched.allSatisfy { !$0.isAlive })
      #expect(try again.available(product) == 3)
    }
  }
}

/// Buys one piece at a time until told to stop. An order without an answer is asked for again under its key;
/// so is one that was answered with "not now".
func keepBuying(_ product: String, in shop: TestShop, _ progress: Progress) throws -> [String] {
  var places: [String] = []
  while !progress.isFinished {
    let buyer = try persistently { try Buyer(shop) }
    try persistently {
      let answer = try buyer.put(product, 1)
      guard answer.status == 200 else { throw NotNow(answer) }
    }
    let total = try persistently {
      let answer = try buyer.quote()
      guard answer.status == 200, let total = answer.json["total"] else { throw NotNow(answer) }
      return total
    }
    let key = UUID().uuidString
    let order = buyer.order(total: total)
    let place = try persistently {
      let answer = try buyer.send(order, key: key)
      guard answer.status == 201, let place = answer.field("location") else { throw NotNow(answer) }
      return place
    }
    places.append(place)
    progress.count()
  }
  return places
}

private struct NotYet: Error {}

/// What a client may try again.
struct NotNow: Error, CustomStringConvertible {
  let description: String
  init(_ answer: Client.Answer) { description = "\(answer.status) \(answer.text)" }
}

/// Tries until it works; a shop that does not come back is an error with its last words.
func persistently<T>(_ body: () throws -> T) throws -> T {
  let deadline = ContinuousClock.now + .seconds(60)
  while true {
    do {
      return try body()
    } catch {
      guard ContinuousClock.now < deadline else { throw error }
      sched_yield()
    }
  }
}

/// Counts orders across threads.
final class Progress: Sendable {
  private let condition = NSCondition()
  // Both are touched only under `condition`.
  // Both touched under the condition's lock only.
  nonisolated(unsafe) private var orders = 0
  nonisolated(unsafe) private var isOver = false

  func count() {
    condition.withLock {
      orders += 1
      condition.broadcast()
    }
  }

  /// Returns when there are `count` orders; gives up after two minutes, and the expectations tell.
  func wait(until count: Int) {
    let deadline = Date(timeIntervalSinceNow: 120)
    condition.withLock {
      while orders < count, condition.wait(until: deadline) {}
    }
  }

  func finish() { condition.withLock { isOver = true } }
  var isFinished: Bool { condition.withLock { isOver } }
}
