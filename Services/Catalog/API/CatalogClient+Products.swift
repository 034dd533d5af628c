import Bytes
import HTTP
import HTTPCore
import JSON
import Platform
import Shop
import _Concurrency

extension CatalogClient {
  /// The products with these ids (at most 100), in the order asked for, and the ids that name none. Through the
  /// internal route.
  public func products(
    ids: [String], until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(ServiceError) -> (items: [Product], missing: [String]) {
    guard !ids.isEmpty else { return ([], []) }
    var target = "/internal/v1/products?ids="
    for (index, id) in ids.enumerated() {
      if index > 0 { target += "," }
      target += PercentCoding.encode(query: id)
    }
    let answer = try await service.call(
      .get, target, isInternal: true, expecting: [200], until: deadline, trace: trace)
    let items = try Self.products(answer.json["items"])
    guard let members = answer.json["missing"]?.array else { throw .malformed }
    var missing: [String] = []
    for member in members {
      guard let id = member.string else { throw .malformed }
      missing.append(id)
    }
    return (items, missing)
  }

  /// A page of what the public list finds. `query` is passed through; a 400 (a cursor of another search) or 422
  /// is thrown as `unexpected`.
  public func search(
    q: String? = nil, tags: [String] = [], sort: String? = nil, limit: Int? = nil, cursor: String? = nil,
    until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(ServiceError) -> ProductPage {
    var query = ""
    if let q { Self.append("q", q, to: &query) }
    for tag in tags { Self.append("tag", tag, to: &query) }
    if let sort { Self.append("sort", sort, to: &query) }
    if let limit { Self.append("limit", String(limit), to: &query) }
    if let cursor { Self.append("cursor", cursor, to: &query) }
    let answer = try await service.call(
      .get, "/api/v1/products" + query, expecting: [200], until: deadline, trace: trace)
    guard let total = answer.json["total"]?.integer else { throw .malformed }
    return ProductPage(
      items: try Self.products(answer.json["items"]), next: answer.json["next"]?.string, total: Int(total))
  }

  /// One product; nil when there is none on sale with this id.
  public func product(id: String, until deadline: Instant, trace: RequestTrace? = nil)
    async throws(ServiceError) -> Product?
  {
    // A malformed id names nothing.
    guard Identifier.isWellFormed(id) else { return nil }
    let answer = try await service.call(
      .get, Product.path(of: id), expecting: [200, 404], until: deadline, trace: trace)
    guard answer.status == 200 else { return nil }
    guard let product = Product(answer.json) else { throw .malformed }
    return product
  }

  /// The tags of the products on sale.
  public func tags(until deadline: Instant, trace: RequestTrace? = nil) async throws(ServiceError)
    -> [TagCount]
  {
    let answer = try await service.call(.get, "/api/v1/tags", expecting: [200], until: deadline, trace: trace)
    guard let members = answer.json["items"]?.array else { throw .malformed }
    var tags: [TagCount] = []
    for member in members {
      guard let tag = member["tag"]?.string, let count = member["count"]?.integer else { throw .malformed }
      tags.append(TagCount(tag: tag, count: Int(count)))
    }
    return tags
  }

  private static func products(_ json: JSON?) throws(ServiceError) -> [Product] {
    guard let members = json?.array else { throw .malformed }
    var products: [Product] = []
    products.reserveCapacity(members.count)
    for member in members {
      guard let product = Product(member) else { throw .malformed }
      products.append(product)
    }
    return products
  }
}
