import Bytes
import CartAPI
import CheckoutAPI
import EventLoop
import HTTP
import HTTPCore
import Platform
import Shop
import _Concurrency

// From the cart to the order.
extension Storefront {
  /// `GET /checkout`: an empty form with a key of its own.
  func checkout(_ request: Request, _ visitor: Visitor) async throws(PageError) -> Response {
    guard let cart = try await currentCart(request, visitor), !cart.items.isEmpty else {
      return redirect(Link("/cart"), visitor)
    }
    let countries = shop.taxRates.map { $0.country }
    let form = CheckoutForm(
      cartID: cart.id, idempotencyKey: Identifier.make(entropy),
      country: countries.contains("DE") ? "DE" : countries.first ?? "",
      shippingMethod: shop.shippingMethod("standard")?.id ?? shop.shippingMethods.first?.id ?? "")
    var context = await context(for: request, visitor, count: false)
    context.cartCount = Int(cart.pieceCount)
    return answer(.ok, CheckoutPage(form: form, cart: cart, shop: shop).page(context), context, visitor)
  }

  /// `POST /checkout`: shows the total, or orders. The cart and the key come from the form, so that sending
  /// it twice asks for one order twice.
  func submitCheckout(
    _ fields: FormFields, _ request: Request, _ visitor: Visitor
  ) async throws(PageError) -> Response {
    var form = CheckoutForm(fields)
    guard Identifier.isWellFormed(form.cartID), Identifier.isWellFormed(form.idempotencyKey) else {
      throw .notice(.badRequest, .badForm)
    }
    let errors = form.missing
    guard errors.isEmpty else {
      return try await show(form, .unprocessableContent, errors: errors, request: request, visitor)
    }
    guard fields["step"] == "place", let agreedTotal = form.agreedTotal else {
      return try await show(form, .ok, request: request, visitor)
    }
    let placed: Ordering.Placed
    do throws(ServiceError) {
      placed = try await ordering.place(
        form, agreedTotal: agreedTotal, until: loop.now + Self.orderPatience, trace: trace(of: request))
    } catch {
      return try await show(form, .serviceUnavailable, note: Self.brokenOff, request: request, visitor)
        .with("retry-after", "5")
    }
    switch placed {
    case .order(let id): return redirect(Link("/orders").segment(id), visitor)
    case .invalid(let errors):
      return try await show(form, .unprocessableContent, errors: errors, request: request, visitor)
    case .declined:
      // The answer is recorded under the key: another try needs another one.
      form.idempotencyKey = Identifier.make(entropy)
      return try await show(form, .paymentRequired, note: Self.declined, request: request, visitor)
    case .priceChanged:
      return try await show(form, .conflict, note: Self.priceChanged, request: request, visitor)
    case .shortage: return try await show(form, .conflict, note: Self.shortage, request: request, visitor)
    case .inFlight: return try await show(form, .conflict, note: Self.inFlight, request: request, visitor)
    case .keyReused:
      form.idempotencyKey = Identifier.make(entropy)
      return try await show(form, .conflict, note: Self.changed, request: request, visitor)
    case .providerSilent:
      return try await show(form, .serviceUnavailable, note: Self.silent, request: request, visitor)
        .with("retry-after", "5")
    case .cartEmpty, .cartGone: throw .notice(.conflict, Self.cartGone)
    }
  }

