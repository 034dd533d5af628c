import Bytes
import EventLoop
import HTTP
import HTTPCore
import JSON
import Platform
import Shop
import _Concurrency

/// How other services ask the cart service. Every call carries a deadline and is idempotent, so that one that
/// broke off is tried again within `ServiceClient`'s budget; only `create` is not.
public final class CartClient {
  let service: ServiceClient

  /// A client over `http`'s connections. `secret` is the shop's internal secret.
  public init(http: HTTPClient, secret: String, loop: EventLoop) {
    service = ServiceClient(http: http, secret: secret, loop: loop)
  }

  // MARK: For Checkout, on the internal routes

  /// What a cart holds; `ordered` when it has become an order; `gone` when there is none.
  public func cart(
    id: String, until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(ServiceError) -> CartLookup {
    guard Identifier.isWellFormed(id) else { return .gone }
    let answer = try await service.call(
      .get, "/internal/v1/carts/" + id, isInternal: true, expecting: [200, 404, 409], until: deadline,
      trace: trace)
    switch answer.status {
    case 200:
      guard let contents = CartContents(answer.json) else { throw .malformed }
      return .open(contents)
    case 409: return .ordered
    default: return .gone
    }
  }

  /// Says that the cart has become the order `orderID`; it is 404 for its owner afterwards. Idempotent by order.
  public func consume(
    id: String, orderID: String, until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(ServiceError) -> CartConsumption {
    guard Identifier.isWellFormed(id) else { return .gone }
    var body = JSONWriter()
    body.object { $0.field("orderId", orderID) }
    let answer = try await service.call(
      .post, "/internal/v1/carts/" + id + "/consume", body: body.bytes, isInternal: true,
      expecting: [200, 404, 409], until: deadline, trace: trace)
    switch answer.status {
    case 200: return .consumed
    case 409: return .orderedOtherwise
    default: return .gone
    }
  }
}

/// What became of a cart.
public enum CartLookup: Equatable, Sendable {
  /// It is there.
  case open(CartContents)
  /// It has become an order.
  case ordered
  /// There is no such cart, or there is no longer.
  case gone
}

/// What `consume` found.
public enum CartConsumption: Equatable, Sendable {
  /// The cart is this order's now, or has been already.
  case consumed
  /// Another order has it.
  case orderedOtherwise
  /// There is no such cart: its owner removed it, or it expired.
  case gone
}
