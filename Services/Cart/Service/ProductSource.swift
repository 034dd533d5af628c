import CatalogAPI
import Platform
import Shop
import _Concurrency

/// Where carts learn what products are called, what they cost and how many there are.
public protocol ProductSource: AnyObject {
  /// The products with these ids (at most `Cart.maximumLines`), in any order; ids that name none are left out.
  func products(
    ids: [String], until deadline: Instant, trace: RequestTrace?
  ) async throws(ServiceError) -> [Product]
}

/// The catalog.
public final class CatalogProducts: ProductSource {
  private let catalog: CatalogClient

  /// Products that `catalog` knows.
  public init(_ catalog: CatalogClient) { self.catalog = catalog }

  /// Asks the catalog. No cache: a cart shows what is true now.
  public func products(
    ids: [String], until deadline: Instant, trace: RequestTrace?
  ) async throws(ServiceError) -> [Product] {
    try await catalog.products(ids: ids, until: deadline, trace: trace).items
  }
}
