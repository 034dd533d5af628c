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

// What the storefront does for a cart's owner, through the public routes: what to ask, and what the answers mean.
extension CartClient {
  private static let expected: [UInt16] = [200, 201, 404, 409, 422]

  /// A new, empty cart. Not tried again: a retry could make two, of which one expires.
  @inline(never)
  public static func creating() -> ServiceCall {
    ServiceCall(.post, "/api/v1/carts", isRepeatable: false, expecting: expected)
  }

  /// A cart at today's prices.
  public static func getting(_ id: String) throws(CartError) -> ServiceCall { try call(.get, id) }

  /// How many pieces of a product the cart shall hold; 0 removes the line.
  public static func putting(
    _ id: String, productID: String, quantity: Int64
  ) throws(CartError) -> ServiceCall {
    try call(.put, id, line: productID, body: body(quantity: quantity))
  }

  /// A line that shall go; also when there is none.
  public static func removing(_ id: String, productID: String) throws(CartError) -> ServiceCall {
    try call(.delete, id, line: productID)
  }

  /// A cart, or a line of it.
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

  /// Asks one of these; the cart as it is then.
  public func ask(
    _ call: ServiceCall, until deadline: Instant, trace: RequestTrace? = nil
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
      if let resource = JSONMembers(answer.json).optionalString("resource"), resource == "product" {
        throw .productNotFound
      }
      throw .cartNotFound
    case 409: throw .full
    default: throw .invalid
    }
  }
}

// The same in one step each.
extension CartClient {
  /// `creating`.
  public func create(until deadline: Instant, trace: RequestTrace? = nil) async throws(CartError) -> Cart {
    try await ask(Self.creating(), until: deadline, trace: trace)
  }

  /// `getting`.
  public func get(
    id: String, until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(CartError) -> Cart {
    try await ask(try Self.getting(id), until: deadline, trace: trace)
  }

  /// `putting`.
  public func put(
    id: String, productID: String, quantity: Int64, until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(CartError) -> Cart {
    try await ask(
      try Self.putting(id, productID: productID, quantity: quantity), until: deadline, trace: trace)
  }

  /// `removing`.
  public func remove(
    id: String, productID: String, until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(CartError) -> Cart {
    try await ask(try Self.removing(id, productID: productID), until: deadline, trace: trace)
  }

  /// Moves what the cart `other` holds into this one; quantities add up.
  public func merge(
    id: String, from other: String, until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(CartError) -> Cart {
    var body = JSONWriter()
    body.object { $0.field("from", other) }
    return try await ask(
      try Self.call(.post, id, suffix: "/merge", body: body.bytes), until: deadline, trace: trace)
  }
}
