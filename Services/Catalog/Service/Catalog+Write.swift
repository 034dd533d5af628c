import Bytes
import CatalogAPI
import HTTP
import HTTPCore
import JSON
import Shop
import Storage
import _Concurrency

// What the owner writes.
extension Catalog {
  /// `POST /products`.
  func create(_ call: Call<CatalogRoute>) async throws(Problem) -> Response {
    var body = BodyReader(call.json)
    let input = ProductInput.read(&body, currency: store.currency)
    let onHand = body.optionalInteger("onHand", in: 0...CatalogLimits.stockCount) ?? 0
    try body.check()
    let id = makeID()
    let now = now
    let store = store
    let answer = try await write { (connection) throws(StorageError) in
      let answer = try store.create(connection, id: id, input, onHand: onHand, now: now)
      return .commit(answer)
    }
    return try respond(to: answer, id: id, created: true)
  }

  /// `PUT /products/{id}`.
  func replace(_ call: Call<CatalogRoute>) async throws(Problem) -> Response {
    var body = BodyReader(call.json)
    let input = ProductInput.read(&body, currency: store.currency)
    let isValid = body.isValid
    let answer = try await edit(call, conditional: true) { store, connection, row, now throws(StorageError) in
      guard isValid else { return .invalid }
      return try store.replace(connection, row: row, input, now: now)
    }
    if case .invalid = answer { try body.check() }
    return try respond(to: answer, id: call.parameters[0])
  }

  /// `DELETE /products/{id}`.
  func delete(_ call: Call<CatalogRoute>) async throws(Problem) -> Response {
    let answer = try await edit(call, conditional: true) { store, connection, row, now throws(StorageError) in
      try store.delete(connection, row: row, now: now)
      return .done
    }
    return try respond(to: answer, id: call.parameters[0])
  }

  /// `PUT /products/{id}/stock`.
  func changeStock(_ call: Call<CatalogRoute>) async throws(Problem) -> Response {
    var body = BodyReader(call.json)
    let change = StockChange.read(&body)
    try body.check()
    let id = call.parameters[0]
    let now = now
    let store = store
    let result = try await write { (connection) throws(StorageError) in
      guard let row = try store.row(connection, id: id) else {
        return .rollback(StockResult(answer: .notFound, touched: []))
      }
      let touched = try HoldBook.expireAll(
        connection, of: [WantedPieces(product: row, id: id, quantity: 0)], now: now)
      let answer = try store.setStock(connection, row: row, change)
      return .commit(StockResult(answer: answer, touched: touched))
    }
    cache.invalidate(result.touched)
    return try respond(to: result.answer, id: id)
  }

  private struct StockResult: Sendable {
    var answer: WriteAnswer
    var touched: [String]
  }

  /// `PUT /products/{id}/image`.
  func setPicture(_ call: Call<CatalogRoute>) async throws(Problem) -> Response {
    let type = call.request.field(.contentType) ?? ""
    guard let format = PictureFormat.allCases.first(where: { MediaType.matches(type, $0.rawValue) }),
      format.matches(call.body)
    else {
      throw .invalid("", "is not a picture of the kind that Content-Type names")
    }
    let bytes = call.body
    let answer = try await edit(call, conditional: false) { store, connection, row, _ throws(StorageError) in
      // Hashed here, away from the loop: it may be large.
      try store.setPicture(connection, row: row, Picture(format, bytes))
      return .done
    }
    return try respond(to: answer, id: call.parameters[0])
  }

  // MARK: Parts

  /// Runs `change` on the product that the path names, if it is on sale and, when `conditional`, If-Match names
  /// its version. Whatever is not done is undone.
  private func edit(
    _ call: Call<CatalogRoute>, conditional: Bool,
    _ change:
      @escaping @Sendable (ProductStore, Connection, Int64, _ now: Int64) throws(StorageError) -> WriteAnswer
  ) async throws(Problem) -> WriteAnswer {
    let id = call.parameters[0]
    let precondition = conditional ? call.request.entityTags(.ifMatch) : nil
    let now = now
    let store = store
    return try await write { (connection) throws(StorageError) in
      guard let record = try store.product(connection, id: id) else { return .rollback(.notFound) }
      if conditional {
        guard let precondition else { return .rollback(.preconditionRequired) }
        guard precondition.names(version: record.product.version) else { return .rollback(.stale) }
      }
      let answer = try change(store, connection, record.row, now)
      switch answer {
      case .product, .done: return .commit(answer)
      default: return .rollback(answer)
      }
    }
  }

  /// Forgets the product if it was written, and answers.
  private func respond(
    to answer: WriteAnswer, id: String, created: Bool = false
  ) throws(Problem) -> Response {
    switch answer {
    case .product(let product):
      cache.invalidate(id)
      var response = Response.json(created ? .created : .ok) { product.write(to: &$0) }
      if created { response.set("location", Product.path(of: id)) }
      return response.with("etag", product.entityTag)
    case .done:
      cache.invalidate(id)
      return Response(.noContent)
    case .notFound: throw .notFound("product")
    case .preconditionRequired: throw .preconditionRequired
    case .stale: throw .preconditionFailed
    case .invalid: throw .invalid("", "is wrong")
    case .skuTaken:
      throw Problem(.skuTaken, "Another product has this SKU. Choose another, or change that product.")
    case .stockHeld(let held):
      throw Problem(
        .stockHeld, "\(held) pieces are held for orders. Ask for at least that many, or try again later.")
    case .tooMany:
      throw .invalid("/adjust", "must not lead to more than \(CatalogLimits.stockCount) pieces")
    }
  }
}

extension EntityTagCondition {
  /// Whether an If-Match holds for a product of this version, whatever was available when its tag was made.
  func names(version: Int) -> Bool {
    switch self {
    case .any: return true
    case .malformed: return false
    case .tags(let tags):
      let prefix = "\(version)-".utf8
      return tags.contains { !$0.isWeak && $0.opaque.utf8.starts(with: prefix) }
    }
  }
}
