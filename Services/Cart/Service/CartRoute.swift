import HTTPCore
import Shop

/// The cart's paths (shop-api.md, "Cart").
public enum CartRoute: Sendable {
  /// `POST /carts`.
  case create
  /// `GET /carts/{id}`.
  case read
  /// `DELETE /carts/{id}`.
  case delete
  /// `PUT /carts/{id}/items/{productId}`.
  case putItem
  /// `DELETE /carts/{id}/items/{productId}`.
  case deleteItem
  /// `POST /carts/{id}/merge`.
  case merge
  /// `GET /internal/v1/carts/{id}`.
  case contents
  /// `POST /internal/v1/carts/{id}/consume`.
  case consume

  static var rules: [RouteRule<CartRoute>] {
    [
      RouteRule(.post, "/api/v1/carts", .create),
      RouteRule(.get, "/api/v1/carts/{id}", .read),
      RouteRule(.delete, "/api/v1/carts/{id}", .delete),
      RouteRule(.put, "/api/v1/carts/{id}/items/{productId}", .putItem, body: .json, findsSubject: true),
      RouteRule(.delete, "/api/v1/carts/{id}/items/{productId}", .deleteItem),
      RouteRule(.post, "/api/v1/carts/{id}/merge", .merge, body: .json, findsSubject: true),
      RouteRule(.get, "/internal/v1/carts/{id}", .contents, access: .internal),
      RouteRule(.post, "/internal/v1/carts/{id}/consume", .consume, access: .internal, body: .json),
    ]
  }
}
