import HTTPCore
import Shop

/// Checkout's paths.
public enum CheckoutRoute: Sendable {
  case shippingMethods, quote, place, list, order, cancel

  /// How each is reached.
  static func rules() -> [RouteRule<CheckoutRoute>] {
    [
      RouteRule(.get, "/api/v1/orders/{id}", .order),
      RouteRule(.get, "/api/v1/shipping-methods", .shippingMethods),
      RouteRule(.post, "/api/v1/checkouts", .quote, body: .json),
      RouteRule(.post, "/api/v1/orders", .place, body: .json),
      RouteRule(.get, "/api/v1/orders", .list, access: .admin),
      RouteRule(.post, "/api/v1/orders/{id}/cancel", .cancel, findsSubject: true),
    ]
  }
}
