import Bytes
import CartAPI
import CheckoutAPI
import HTTPCore
import Shop

/// The checkout: address, shipping, payment, and what it comes to.
///
/// It is sent twice: once to see the total, once to agree to it. Both times everything typed comes back. An object, as
/// it is put together while services are asked.
final class CheckoutPage {
  var form: CheckoutForm
  /// What is wrong: the name of a field, or of the page when it is in none, and how.
  var errors: [(name: String, value: String)] = []
  /// For the first look; nil once there is a quote.
  var cart: Cart?
  private(set) var offer: Offer?
  /// What went wrong or has changed.
  var note: Note?
  /// The answer's status.
  var status = Status.ok
  /// Whether the form may be sent again in a moment.
  var maySendAgain = false
  /// The order that came of it.
  var orderID: String?
  /// Whether there is nothing to order any more.
  var isCartGone = false
  private let shop: ShopConfiguration

  /// A page for this form.
  init(_ form: CheckoutForm, _ shop: ShopConfiguration) {
    self.form = form
    self.shop = shop
  }

  /// Takes what the cart would cost.
  func take(_ quote: Quote) { offer = Offer(quote) }

  /// Says what became of the form.
  func tell(_ note: Note, _ status: Status, maySendAgain: Bool = false) {
    self.note = note
    self.status = status
    self.maySendAgain = maySendAgain
  }

  /// Pieces in all; nil when that is not known.
  var pieceCount: Int? {
    if let cart { return Int(cart.pieceCount) }
    guard let offer else { return nil }
    var count = 0
    for line in offer.quote.lines { count += line.quantity }
    return count
  }

  /// The reply with this page.
  func reply(_ visit: Visit) -> Reply {
    visit.asksForPieceCount = false
    visit.pieceCount = pieceCount
    return Reply(status, page(visit), with: maySendAgain ? Reply.soon : nil)
  }

  private func page(_ visit: Visit) -> Page {
    Page(
      title: "Checkout",
      content: """
        <nav class="crumbs" aria-label="Where you are"><a href="/cart">Back to the cart</a></nav>
        <h1>Checkout</h1>
        <form action="/checkout" method="post">\(Piece.formToken(visit))
        <input type="hidden" name="cart" value="\(form[.cart])">
        <input type="hidden" name="key" value="\(form[.key])">
        <div class="split"><div>\(note?.html)\(errorList)
        <section><h2>Who are you?</h2><div class="fields">
        \(input(.email))
        </div></section>
        <section><h2>Where shall it go?</h2><div class="fields">
        \(delivery)
        </div></section>
        \(shipping)\(payment)</div>
        \(summary)
        </div></form>
        """)
  }

  // MARK: Fields

  private var errorList: HTML? {
    if errors.isEmpty { return nil }
    var items: HTML = "<ul>"
    for error in errors {
      var label: StaticString = "The order"
      for field in CheckoutForm.Field.allCases where field.name == error.name { label = field.words.label }
      items.append("<li><a href=\"#\(error.name)\">\(label): \(error.value)</a></li>")
    }
    items.append("</ul>")
    return Piece.note("note bad", "Please look at these again", items)
  }

  private var delivery: HTML {
    var fields = HTML()
    for field in [CheckoutForm.Field.name, .line1, .line2, .postalCode, .city, .country, .region, .phone] {
      fields.append(field == .country ? countries : input(field))
    }
    return fields
  }

  private func input(_ field: CheckoutForm.Field) -> HTML {
    let words = field.words
    // Only one field has a hint.
    return """
      <div class="\(words.width)"><label for="\(words.name)">\(words.label)\
      \(" <span class=\"hint\">(optional)</span>", if: words.isOptional)</label>
      <input id="\(words.name)" name="\(words.name)" value="\(form[field])" \(words.attributes) maxlength="200"\
      \(" required", if: !words.isOptional)\(described(field))>\
      \("<span class=\"hint\" id=\"email-hint\">Only for this order.</span>", if: field == .email)\(message(field))</div>

      """
  }

  private var countries: HTML {
    var options = HTML()
    for (country, _) in shop.taxRates {
      options.append(
        """
        <option value="\(country)"\(" selected", if: country == form[.country])>\(CountryName.of(country))</option>
        """)
    }
    return """
      <div class="field half"><label for="country">Country</label>
      <select id="country" name="country" autocomplete="country"\(described(.country))>\(options)</select>\
      \(message(.country))</div>
      """
  }

