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

  /// A page of what the public list finds; what is empty is not asked for. A 400 (a cursor of another search) or 422
  /// is thrown as `unexpected`.
  @inline(__always)
  public func search(
    q: String? = nil, tags: [String] = [], sort: String? = nil, limit: Int? = nil, cursor: String? = nil,
    until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(ServiceError) -> ProductPage {
    let call = Self.searchCall(q, tags, sort, limit, cursor)
    return try Self.page(try await service.call(call, until: deadline, trace: trace))
  }

  @inline(never)
  private static func searchCall(
    _ q: String?, _ tags: [String], _ sort: String?, _ limit: Int?, _ cursor: String?
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

  @inline(never)
  private static func page(_ answer: ServiceAnswer) throws(ServiceError) -> ProductPage {
    var members = JSONMembers(answer.json)
    let page = ProductPage(
      items: members.list("items") { Product(&$0) }, next: members.optionalString("next"),
      total: Int(members.integer("total")))
    guard members.isComplete else { throw .malformed }
    return page
  }

  /// One product; nil when there is none on sale with this id.
  @inline(__always)
  public func product(id: String, until deadline: Instant, trace: RequestTrace? = nil)
    async throws(ServiceError) -> Product?
  {
    // A malformed id names nothing.
    guard Identifier.isWellFormed(id) else { return nil }
    let call = ServiceCall(.get, Product.path(of: id), expecting: [200, 404])
    return try Self.product(try await service.call(call, until: deadline, trace: trace))
  }

  @inline(never)
  private static func product(_ answer: ServiceAnswer) throws(ServiceError) -> Product? {
    guard answer.status == 200 else { return nil }
    var members = JSONMembers(answer.json)
    let product = Product(&members)
    guard members.isComplete else { throw .malformed }
    return product
  }

  /// The tags of the products on sale.
  @inline(__always)
  public func tags(until deadline: Instant, trace: RequestTrace? = nil) async throws(ServiceError)
    -> [TagCount]
  {
    let call = ServiceCall(.get, "/api/v1/tags", expecting: [200])
    return try Self.tags(try await service.call(call, until: deadline, trace: trace))
  }

  @inline(never)
  private static func tags(_ answer: ServiceAnswer) throws(ServiceError) -> [TagCount] {
    var members = JSONMembers(answer.json)
    let tags = members.list("items") { TagCount(tag: $0.string("tag"), count: Int($0.integer("count"))) }
    guard members.isComplete else { throw .malformed }
    return tags
  }
}
