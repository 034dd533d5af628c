import Bytes
import CheckoutAPI
import HTTP
import HTTPCore
import JSON
import Shop
import Storage
import _Concurrency

// Each path's answer. Answers about carts and orders are never stored: their ids are bearer capabilities.
extension Checkout {
  /// `GET /shipping-methods`. Every method goes to every country that has a tax rate.
  func shippingMethods(_ call: Call<CheckoutRoute>) throws(Problem) -> Response {
    let query = call.request.query
    try Self.check(query, once: ["country"])
    if let country = query.first("country") {
      guard CountryCode.isWellFormed(country) else {
        throw .invalid("?country", "must be an ISO 3166 alpha-2 code in capitals, such as DE")
      }
      guard shop.taxRate(of: country) != nil else {
        throw .invalid("?country", "is a country the shop does not deliver to")
      }
    }
    let methods = shop.shippingMethods
    return Response.json { writer in
      writer.object { writer in
        writer.field(
          "items",
          array: { list in
            for method in methods {
              ShippingMethod(id: method.id, name: method.name, price: method.price).write(to: &list)
            }
          })
      }
    }.with("cache-control", "no-cache")
  }

  /// `POST /checkouts`.
  func quote(_ call: Call<CheckoutRoute>) async throws(Problem) -> Response {
    let request = try QuoteRequest(call.json, shop: shop)
    let quote = try await core.quoting.quote(
      cartID: request.cartID, delivery: request.delivery, trace: call.trace)
    return Response.json { quote.write(to: &$0) }.with("cache-control", "no-store")
  }

  /// `POST /orders`.
  func place(_ call: Call<CheckoutRoute>) async throws(Problem) -> Response {
    let request = call.request
    guard request.fieldCount(.idempotencyKey) == 1, let text = request.field(.idempotencyKey),
      let key = IdempotencyKey(text)
    else {
      throw Problem(
        .malformed, "Send one Idempotency-Key of 1 to 255 visible ASCII characters, new for each order.")
    }
    guard core.reconciler.isRecovered else { throw .unavailable }
    let placement = await core.desk.place(
      key: key, body: call.json, until: call.deadline, trace: call.trace)
    placements.count(placement)
    switch placement {
    case .refused(let problem): throw problem
    case .answered(let answer, let orderID, let isReplay):
      var fields: [(name: String, value: String)] = [("cache-control", "no-store")]
      if answer.status == RecordedAnswer.placed {
        fields.append(("content-type", "application/json"))
        fields.append(("location", Order.path(of: orderID)))
      } else {
        fields.append(("content-type", "application/problem+json"))
      }
      if isReplay { fields.append(("idempotency-replayed", "true")) }
      return Response(Status(answer.status), fields: fields, body: .bytes(answer.body))
    }
  }

  /// `GET /orders/{id}`.
  func order(_ call: Call<CheckoutRoute>) async throws(Problem) -> Response {
    Self.answer(try await existingOrder(call.parameters[0]))
  }

  /// `POST /orders/{id}/cancel`.
  func cancel(_ call: Call<CheckoutRoute>) async throws(Problem) -> Response {
    guard core.reconciler.isRecovered else { throw .unavailable }
    return Self.answer(try await core.desk.cancel(call.parameters[0], trace: call.trace))
  }

  /// `GET /orders`.
  func list(_ call: Call<CheckoutRoute>) async throws(Problem) -> Response {
    let query = call.request.query
    try Self.check(query, once: ["state", "limit", "cursor"])
    var errors: [FieldError] = []
    var state: OrderState?
    if let text = query.first("state") {
      state = OrderState(rawValue: text)
      if state == nil {
        let names = OrderState.allCases.map { $0.rawValue }
        errors.append(
          FieldError(pointer: "?state", detail: "must be one of " + names.joined(separator: ", ")))
      }
    }
    var limit = CheckoutLimits.defaultPageSize
    if let text = query.first("limit") {
      let isNumber = (1...3).contains(text.utf8.count) && text.utf8.allSatisfy { (48...57).contains($0) }
      if isNumber, let number = Int(text), (1...CheckoutLimits.pageSize).contains(number) {
        limit = number
      } else {
        errors.append(FieldError(pointer: "?limit", detail: "must be 1 to \(CheckoutLimits.pageSize)"))
      }
    }
    guard errors.isEmpty else { throw .invalid(errors) }
    var start: Int64?
    if let text = query.first("cursor") {
      start = cursors.decode(text, of: state)
      guard start != nil else {
        throw Problem(.malformed, "The cursor is not one of this list. Start again without, and follow next.")
      }
    }
    let page: OrderPage
    do throws(StorageError) {
      page = try await core.store.list(state: state, limit: limit, before: start)
    } catch {
      throw .unavailable
    }
    let next = page.next.map { cursors.encode($0, of: state) }
    return Response.json { writer in
      writer.object { writer in
        writer.field("items", array: { list in for order in page.orders { order.write(to: &list) } })
        writer.field("next", next)
        writer.field("total", page.total)
      }
    }.with("cache-control", "no-store")
  }

  /// The order with this id, or 404.
  func existingOrder(_ id: String) async throws(Problem) -> Order {
    guard Identifier.isWellFormed(id) else { throw .notFound("order") }
    let order: Order?
    do throws(StorageError) {
      order = try await core.store.order(id)
    } catch {
      throw .unavailable
    }
    guard let order else { throw .notFound("order") }
    return order
  }

  private static func answer(_ order: Order) -> Response {
    Response(
      .ok, fields: [("content-type", "application/json"), ("cache-control", "no-store")],
      body: .bytes(order.document))
  }

  /// 400 for a query that is not form-encoded, 422 for a parameter given twice.
  private static func check(_ query: Query, once names: [String]) throws(Problem) {
    guard !query.isMalformed else { throw Problem(.malformed, "The query is not form-encoded UTF-8.") }
    var errors: [FieldError] = []
    for name in names where query.all(name).count > 1 {
      errors.append(FieldError(pointer: "?" + name, detail: "may be given only once"))
    }
    guard errors.isEmpty else { throw .invalid(errors) }
  }
}
