// RFC 9457 and shop-api.md before changing this file: a `type` is a promise to clients.

import Bytes

/// The kinds of problem the shop answers with. Each has one `type`, one title and one usual status.
public enum ProblemType: CaseIterable, Sendable {
  /// 400: the bytes are not what the media type, the query or a required field's syntax promises.
  case malformed
  /// 401: no credentials, or not the right ones.
  case unauthorized
  /// 402: the payment provider said no.
  case declined
  /// 403: understood, but not for this client.
  case forbidden
  /// 404.
  case notFound
  /// 405.
  case methodNotAllowed
  /// 409: the total is no longer what the buyer saw.
  case priceChanged
  /// 409: not enough pieces.
  case shortage
  /// 409: a request with this idempotency key is being worked on.
  case keyInFlight
  /// 409: nothing to order.
  case cartEmpty
  /// 409: the cart has become an order.
  case cartOrdered
  /// 409: the cart has as many lines as a cart may have.
  case cartFull
  /// 409: the thing's state does not allow it.
  case wrongState
  /// 409: another product has this SKU.
  case skuTaken
  /// 409: the pieces are held for orders.
  case stockHeld
  /// 412.
  case preconditionFailed
  /// 413.
  case tooLarge
  /// 415.
  case unsupportedMediaType
  /// 416.
  case rangeNotSatisfiable
  /// 417.
  case expectationFailed
  /// 422: well-formed, but not allowed; `errors` says what.
  case invalid
  /// 422: this idempotency key was used for another request.
  case keyReused
  /// 428.
  case preconditionRequired
  /// 500.
  case `internal`
  /// 501.
  case notImplemented
  /// 503: the payment provider does not answer; nothing happened.
  case providerSilent
  /// 503: this service or one it needs is down.
  case unavailable
  /// 504: this service or one it needs is late.
  case timeout

  /// The last part of `type`.
  public var slug: StaticString {
    switch self {
    case .malformed: "malformed"
    case .unauthorized: "unauthorized"
    case .declined: "declined"
    case .forbidden: "forbidden"
    case .notFound: "not-found"
    case .methodNotAllowed: "method-not-allowed"
    case .priceChanged: "price-changed"
    case .shortage: "shortage"
    case .keyInFlight: "key-in-flight"
    case .cartEmpty: "cart-empty"
    case .cartOrdered: "cart-ordered"
    case .cartFull: "cart-full"
    case .wrongState: "wrong-state"
    case .skuTaken: "sku-taken"
    case .stockHeld: "stock-held"
    case .preconditionFailed: "precondition-failed"
    case .tooLarge: "too-large"
    case .unsupportedMediaType: "unsupported-media-type"
    case .rangeNotSatisfiable: "range-not-satisfiable"
    case .expectationFailed: "expectation-failed"
    case .invalid: "invalid"
    case .keyReused: "key-reused"
    case .preconditionRequired: "precondition-required"
    case .internal: "internal"
    case .notImplemented: "not-implemented"
    case .providerSilent: "provider-silent"
    case .unavailable: "unavailable"
    case .timeout: "timeout"
    }
  }

  /// What it is, in a few words that do not change from occurrence to occurrence.
  public var title: StaticString {
    switch self {
    case .malformed: "Malformed request"
    case .unauthorized: "Credentials needed"
    case .declined: "Payment declined"
    case .forbidden: "Not allowed"
    case .notFound: "Not found"
    case .methodNotAllowed: "Method not allowed"
    case .priceChanged: "The price has changed"
    case .shortage: "Not enough in stock"
    case .keyInFlight: "A request with this key is in flight"
    case .cartEmpty: "The cart is empty"
    case .cartOrdered: "The cart was ordered"
    case .cartFull: "The cart is full"
    case .wrongState: "Not possible in this state"
    case .skuTaken: "The SKU is taken"
    case .stockHeld: "Pieces are held for orders"
    case .preconditionFailed: "Changed in the meantime"
    case .tooLarge: "Too large"
    case .unsupportedMediaType: "Unsupported media type"
    case .rangeNotSatisfiable: "Range not satisfiable"
    case .expectationFailed: "Expectation failed"
    case .invalid: "Invalid request"
    case .keyReused: "The key was used for another request"
    case .preconditionRequired: "Precondition required"
    case .internal: "Internal error"
    case .notImplemented: "Not implemented"
    case .providerSilent: "The payment provider does not answer"
    case .unavailable: "Unavailable"
    case .timeout: "Timed out"
    }
  }

  /// The status it usually goes with.
  public var statusCode: UInt16 {
    switch self {
    case .malformed: 400
    case .unauthorized: 401
    case .declined: 402
    case .forbidden: 403
    case .notFound: 404
    case .methodNotAllowed: 405
    case .priceChanged, .shortage, .keyInFlight, .cartEmpty, .cartOrdered, .cartFull, .wrongState, .skuTaken,
      .stockHeld:
      409
    case .preconditionFailed: 412
    case .tooLarge: 413
    case .unsupportedMediaType: 415
    case .rangeNotSatisfiable: 416
    case .expectationFailed: 417
    case .invalid, .keyReused: 422
    case .preconditionRequired: 428
    case .internal: 500
    case .notImplemented: 501
    case .providerSilent, .unavailable: 503
    case .timeout: 504
    }
  }

  /// `/problems/` and the slug.
  public var path: String {
    @inline(never) get { "/problems/" + slug.description }
  }

  /// The type that a `type` member names; nil for one that is not ours.
  public init?(path: String) {
    for type in Self.allCases where type.path == path {
      self = type
      return
    }
    return nil
  }
}
