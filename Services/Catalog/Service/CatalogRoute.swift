import HTTPCore
import Shop

/// The catalog's paths.
public enum CatalogRoute: Sendable {
  case product, list, batch, picture, tags
  case create, replace, delete, stock, importAll, setPicture
  case internalProducts, internalStock, reserve, commit, release, returnStock

  /// How each is reached. The hot path's rule comes first.
  static func rules() -> [RouteRule<CatalogRoute>] {
    [
      RouteRule(.get, "/api/v1/products/{id}", .product),
      RouteRule(.get, "/api/v1/products", .list),
      RouteRule(.get, "/api/v1/products:batch", .batch),
      RouteRule(.get, "/api/v1/products/{id}/image", .picture),
      RouteRule(.get, "/api/v1/tags", .tags),
      RouteRule(.post, "/api/v1/products", .create, access: .admin, body: .json),
      RouteRule(
        .put, "/api/v1/products/{id}", .replace, access: .admin, body: .json, findsSubject: true,
        needsIfMatch: true),
      RouteRule(
        .delete, "/api/v1/products/{id}", .delete, access: .admin, findsSubject: true, needsIfMatch: true),
      RouteRule(
        .put, "/api/v1/products/{id}/stock", .stock, access: .admin, body: .json, findsSubject: true),
      RouteRule(.post, "/api/v1/products:import", .importAll, access: .admin, body: .json),
      RouteRule(
        .put, "/api/v1/products/{id}/image", .setPicture, access: .admin,
        body: .raw(
          limit: CatalogLimits.imageByteCount, mediaTypes: PictureFormat.allCases.map { $0.rawValue }),
        findsSubject: true),
      RouteRule(.get, "/internal/v1/products", .internalProducts, access: .internal),
      RouteRule(.get, "/internal/v1/stock/{id}", .internalStock, access: .internal),
      RouteRule(.post, "/internal/v1/holds", .reserve, access: .internal, body: .json),
      RouteRule(.post, "/internal/v1/holds/{key}/commit", .commit, access: .internal),
      RouteRule(.post, "/internal/v1/holds/{key}/release", .release, access: .internal),
      RouteRule(.post, "/internal/v1/holds/{key}/return", .returnStock, access: .internal),
    ]
  }
}
