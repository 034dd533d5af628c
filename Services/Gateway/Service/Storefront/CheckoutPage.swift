import Bytes
import CartAPI
import CheckoutAPI
import Shop

/// The checkout: address, shipping, payment, and what it comes to.
///
/// It is sent twice: once to see the total, once to agree to it. Both times everything typed comes back.
struct CheckoutPage {
  var form: CheckoutForm
  var errors: [FieldError] = []
  /// For the first look; nil once there is a quote.
  var cart: Cart?
  var quote: Quote?
  var shop: ShopConfiguration
  /// What went wrong or has changed.
  var note: HTML?

  func page(_ context: PageContext) -> Page {
    Page(
      title: "Checkout",
      content: """
        <nav class="crumbs" aria-label="Where you are"><a href="/cart">Back to the cart</a></nav>
        <h1>Checkout</h1>
        <form action="/checkout" method="post">\(Piece.formToken(context))
        <input type="hidden" name="cart" value="\(form.cartID)">
        <input type="hidden" name="key" value="\(form.idempotencyKey)">
        <div class="split"><div>\(note)\(errorList)\(contact)\(delivery)\(shipping)\(payment)</div>
        \(summary)
        </div></form>
        """)
  }

  // MARK: Fields

  private var errorList: HTML? {
    guard !errors.isEmpty else { return nil }
    let items = errors.map { error in
      "<li><a href=\"#\(Self.fieldID(error.pointer))\">\(Self.fieldName(error.pointer)): \(error.detail)</a></li>"
        as HTML
    }
    return Piece.note(.bad, "Please look at these again", "<ul>\(items)</ul>")
  }

  private var contact: HTML {
    """
    <section><h2>Who are you?</h2><div class="fields">
    \(input("/email", "E-mail", form.email, type: "email", autocomplete: "email", hint: "Only for this order."))
    </div></section>
    """
  }

  private var delivery: HTML {
    """
    <section><h2>Where shall it go?</h2><div class="fields">
    \(input("/shippingAddress/name", "Full name", form.name, autocomplete: "name"))
    \(input("/shippingAddress/line1", "Street and number", form.line1, autocomplete: "address-line1"))
    \(input("/shippingAddress/line2", "Addition", form.line2, autocomplete: "address-line2", isOptional: true))
    \(input("/shippingAddress/postalCode", "Postal code", form.postalCode, autocomplete: "postal-code", width: "third"))
    \(input("/shippingAddress/city", "Town", form.city, autocomplete: "address-level2", width: "two-thirds"))
    \(countries)
    \(input("/shippingAddress/region", "Region", form.region, autocomplete: "address-level1", width: "half", isOptional: true))
    \(input("/shippingAddress/phone", "Telephone", form.phone, type: "tel", autocomplete: "tel", isOptional: true))
    </div></section>
    """
  }

  @inline(never)
  private func input(
    _ pointer: String, _ label: String, _ value: String, type: String = "text", autocomplete: String,
    width: String = "", isOptional: Bool = false, hint: String? = nil
  ) -> HTML {
    let id = Self.fieldID(pointer)
    let error = error(at: pointer)
    let optional: HTML = isOptional ? " <span class=\"hint\">(optional)</span>" : ""
    let required: HTML = isOptional ? "" : " required"
    let hintText = hint.map { "<span class=\"hint\" id=\"\(id)-hint\">\($0)</span>" as HTML }
    let described: HTML =
      error != nil
      ? " aria-invalid=\"true\" aria-describedby=\"\(id)-error\""
      : hint != nil ? " aria-describedby=\"\(id)-hint\"" : ""
    return """
      <div class="field \(width)"><label for="\(id)">\(label)\(optional)</label>
      <input id="\(id)" name="\(id)" type="\(type)" value="\(value)" autocomplete="\(autocomplete)" maxlength="200"\
      \(required)\(described)>\(hintText)\(message(error, id))</div>

      """
  }

  private var countries: HTML {
    let pointer = "/shippingAddress/country"
    let error = error(at: pointer)
    let options = shop.taxRates.map { rate in
      let selected: HTML = rate.country == form.country ? " selected" : ""
      return "<option value=\"\(rate.country)\"\(selected)>\(CountryName.of(rate.country))</option>" as HTML
    }
    let described: HTML = error == nil ? "" : " aria-invalid=\"true\" aria-describedby=\"country-error\""
    return """
      <div class="field half"><label for="country">Country</label>
      <select id="country" name="country" autocomplete="country"\(described)>\(options)</select>\
      \(message(error, "country"))</div>
      """
  }

  private var shipping: HTML {
    let choices = shop.shippingMethods.map { method in
      choice(
        "shipping", method.id, isChosen: method.id == form.shippingMethod, method.name,
        method.price.amount == 0 ? "Free" : method.price.text)
    }
    return """
      <fieldset class="group" id="shipping"><legend>How shall it travel?</legend><div class="choices">\(choices)</div>\
      \(message(error(at: "/shippingMethod"), "shipping"))</fieldset>
      """
  }

