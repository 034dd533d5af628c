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
    var members = JSONMembers(answer.json)
    let items = members.list("items") { Product(&$0) }
    let missing = members.strings("missing")
    guard members.isComplete else { throw .malformed }
    return (items, missing)
  }

  /// `searching` and `page`.
  public func search(
    q: String? = nil, tags: [String] = [], sort: String? = nil, limit: Int? = nil, cursor: String? = nil,
    until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(ServiceError) -> ProductPage {
    let call = Self.searching(q, tags, sort: sort, limit: limit, cursor: cursor)
    return try Self.page(try await service.call(call, until: deadline, trace: trace))
  }

  /// `showing` and `product`.
  public func product(id: String, until deadline: Instant, trace: RequestTrace? = nil)
    async throws(ServiceError) -> Product?
  {
    guard let call = Self.showing(id) else { return nil }
    return try Self.product(try await service.call(call, until: deadline, trace: trace))
  }

  /// `listingTags` and `tags`.
  public func tags(until deadline: Instant, trace: RequestTrace? = nil) async throws(ServiceError)
    -> [TagCount]
  {
    try Self.tags(try await service.call(Self.listingTags(), until: deadline, trace: trace))
  }
}

// The public routes: what to ask, and what the answers mean.
extension CatalogClient {
  /// A page of what the public list finds; what is empty is not asked for. A 400 (a cursor of another search) or 422
  /// is thrown as `unexpected`.
  @inline(never)
  public static func searching(
    _ q: String?, _ tags: [String], sort: String?, limit: Int?, cursor: String?
  ) -> ServiceCall {
    var target = "/api/v1/products"
    var separator = "?"
    func append(_ name: String, _ value: String?) {
      guard let value, !value.isEmpty else { return }
      target += separator
      separator = "&"
      target += name
      target += PercentCoding.encode(query: value)
    }
    append("q=", q)
    for tag in tags { append("tag=", tag) }
    append("sort=", sort)
    append("limit=", limit.map { String($0) })
    append("cursor=", cursor)
    return ServiceCall(.get, target, expecting: [200])
  }

  /// The page that was found.
  @inline(never)
  public static func page(_ answer: ServiceAnswer) throws(ServiceError) -> ProductPage {
    var members = JSONMembers(answer.json)
    let page = ProductPage(
      items: members.list("items") { Product(&$0) }, next: members.optionalString("next"),
      total: Int(members.integer("total")))
    guard members.isComplete else { throw .malformed }
    return page
  }

  /// One product; nil for a malformed id, which names nothing.
  @inline(never)
  public static func showing(_ id: String) -> ServiceCall? {
    Identifier.isWellFormed(id) ? ServiceCall(.get, Product.path(of: id), expecting: [200, 404]) : nil
  }

  /// The product; nil when there is none on sale with this id.
  @inline(never)
  public static func product(_ answer: ServiceAnswer) throws(ServiceError) -> Product? {
    guard answer.status == 200 else { return nil }
    var members = JSONMembers(answer.json)
    let product = Product(&members)
    guard members.isComplete else { throw .malformed }
    return product
  }

  /// The tags of the products on sale.
  public static func listingTags() -> ServiceCall { ServiceCall(.get, "/api/v1/tags", expecting: [200]) }

  /// The tags.
  @inline(never)
  public static func tags(_ answer: ServiceAnswer) throws(ServiceError) -> [TagCount] {
    var members = JSONMembers(answer.json)
    let tags = members.list("items") { TagCount(tag: $0.string("tag"), count: Int($0.integer("count"))) }
    guard members.isComplete else { throw .malformed }
    return tags
  }
}
