import Bytes
import CatalogAPI
import HTTP
import HTTPCore
import JSON
import Shop
import Storage
import _Concurrency

// What Checkout asks on the internal routes.
extension Catalog {
  /// `POST /internal/v1/holds`.
  func reserve(_ call: Call<CatalogRoute>) async throws(Problem) -> Response {
    var body = BodyReader(call.json)
    let key = body.string("key", length: 1...CatalogLimits.holdKeyLength)
    let lines = body.objects("lines", count: 1...CatalogLimits.holdLineCount) { line in
      HoldLine(
        productID: line.string("productId", length: 1...64),
        quantity: Int(line.integer("quantity", in: 1...Int64(CatalogLimits.holdQuantity))))
    }
    if body.isValid && !Self.isHoldKey(key) {
      body.fail("key", "must be of letters, digits, -, _, ., ~ and :")
    }
    let seconds = body.integer("timeToLiveSeconds", in: 1...Int64(CatalogLimits.holdSeconds))
    if body.isValid && Set(lines.map { $0.productID }).count < lines.count {
      body.fail("lines", "must name each product once")
    }
    try body.check()
    let now = now
    let result = try await write { (connection) throws(StorageError) in
      .commit(
        try HoldBook.reserve(
          connection, key: key, lines: lines, milliseconds: seconds * 1_000, now: now))
    }
    return try respond(to: result)
  }

  /// Whether a key can stand in a path as it is.
  private static func isHoldKey(_ key: String) -> Bool {
    guard (1...CatalogLimits.holdKeyLength).contains(key.utf8.count), key != ".", key != ".." else {
      return false
    }
    return key.utf8.allSatisfy {
      switch $0 {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
        UInt8(ascii: "~"), UInt8(ascii: ":"):
        true
      default: false
      }
    }
  }

  /// `POST /internal/v1/holds/{key}/commit`, `/release`, `/return`.
  func settle(_ call: Call<CatalogRoute>) async throws(Problem) -> Response {
    let key = call.parameters[0]
    guard Self.isHoldKey(key) else { throw .notFound("hold") }
    let route = call.route
    let now = now
    let result = try await write { (connection) throws(StorageError) in
      switch route {
      case .commit: .commit(try HoldBook.commit(connection, key: key, now: now))
      case .release: .commit(try HoldBook.release(connection, key: key, now: now))
      default: .commit(try HoldBook.returnStock(connection, key: key, now: now))
      }
    }
    return try respond(to: result)
  }

  /// `GET /internal/v1/stock/{id}`.
  func stockLevel(_ call: Call<CatalogRoute>) async throws(Problem) -> Response {
    let id = call.parameters[0]
    let store = store
    let found = try await read { (connection) throws(StorageError) in
      try store.stock(connection, id: id)
    }
    guard let level = found else { throw .notFound("product") }
    return Response.json { writer in
      writer.object { object in
        object.field("onHand", level.onHand)
        object.field("held", level.held)
        object.field("sold", level.sold)
        object.field("received", level.received)
      }
    }.with("cache-control", "no-store")
  }

  private func respond(to result: HoldResult) throws(Problem) -> Response {
    cache.invalidate(result.touched)
    switch result.answer {
    case .hold(let hold, let isNew):
      if hold.state == .held, let expiresAt = hold.expiresAt { sweeper.expect(expiresAt.milliseconds) }
      return Response.json(isNew ? .created : .ok) { hold.write(to: &$0) }
        .with("cache-control", "no-store")
    case .shortage(let shortages):
      throw Problem(.shortage, "There are not enough pieces. Order fewer, or come back later.")
        .with("shortages") { writer in
          writer.array { list in for shortage in shortages { shortage.write(to: &list) } }
        }
    case .keyReused: throw Problem(.keyReused, "The key names a hold of other lines. Use another key.")
    case .wrongState(let state):
      throw Problem(.wrongState, "The hold is \(state.rawValue). Use another key for another hold.")
    case .unknown: throw .notFound("hold")
    }
  }
}