  private var payment: HTML {
    let choices = TestPayment.all.map {
      choice("payment", $0.token, isChosen: $0.token == form.payment, $0.name, $0.meaning)
    }
    return """
      <fieldset class="group" id="payment"><legend>How will you pay?</legend>
      <p>No money moves in this shop, and it never asks for a card number. Choose what its test payment provider \
      shall do:</p><div class="choices">\(choices)</div>\(message(error(at: "/payment/token"), "payment"))</fieldset>
      """
  }

  private func choice(_ group: String, _ value: String, isChosen: Bool, _ label: String, _ text: String)
    -> HTML
  {
    let checked: HTML = isChosen ? " checked" : ""
    return """
      <label class="choice"><input type="radio" name="\(group)" value="\(value)" required\(checked)>\
      <span><b>\(label)</b><small>\(text)</small></span></label>

      """
  }

  // MARK: The sum

  private var summary: HTML {
    guard let quote else {
      let lines = (cart?.items ?? []).map { Self.line($0.name, Int($0.quantity), $0.lineTotal) }
      let goods = cart.map {
        "<dl class=\"sums\"><div><dt>Goods</dt><dd>\($0.subtotal.text)</dd></div></dl>" as HTML
      }
      return """
        <aside class="panel" aria-labelledby="sum"><h2 id="sum">Your order</h2><ul class="brief">\(lines)</ul>
        \(goods)
        <p class="hint">Shipping and tax follow from your address.</p>
        <button class="wide" name="step" value="review">See the total</button></aside>
        """
    }
    let lines = quote.lines.map { Self.line($0.name, $0.quantity, $0.lineTotal) }
    let place: HTML =
      quote.shortages.isEmpty
      ? """
      <input type="hidden" name="total" value="\(quote.total.amount)">
      <div class="actions"><button class="wide quiet" name="step" value="review">Work it out again</button>
      <button class="wide" name="step" value="place">Order and pay \(quote.total.text)</button></div>
      """
      : "<div class=\"actions\"><a class=\"button wide\" href=\"/cart\">Change the cart</a></div>"
    return """
      <aside class="panel" aria-labelledby="sum"><h2 id="sum">Your order</h2><ul class="brief">\(lines)</ul>
      \(Self.sums(quote.subtotal, quote.shipping, quote.tax, quote.taxIncluded, quote.total))\(place)</aside>
      """
  }

  private static func line(_ name: String, _ quantity: Int, _ total: Money) -> HTML {
    "<li><span>\(quantity) × \(name)</span><span>\(total.text)</span></li>"
  }

  /// How the total comes about.
  static func sums(_ subtotal: Money, _ shipping: Money, _ tax: Money, _ taxIncluded: Bool, _ total: Money)
    -> HTML
  {
    let added: HTML = taxIncluded ? "" : "<div><dt>Tax</dt><dd>\(tax.text)</dd></div>"
    let contained: HTML = taxIncluded ? "<small>contains \(tax.text) tax</small>" : ""
    return """
      <dl class="sums"><div><dt>Goods</dt><dd>\(subtotal.text)</dd></div>\
      <div><dt>Shipping</dt><dd>\(shipping.amount == 0 ? "free" : shipping.text)</dd></div>\(added)\
      <div class="total"><dt>Total\(contained)</dt><dd>\(total.text)</dd></div></dl>
      """
  }

  // MARK: Errors

  @inline(never)
  private func error(at pointer: String) -> String? { errors.first { $0.pointer == pointer }?.detail }

  @inline(never)
  private func message(_ error: String?, _ id: String) -> HTML? {
    error.map { "<p class=\"error\" id=\"\(id)-error\">\($0)</p>" }
  }

  /// What stands behind the last slash, if anything does.
  private static func lastWord(of pointer: String) -> String? {
    guard let slash = pointer.offset(ofLast: UInt8(ascii: "/")) else { return nil }
    let word = pointer.dropping(byteCount: slash + 1)
    return word.isEmpty ? nil : word
  }

  /// The form field that a pointer of the API means.
  static func fieldID(_ pointer: String) -> String {
    switch pointer {
    case "/shippingMethod": "shipping"
    case "/payment", "/payment/token": "payment"
    default: lastWord(of: pointer) ?? "main"
    }
  }

  private static func fieldName(_ pointer: String) -> String {
    switch fieldID(pointer) {
    case "email": "E-mail"
    case "name": "Full name"
    case "line1": "Street and number"
    case "line2": "Addition"
    case "city": "Town"
    case "region": "Region"
    case "postalCode": "Postal code"
    case "country", "shippingAddress": "Country"
    case "phone": "Telephone"
    case "shipping": "Shipping"
    case "payment": "Payment"
    default: "The order"
    }
  }
}
