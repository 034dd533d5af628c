import Bytes
import CheckoutAPI
import HTTPCore
import JSON
import Shop

/// What the storefront asks the checkout service, through its public routes.
enum Ordering {
  /// What would the form's cart cost?
  @inline(never)
  static func quoting(_ form: CheckoutForm) -> ServiceCall {
    var body = JSONWriter()
    body.object { form.write(to: &$0) }
    return ServiceCall(.post, "/api/v1/checkouts", body: body.bytes, expecting: [200, 404, 409, 422])
  }

  /// Order the form's cart. Sending the same form again orders nothing more, so a call that broke off is repeated.
  @inline(never)
  static func placing(_ form: CheckoutForm, _ total: Money) -> ServiceCall {
    var body = JSONWriter()
    body.object { object in
      form.write(to: &object)
      object.field("email", form[.email])
      object.field("payment", object: { $0.field("token", form[.payment]) })
      object.field("expectedTotal", total)
    }
    return ServiceCall(
      .post, "/api/v1/orders", body: body.bytes, fields: [("idempotency-key", form[.key])],
      expecting: [200, 201, 402, 404, 409, 422, 503])
  }

  /// Show an order. A malformed id names none.
  static func showing(_ id: String) throws(PageError) -> ServiceCall {
    guard Identifier.isWellFormed(id) else { throw .notice(.notFound, .notFound) }
    return ServiceCall(.get, Order.path(of: id), expecting: [200, 404])
  }

  /// Call an order off. 409 when it is too late for that. Repeatable.
  static func cancelling(_ id: String) throws(PageError) -> ServiceCall {
    guard Identifier.isWellFormed(id) else { throw .notice(.notFound, .notFound) }
    return ServiceCall(.post, Order.path(of: id) + "/cancel", expecting: [200, 404, 409])
  }

  /// The order that was to be shown.
  static func order(_ answer: ServiceAnswer) throws(PageError) -> Order {
    guard answer.status == 200 else { throw .notice(.notFound, .notFound) }
    var members = JSONMembers(answer.json)
    let order = Order(&members)
    guard members.isComplete else { throw .service(.malformed) }
    return order
  }
}

// What the checkout service's answers mean for the page.
extension CheckoutPage {
  /// Takes the answer to `placing`; nil when none came that can be used. `newKey` is for another try after an answer that
  /// is recorded under the old one.
  @inline(never)
  func take(placed answer: ServiceAnswer?, newKey: String) {
    guard let answer else { return tell(.brokenOff, .serviceUnavailable, maySendAgain: true) }
    switch answer.status {
    case 200, 201:
      orderID = JSONMembers(answer.json).optionalString("id")
      if orderID == nil { take(placed: nil, newKey: newKey) }
      return
    case 402:
      form[.key] = newKey
      return tell(.declined, .paymentRequired)
    default: break
    }
    switch answer.problemType {
    case .priceChanged: tell(.priceChanged, .conflict)
    case .shortage: tell(.shortage, .conflict)
    case .keyInFlight: tell(.inFlight, .conflict)
    case .keyReused:
      form[.key] = newKey
      tell(.changed, .conflict)
    case .providerSilent: tell(.silent, .serviceUnavailable, maySendAgain: true)
    case .cartEmpty, .cartOrdered, .notFound: isCartGone = true
    case .invalid: take(errors: answer.json)
    default: take(placed: nil, newKey: newKey)
    }
  }

  /// Takes the answer to `quoting`; nil when none came that can be used. Whatever happened to an order stays on the page;
  /// a quote alone that fails is said on it, too.
  @inline(never)
  func take(quoted answer: ServiceAnswer?) {
    switch answer?.status {
    case 200: take(quote: JSONMembers(answer?.json ?? .null))
    case 404, 409: isCartGone = true
    case 422: take(errors: answer?.json ?? .null)
    default: break
    }
    if offer == nil, note == nil, errors.isEmpty { tell(.noQuote, .serviceUnavailable) }
  }

  private func take(quote members: JSONMembers) {
    var members = members
    let quote = Quote(&members)
    guard members.isComplete else { return }
    take(quote)
    if note == nil && !quote.shortages.isEmpty { note = .shortage }
  }

  private func take(errors json: JSON) {
    for error in json["errors"]?.array ?? [] {
      var members = JSONMembers(error)
      let pointer = members.string("pointer")
      let detail = members.string("detail")
      guard members.isComplete else { continue }
      if pointer == "/cartId" { isCartGone = true }
      errors.append((CheckoutForm.Field(pointer: pointer)?.name ?? "main", detail))
    }
    if status == .ok { status = .unprocessableContent }
  }
}