  /// The form again, with what is known: errors, a note, and the total if it can be worked out.
  private func show(
    _ form: CheckoutForm, _ status: Status, errors: [FieldError] = [], note: HTML? = nil, request: Request,
    _ visitor: Visitor
  ) async throws(PageError) -> Response {
    var page = CheckoutPage(form: form, errors: errors, cart: nil, shop: shop, note: note)
    var status = status
    let deadline = deadline
    let trace = trace(of: request)
    if errors.isEmpty {
      var quoted: Ordering.Quoted?
      do throws(ServiceError) {
        quoted = try await ordering.quote(form, until: deadline, trace: trace)
      } catch {
        // Whatever happened to the order stays on the page; a quote alone that fails is said on it, too.
        if note == nil {
          page.note = Self.noQuote
          status = .serviceUnavailable
        }
      }
      switch quoted {
      case nil: break
      case .quote(let quote):
        page.quote = quote
        if !quote.shortages.isEmpty && note == nil { page.note = Self.shortage }
      case .invalid(let errors):
        page.errors = errors
        if status == .ok { status = .unprocessableContent }
      case .cartEmpty, .cartGone: throw .notice(.conflict, Self.cartGone)
      }
    }
    // By a pattern: `== nil` would compare whole quotes.
    if case nil = page.quote {
      do throws(CartError) {
        page.cart = try await carts.get(id: form.cartID, until: deadline, trace: trace)
      } catch {}
    }
    var context = await context(for: request, visitor, count: false)
    context.cartCount =
      page.cart.map { Int($0.pieceCount) } ?? page.quote.map { $0.lines.reduce(0) { $0 + $1.quantity } }
    return answer(status, page.page(context), context, visitor)
  }

  // MARK: Orders

  /// `GET /orders/{id}`.
  func order(_ id: String, _ request: Request, _ visitor: Visitor) async throws(PageError) -> Response {
    try await order(id, .ok, note: nil, request, visitor)
  }

  /// `POST /orders/{id}/cancel`.
  func cancelOrder(_ id: String, _ request: Request, _ visitor: Visitor) async throws(PageError) -> Response {
    let isCancelled: Bool?
    do throws(ServiceError) {
      isCancelled = try await ordering.cancel(
        id: id, until: loop.now + Self.orderPatience, trace: trace(of: request))
    } catch {
      throw .service(error)
    }
    switch isCancelled {
    case nil: throw .notice(.notFound, .notFound)
    case true: return redirect(Link("/orders").segment(id), visitor)
    case false:
      let note = Piece.note(.warning, "It is too late to cancel", "<p>The parcel has left already.</p>")
      return try await order(id, .conflict, note: note, request, visitor)
    }
  }

  private func order(
    _ id: String, _ status: Status, note: HTML?, _ request: Request, _ visitor: Visitor
  ) async throws(PageError) -> Response {
    let order: Order?
    do throws(ServiceError) {
      order = try await ordering.order(id: id, until: deadline, trace: trace(of: request))
    } catch {
      throw .service(error)
    }
    guard let order else { throw .notice(.notFound, .notFound) }
    let context = await context(for: request, visitor)
    return answer(status, OrderPage(order: order, note: note).page(context), context, visitor)
  }

  // MARK: What went wrong, and what to do

  private static let brokenOff = Piece.note(
    .warning, "We did not hear whether your order was taken",
    "<p>Nothing you typed is lost. Press the button again in a moment: this form can only ever make one order.</p>"
  )
  private static let noQuote = Piece.note(
    .warning, "The total cannot be worked out just now",
    "<p>Nothing you typed is lost. Try again in a moment.</p>")
  private static let declined = Piece.note(
    .bad, "The payment was declined",
    "<p>Nothing was paid, and your cart is as it was. Choose another way to pay and try again.</p>")
  private static let priceChanged = Piece.note(
    .warning, "The total has changed",
    "<p>Nothing was ordered. Please look at the new total, then order again.</p>")
  private static let shortage = Piece.note(
    .warning, "Not everything is there any more",
    "<p>Nothing was ordered. <a href=\"/cart\">Change the cart</a>, then come back; it says what is left.</p>"
  )
  private static let inFlight = Piece.note(
    .warning, "Your order is being taken", "<p>Wait a moment, then press the button again to see it.</p>")
  private static let changed = Piece.note(
    .warning, "This form had been sent before", "<p>Please look at it once more, then order.</p>")
  private static let silent = Piece.note(
    .warning, "The payment provider does not answer",
    "<p>Nothing was paid or ordered, and nothing you typed is lost. Try again in a moment.</p>")
  private static let cartGone = NoticePage(
    title: "This cart is no longer there",
    text:
      "It was ordered already, emptied, or it expired. If you ordered it, the order's page is in your history.",
    action: ("See the cart", Link("/cart")))
}
