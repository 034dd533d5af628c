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
  @inline(__always)
  public func create(until deadline: Instant, trace: RequestTrace? = nil) async throws(CartError) -> Cart {
    try await ask(
      ServiceCall(.post, "/api/v1/carts", isRepeatable: false, expecting: Self.expected), deadline, trace)
  }

  /// A cart at today's prices.
  @inline(__always)
  public func get(
    id: String, until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(CartError) -> Cart {
    try await ask(try Self.call(.get, id), deadline, trace)
  }

  /// Sets how many pieces of a product the cart holds; 0 removes the line.
  @inline(__always)
  public func put(
    id: String, productID: String, quantity: Int64, until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(CartError) -> Cart {
    try await ask(
      try Self.call(.put, id, line: productID, body: Self.body(quantity: quantity)), deadline,
      trace)
  }

  /// Removes a line; also when there is none.
  @inline(__always)
  public func remove(
    id: String, productID: String, until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(CartError) -> Cart {
    try await ask(try Self.call(.delete, id, line: productID), deadline, trace)
  }

  /// Moves what the cart `other` holds into this one; quantities add up.
  @inline(__always)
  public func merge(
    id: String, from other: String, until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(CartError) -> Cart {
    var body = JSONWriter()
    body.object { $0.field("from", other) }
    return try await ask(try Self.call(.post, id, suffix: "/merge", body: body.bytes), deadline, trace)
  }

  private static let expected: [UInt16] = [200, 201, 404, 409, 422]

  /// A call about a cart, or about the line of a product in it.
  @inline(never)
  private static func call(
    _ method: Method, _ id: String, line productID: String? = nil, suffix: String = "", body: [UInt8] = []
  ) throws(CartError) -> ServiceCall {
    var target = Cart.path(of: id)
    if let productID {
      guard Identifier.isWellFormed(productID) else { throw .productNotFound }
      target += "/items/" + productID
    }
    guard Identifier.isWellFormed(id) else { throw .cartNotFound }
    return ServiceCall(method, target + suffix, body: body, expecting: expected)
  }

  private static func body(quantity: Int64) -> [UInt8] {
    var body = JSONWriter()
    body.object { $0.field("quantity", quantity) }
    return body.bytes
  }

  private func ask(
    _ call: ServiceCall, _ deadline: Instant, _ trace: RequestTrace?
  ) async throws(CartError) -> Cart {
    let answer: ServiceAnswer
    do throws(ServiceError) {
      answer = try await service.call(call, until: deadline, trace: trace)
    } catch {
      throw .service(error)
    }
    return try Self.cart(answer)
  }

  @inline(never)
  private static func cart(_ answer: ServiceAnswer) throws(CartError) -> Cart {
    switch answer.status {
    case 200, 201:
      var members = JSONMembers(answer.json)
      let cart = Cart(&members)
      guard members.isComplete else { throw .service(.malformed) }
      return cart
    case 404:
      throw JSONMembers(answer.json).optionalString("resource") == "product"
        ? .productNotFound : .cartNotFound
    case 409: throw .full
    default: throw .invalid
    }
  }
}
