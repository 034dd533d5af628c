import Bytes
import CheckoutAPI
import HTTPCore
import JSON
import Platform
import Shop
import _Concurrency

/// What the storefront asks the checkout service, through its public routes.
final class Ordering {
  private let service: ServiceClient
  private let currency: String

  /// Over `service`, in the shop's currency.
  init(service: ServiceClient, currency: String) {
    self.service = service
    self.currency = currency
  }

  /// What became of a request for a quote.
  enum Quoted {
    case quote(Quote)
    /// Something in the form is wrong.
    case invalid([FieldError])
    /// The cart is empty.
    case cartEmpty
    /// The cart is gone, or has been ordered.
    case cartGone
  }

  /// What the form's cart would cost.
  func quote(_ form: CheckoutForm, until deadline: Instant, trace: RequestTrace) async throws(ServiceError)
    -> Quoted
  {
    var body = JSONWriter()
    body.object { object in
      object.field("cartId", form.cartID)
      object.key("shippingAddress")
      form.address.write(to: &object)
      object.field("shippingMethod", form.shippingMethod)
    }
    let answer = try await service.call(
      .post, "/api/v1/checkouts", body: body.bytes, expecting: [200, 404, 409, 422], until: deadline,
      trace: trace)
    switch answer.status {
    case 200:
      guard let quote = Quote(answer.json) else { throw .malformed }
      return .quote(quote)
    case 409: return answer.problemType == .cartOrdered ? .cartGone : .cartEmpty
    case 404: return .cartGone
    default:
      let errors = Self.errors(answer.json)
      return errors.contains { $0.pointer == "/cartId" } ? .cartGone : .invalid(errors)
    }
  }

  /// What became of an order.
  enum Placed {
    case order(id: String)
    case invalid([FieldError])
    case declined
    case priceChanged
    case shortage([LineShortage])
    case cartEmpty
    case cartGone
    /// The same form is being worked on already.
    case inFlight
    /// The form's key was used for another order.
    case keyReused
    /// The payment provider does not answer; nothing happened.
    case providerSilent
  }

  /// Orders the form's cart. Sending the same form again orders nothing more, so a call that broke off is
  /// repeated.
  func place(
    _ form: CheckoutForm, agreedTotal: Int64, until deadline: Instant, trace: RequestTrace
  ) async throws(ServiceError) -> Placed {
    var body = JSONWriter()
    body.object { object in
      object.field("cartId", form.cartID)
      object.field("email", form.email)
      object.key("shippingAddress")
      form.address.write(to: &object)
      object.field("shippingMethod", form.shippingMethod)
      object.field("payment", object: { $0.field("token", form.payment) })
      object.field("expectedTotal", Money(agreedTotal, currency))
    }
    let answer = try await service.call(
      .post, "/api/v1/orders", body: body.bytes, fields: [("idempotency-key", form.idempotencyKey)],
      expecting: [200, 201, 402, 404, 409, 422, 503], until: deadline, trace: trace)
    switch answer.status {
    case 200, 201:
      guard let id = answer.json["id"]?.string else { throw .malformed }
      return .order(id: id)
    case 402: return .declined
    case 503:
      guard answer.problemType == .providerSilent else { throw .overloaded }
      return .providerSilent
    default: break
    }
    switch answer.problemType {
    case .priceChanged: return .priceChanged
    case .shortage: return .shortage(LineShortage.list(answer.json["shortages"]))
    case .keyInFlight: return .inFlight
    case .keyReused: return .keyReused
    case .cartEmpty: return .cartEmpty
    case .cartOrdered, .notFound: return .cartGone
    case .invalid:
      let errors = Self.errors(answer.json)
      return errors.contains { $0.pointer == "/cartId" } ? .cartGone : .invalid(errors)
    default: throw .unexpected(status: answer.status)
    }
  }

  /// An order; nil when there is none with this id.
  func order(id: String, until deadline: Instant, trace: RequestTrace) async throws(ServiceError) -> Order? {
    guard Identifier.isWellFormed(id) else { return nil }
    let answer = try await service.call(
      .get, Order.path(of: id), expecting: [200, 404], until: deadline, trace: trace)
    guard answer.status == 200 else { return nil }
    guard let order = Order(answer.json) else { throw .malformed }
    return order
  }

  /// Calls an order off. False when it is too late for that; nil when there is no such order. Repeatable.
  func cancel(id: String, until deadline: Instant, trace: RequestTrace) async throws(ServiceError) -> Bool? {
    guard Identifier.isWellFormed(id) else { return nil }
    let answer = try await service.call(
      .post, Order.path(of: id) + "/cancel", expecting: [200, 404, 409], until: deadline, trace: trace)
    switch answer.status {
    case 200: return true
    case 409: return false
    default: return nil
    }
  }

  private static func errors(_ json: JSON) -> [FieldError] {
    (json["errors"]?.array ?? []).compactMap { error in
      guard let pointer = error["pointer"]?.string, let detail = error["detail"]?.string else { return nil }
      return FieldError(pointer: pointer, detail: detail)
    }
  }
}