  private var shipping: HTML {
    var choices = HTML()
    for method in shop.shippingMethods {
      choices.append(
        choice(.shipping, method.id, method.name, method.price.amount == 0 ? "Free" : method.price.text))
    }
    return """
      <fieldset class="group" id="shipping"><legend>How shall it travel?</legend><div class="choices">\(choices)</div>\
      \(message(.shipping))</fieldset>
      """
  }

  private var payment: HTML {
    var choices = HTML()
    for payment in TestPayment.all {
      choices.append(
        choice(
          .payment, String(literal: payment.token), String(literal: payment.name),
          String(literal: payment.meaning)))
    }
    return """
      <fieldset class="group" id="payment"><legend>How will you pay?</legend>
      <p>No money moves in this shop, and it never asks for a card number. Choose what its test payment provider \
      shall do:</p><div class="choices">\(choices)</div>\(message(.payment))</fieldset>
      """
  }

  @inline(never)
  private func choice(_ field: CheckoutForm.Field, _ value: String, _ label: String, _ text: String) -> HTML {
    """
    <label class="choice"><input type="radio" name="\(field.words.name)" value="\(value)" required\
    \(" checked", if: form[field] == value)><span><b>\(label)</b><small>\(text)</small></span></label>

    """
  }

  // MARK: Errors

  @inline(never)
  private func error(_ field: CheckoutForm.Field) -> String? {
    for error in errors where error.name == field.name { return error.value }
    return nil
  }

  /// The attributes that tie a field to what is said about it.
  private func described(_ field: CheckoutForm.Field) -> HTML? {
    if error(field) != nil {
      return " aria-invalid=\"true\" aria-describedby=\"\(field.words.name)-error\""
    }
    return field == .email ? " aria-describedby=\"email-hint\"" : nil
  }

  @inline(never)
  private func message(_ field: CheckoutForm.Field) -> HTML? {
    guard let error = error(field) else { return nil }
    return "<p class=\"error\" id=\"\(field.words.name)-error\">\(error)</p>"
  }

  // MARK: The sum

  private var summary: HTML {
    var lines = HTML()
    let rest: HTML
    if let offer {
      for line in offer.quote.lines { lines.append(Self.line(line.name, line.quantity, line.lineTotal)) }
      rest = offer.agreement
    } else {
      var goods: HTML?
      if let cart {
        for line in cart.items { lines.append(Self.line(line.name, Int(line.quantity), line.lineTotal)) }
        goods = "<dl class=\"sums\"><div><dt>Goods</dt><dd>\(cart.subtotal)</dd></div></dl>"
      }
      rest = """
        \(goods)
        <p class="hint">Shipping and tax follow from your address.</p>
        <button class="wide" name="step" value="review">See the total</button>
        """
    }
    return """
      <aside class="panel" aria-labelledby="sum"><h2 id="sum">Your order</h2><ul class="brief">\(lines)</ul>
      \(rest)</aside>
      """
  }

  private static func line(_ name: String, _ quantity: Int, _ total: Money) -> HTML {
    "<li><span>\(quantity) × \(name)</span><span>\(total)</span></li>"
  }

  /// How the total comes about.
  static func sums(_ subtotal: Money, _ shipping: Money, _ tax: Money, _ taxIncluded: Bool, _ total: Money)
    -> HTML
  {
    let added: HTML? = taxIncluded ? nil : "<div><dt>Tax</dt><dd>\(tax)</dd></div>"
    let contained: HTML? = taxIncluded ? "<small>contains \(tax) tax</small>" : nil
    return """
      <dl class="sums"><div><dt>Goods</dt><dd>\(subtotal)</dd></div>\
      <div><dt>Shipping</dt><dd>\(shipping.amount == 0 ? "free" : shipping.text)</dd></div>\(added)\
      <div class="total"><dt>Total\(contained)</dt><dd>\(total)</dd></div></dl>
      """
  }
}

/// What the cart would cost. In an object: whoever asks for a part of a quote would copy all of it out of the page.
final class Offer {
  let quote: Quote

  init(_ quote: Quote) { self.quote = quote }

  /// The sum, and the button that agrees to it.
  fileprivate var agreement: HTML {
    let sums = CheckoutPage.sums(quote.subtotal, quote.shipping, quote.tax, quote.taxIncluded, quote.total)
    guard quote.shortages.isEmpty else {
      return """
        \(sums)<div class="actions"><a class="button wide" href="/cart">Change the cart</a></div>
        """
    }
    return """
      \(sums)<input type="hidden" name="total" value="\(quote.total.amount)">
      <div class="actions"><button class="wide quiet" name="step" value="review">Work it out again</button>
      <button class="wide" name="step" value="place">Order and pay \(quote.total)</button></div>
      """
  }
}
