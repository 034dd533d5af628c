import Bytes
import JSON

/// What a visitor has typed into the checkout, whether or not it is complete. It goes back into the page
/// after every mishap, so that nothing has to be typed twice.
struct CheckoutForm {
  /// The form's fields, in the order in which the page has them.
  enum Field: Int, CaseIterable {
    /// The cart to be ordered. In the form, so that sending it twice asks for the same order twice.
    case cart
    /// Makes sending the form twice one order.
    case key
    case email, name, line1, line2, postalCode, city, country, region, phone, shipping, payment

    /// The parts of an address.
    static let address: [Field] = [.name, .line1, .line2, .city, .region, .postalCode, .country, .phone]
  }

  private var values: [String] = []
  /// The total that the visitor saw and agreed to, in minor units.
  let agreedTotal: Int64?

  /// An empty form for the cart `cartID`.
  init(cartID: String, idempotencyKey: String, country: String, shippingMethod: String) {
    agreedTotal = nil
    for _ in Field.allCases { values.append("") }
    self[.cart] = cartID
    self[.key] = idempotencyKey
    self[.country] = country
    self[.shipping] = shippingMethod
    self[.payment] = String(literal: TestPayment.all[0].token)
  }

  /// Reads a sent form.
  @inline(never)
  init(_ fields: FormFields) {
    agreedTotal = Int64(fields["total"])
    for field in Field.allCases { values.append(fields[field.name]) }
  }

  /// What stands in a field.
  subscript(field: Field) -> String {
    @inline(never) get { values[field.rawValue] }
    set { values[field.rawValue] = newValue }
  }

  /// What is missing: the names of fields, and what to do.
  var missing: [(name: String, value: String)] {
    var errors: [(name: String, value: String)] = []
    for field in Field.allCases {
      let isMissing =
        field == .email ? self[field].offset(ofFirst: UInt8(ascii: "@")) == nil : self[field].isEmpty
      let detail = field.words.whenMissing
      if isMissing && detail.utf8CodeUnitCount > 0 {
        errors.append((field.name, String(literal: detail)))
      }
    }
    return errors
  }

  /// Writes what a request for a quote has, and an order, too.
  func write(to object: inout JSONWriter) {
    object.field("cartId", self[.cart])
    object.field(
      "shippingAddress",
      object: { address in
        for field in Field.address {
          // An empty part that may be empty is null.
          let isNull = self[field].isEmpty && field.words.isOptional
          address.field(field.name, isNull ? nil : self[field])
        }
      })
    object.field("shippingMethod", self[.shipping])
  }
}

extension CheckoutForm.Field {
  /// What stands around a field. All of it is markup.
  struct Words {
    /// In the form, and behind the last slash of the API's pointers.
    let name: StaticString
    var label: StaticString = ""
    /// Of the `input`.
    var attributes: StaticString = ""
    /// How wide it is: a style.
    var width: StaticString = "field "
    /// What to do when it is empty; nothing when it may be.
    var whenMissing: StaticString = ""

    /// Whether the visitor may leave it empty.
    var isOptional: Bool { whenMissing.utf8CodeUnitCount == 0 }
  }

  /// What stands around this field.
  var words: Words { Self.words[rawValue] }

  /// What the form calls this field.
  var name: String {
    @inline(never) get { String(literal: words.name) }
  }

  private static let words: [Words] = [
    Words(name: "cart"), Words(name: "key"),
    Words(
      name: "email", label: "E-mail", attributes: "type=\"email\" autocomplete=\"email\"",
      whenMissing: "Enter an address such as name@example.org."),
    Words(
      name: "name", label: "Full name", attributes: "type=\"text\" autocomplete=\"name\"",
      whenMissing: "Enter who receives the parcel."),
    Words(
      name: "line1", label: "Street and number", attributes: "type=\"text\" autocomplete=\"address-line1\"",
      whenMissing: "Enter street and number."),
    Words(name: "line2", label: "Addition", attributes: "type=\"text\" autocomplete=\"address-line2\""),
    Words(
      name: "postalCode", label: "Postal code", attributes: "type=\"text\" autocomplete=\"postal-code\"",
      width: "field third", whenMissing: "Enter the postal code."),
    Words(
      name: "city", label: "Town", attributes: "type=\"text\" autocomplete=\"address-level2\"",
      width: "field two-thirds", whenMissing: "Enter the town."),
    Words(name: "country", label: "Country", width: "field half", whenMissing: "Choose a country."),
    Words(
      name: "region", label: "Region", attributes: "type=\"text\" autocomplete=\"address-level1\"",
      width: "field half"),
    Words(name: "phone", label: "Telephone", attributes: "type=\"tel\" autocomplete=\"tel\""),
    Words(name: "shipping", label: "Shipping", whenMissing: "Choose how it shall travel."),
    Words(name: "payment", label: "Payment"),
  ]

  /// The field that a pointer of the API means; nil for what is in none.
  init?(pointer: String) {
    var name = pointer
    if let slash = pointer.offset(ofLast: UInt8(ascii: "/")) { name = pointer.dropping(byteCount: slash + 1) }
    switch name {
    case "shippingMethod": self = .shipping
    case "token": self = .payment
    case "shippingAddress": self = .country
    default:
      for field in Self.allCases where field.name == name {
        self = field
        return
      }
      return nil
    }
  }
}

/// What the built-in payment provider can be told to do.
struct TestPayment {
  let token: StaticString
  let name: StaticString
  let meaning: StaticString

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
