import Bytes
import CheckoutAPI
import JSON
import Platform
import Shop

/// The limits of what a buyer may type. Reaching one is a 422 with the field's pointer.
public enum CheckoutLimits {
  /// Characters of a receiver's name and of an address line.
  public static let addressLineLength = 200
  /// Characters of a town and of a region.
  public static let townLength = 100
  /// Characters of a postal code.
  public static let postalCodeLength = 20
  /// Characters of a telephone number.
  public static let phoneLength = 40
  /// Characters of a payment token.
  public static let tokenLength = 255
  /// Orders on a page, at most; and when the caller does not say.
  public static let pageSize = 100
  /// Orders on a page unless the caller says.
  public static let defaultPageSize = 24
  /// How long a quote may be trusted.
  public static let quoteLifetime = Duration.seconds(15 * 60)
  /// How long pieces are held for an order that is being placed: longer than any request takes, and long enough
  /// for checkout to come back after a crash.
  public static let holdLifetime = Duration.seconds(5 * 60)
}

/// Where and how: the part that a quote and an order have in common.
struct Delivery: Equatable, Sendable {
  var address: Address
  var method: ShopConfiguration.ShippingMethod
  var rate: TaxRate
}

/// The body of `POST /checkouts`.
struct QuoteRequest: Equatable, Sendable {
  var cartID: String
  var delivery: Delivery

  init(_ json: JSON?, shop: ShopConfiguration) throws(Problem) {
    var body = BodyReader(json)
    let cartID = body.string("cartId")
    let delivery = body.delivery(shop)
    try body.check()
    // What is missing was reported, and `check` has thrown.
    guard let delivery else { throw .internal }
    self.cartID = cartID
    self.delivery = delivery
  }
}

/// The body of `POST /orders`.
struct OrderRequest: Equatable, Sendable {
  var cartID: String
  var email: String
  var delivery: Delivery
  var token: String
  var expectedTotal: Money

  init(_ json: JSON?, shop: ShopConfiguration, isToken: (String) -> Bool) throws(Problem) {
    var body = BodyReader(json)
    let cartID = body.string("cartId")
    let email = body.string("email", length: 1...EmailAddress.maximumLength)
    if !email.isEmpty && !EmailAddress.isPlausible(email) {
      body.fail("email", "must be an e-mail address, such as name@example.org")
    }
    let delivery = body.delivery(shop)
    let token = body.object("payment") { payment in
      let token = payment.string("token", length: 1...CheckoutLimits.tokenLength)
      if !token.isEmpty && !isToken(token) {
        payment.fail(
          "token",
          "is not a token of the payment provider; test tokens are tok_ok, tok_declined, "
            + "tok_timeout, tok_flaky and tok_slow")
      }
      return token
    }
    // Larger than any total, and still exact in JavaScript.
    let expectedTotal = body.money("expectedTotal", currency: shop.currency, in: 0...(1 << 53) - 1)
    try body.check()
    guard let delivery, let token else { throw .internal }
    self.cartID = cartID
    self.email = email
    self.delivery = delivery
    self.token = token
    self.expectedTotal = expectedTotal
  }
}

extension BodyReader {
  /// Reads `shippingAddress` and `shippingMethod`.
  fileprivate mutating func delivery(_ shop: ShopConfiguration) -> Delivery? {
    var rate: TaxRate?
    let address = object("shippingAddress") { part in
      let line = 1...CheckoutLimits.addressLineLength
      let optionalLine = 0...CheckoutLimits.addressLineLength
      let town = 1...CheckoutLimits.townLength
      let address = Address(
        name: part.string("name", length: line), line1: part.string("line1", length: line),
        line2: part.optionalString("line2", length: optionalLine), city: part.string("city", length: town),
        region: part.optionalString("region", length: 0...CheckoutLimits.townLength),
        postalCode: part.string("postalCode", length: 1...CheckoutLimits.postalCodeLength),
        country: part.string("country"),
        phone: part.optionalString("phone", length: 0...CheckoutLimits.phoneLength))
      if !address.country.isEmpty {
        if !CountryCode.isWellFormed(address.country) {
          part.fail("country", "must be an ISO 3166 alpha-2 code in capitals, such as DE")
        } else {
          rate = shop.taxRate(of: address.country)
          if rate == nil { part.fail("country", "is a country the shop does not deliver to") }
        }
      }
      return address
    }
    let id = string("shippingMethod")
    let method = shop.shippingMethod(id)
    if !id.isEmpty && method == nil {
      fail("shippingMethod", "must be one of the ids of GET /api/v1/shipping-methods")
    }
    guard let address, let method, let rate else { return nil }
    return Delivery(address: address, method: method, rate: rate)
  }
}
