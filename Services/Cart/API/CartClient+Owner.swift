import Bytes
import HTTP
import HTTPCore
import JSON
import Platform
import Shop
import _Concurrency

/// Why the owner of a cart was refused.
public enum CartError: Error, Equatable, Sendable {
  /// There is no such cart, or there is no longer.
  case cartNotFound
  /// There is no such product.
  case productNotFound
  /// The cart has as many lines as a cart may have; nothing was changed.
  case full
  /// The quantity or an id is not one.
  case invalid
  /// The cart service gave no usable answer.
  case service(ServiceError)
}

// What the storefront does for a cart's owner, through the public routes.
extension CartClient {
  /// A new, empty cart. Not tried again: a retry could make two, of which one expires.
  public func create(until deadline: Instant, trace: RequestTrace? = nil) async throws(CartError) -> Cart {
    try await owner(.post, "/api/v1/carts", isRepeatable: false, until: deadline, trace: trace)
  }

  /// A cart at today's prices.
  public func get(
    id: String, until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(CartError) -> Cart {
    try await owner(.get, try Self.path(id), until: deadline, trace: trace)
  }

  /// Sets how many pieces of a product the cart holds; 0 removes the line.
  public func put(
    id: String, productID: String, quantity: Int64, until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(CartError) -> Cart {
    var body = JSONWriter()
    body.object { $0.field("quantity", quantity) }
    return try await owner(
      .put, try Self.path(id, productID: productID), body: body.bytes, until: deadline, trace: trace)
  }

  /// Removes a line; also when there is none.
  public func remove(
    id: String, productID: String, until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(CartError) -> Cart {
    try await owner(.delete, try Self.path(id, productID: productID), until: deadline, trace: trace)
  }

  /// Moves what the cart `other` holds into this one; quantities add up.
  public func merge(
    id: String, from other: String, until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(CartError) -> Cart {
    var body = JSONWriter()
    body.object { $0.field("from", other) }
    return try await owner(
      .post, try Self.path(id) + "/merge", body: body.bytes, until: deadline, trace: trace)
  }

  private static func path(_ id: String) throws(CartError) -> String {
    guard Identifier.isWellFormed(id) else { throw .cartNotFound }
    return Cart.path(of: id)
  }

  private static func path(_ id: String, productID: String) throws(CartError) -> String {
    guard Identifier.isWellFormed(productID) else { throw .productNotFound }
    return try path(id) + "/items/" + productID
  }

  private func owner(
    _ method: Method, _ target: String, body: [UInt8] = [], isRepeatable: Bool = true,
    until deadline: Instant, trace: RequestTrace?
  ) async throws(CartError) -> Cart {
    let answer: ServiceAnswer
    do throws(ServiceError) {
      answer = try await service.call(
        method, target, body: body, isRepeatable: isRepeatable, expecting: [200, 201, 404, 409, 422],
        until: deadline, trace: trace)
    } catch {
      throw .service(error)
    }
    switch answer.status {
    case 200, 201:
      guard let cart = Cart(answer.json) else { throw .service(.malformed) }
      return cart
    case 404: throw answer.json["resource"]?.string == "product" ? .productNotFound : .cartNotFound
    case 409: throw .full
    default: throw .invalid
    }
  }
}
