import Bytes
import CheckoutAPI
import Shop

/// What a visitor has typed into the checkout, whether or not it is complete. It goes back into the page
/// after every mishap, so that nothing has to be typed twice.
struct CheckoutForm: Equatable {
  /// The cart to be ordered. In the form, so that sending it twice asks for the same order twice.
  var cartID = ""
  /// Makes sending the form twice one order.
  var idempotencyKey = ""
  var email = ""
  var name = ""
  var line1 = ""
  var line2 = ""
  var city = ""
  var region = ""
  var postalCode = ""
  var country = ""
  var phone = ""
  var shippingMethod = ""
  var payment = ""
  /// The total that the visitor saw and agreed to, in minor units.
  var agreedTotal: Int64?

  /// Characters that one field keeps; what is longer is refused by the service anyway.
  static let maximumFieldLength = 300

  /// An empty form for `cartID`.
  init(cartID: String, idempotencyKey: String, country: String, shippingMethod: String) {
    self.cartID = cartID
    self.idempotencyKey = idempotencyKey
    self.country = country
    self.shippingMethod = shippingMethod
    payment = TestPayment.all[0].token
  }

  /// Reads a sent form.
  init(_ fields: FormFields) {
    cartID = fields["cart"]
    idempotencyKey = fields["key"]
    email = fields["email"]
    name = fields["name"]
    line1 = fields["line1"]
    line2 = fields["line2"]
    city = fields["city"]
    region = fields["region"]
    postalCode = fields["postalCode"]
    country = fields["country"]
    phone = fields["phone"]
    shippingMethod = fields["shipping"]
    payment = fields["payment"]
    agreedTotal = Int64(fields["total"])
  }

  /// The address, with empty optional parts left out.
  var address: Address {
    Address(
      name: name, line1: line1, line2: line2.isEmpty ? nil : line2, city: city,
      region: region.isEmpty ? nil : region, postalCode: postalCode, country: country,
      phone: phone.isEmpty ? nil : phone)
  }

  /// What is missing, by the pointers that the service would name.
  var missing: [FieldError] {
    var errors: [FieldError] = []
    if !email.utf8.contains(UInt8(ascii: "@")) {
      errors.append(FieldError(pointer: "/email", detail: "Enter an address such as name@example.org."))
    }
    let needed = [
      (name, "/shippingAddress/name", "Enter who receives the parcel."),
      (line1, "/shippingAddress/line1", "Enter street and number."),
      (postalCode, "/shippingAddress/postalCode", "Enter the postal code."),
      (city, "/shippingAddress/city", "Enter the town."),
      (country, "/shippingAddress/country", "Choose a country."),
      (shippingMethod, "/shippingMethod", "Choose how it shall travel."),
    ]
    for (value, pointer, detail) in needed where value.isEmpty {
      errors.append(FieldError(pointer: pointer, detail: detail))
    }
    return errors
  }
}

/// What the built-in payment provider can be told to do.
struct TestPayment {
  let token: String
  let name: String
  let meaning: String

  static let all = [
    TestPayment(token: "tok_ok", name: "Pays at once", meaning: "The payment goes through."),
    TestPayment(
      token: "tok_declined", name: "Is declined", meaning: "The bank says no. Your cart stays as it is."),
    TestPayment(
      token: "tok_flaky", name: "Stumbles once", meaning: "Fails on the first try, works on the second."),
    TestPayment(
      token: "tok_timeout", name: "Never answers",
      meaning: "After five seconds the shop gives up. Nothing is lost."),
  ]
}
