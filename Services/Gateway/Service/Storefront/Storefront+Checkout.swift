import Bytes
import CartAPI
import EventLoop
import HTTP
import HTTPCore
import Platform
import Shop
import _Concurrency

// From the cart to the order.
extension Storefront {
  /// `GET /checkout`: an empty form with a key of its own.
  func checkout(_ visit: Visit) async throws(PageError) -> Reply {
    guard let cart = try await currentCart(visit), !cart.items.isEmpty else { return Reply(Link("/cart")) }
    let page = CheckoutPage(emptyForm(for: cart), shop)
    page.cart = cart
    return page.reply(visit)
  }

  @inline(never)
  private func emptyForm(for cart: Cart) -> CheckoutForm {
    CheckoutForm(
      cartID: cart.id, idempotencyKey: Identifier.make(entropy),
      country: shop.taxRate(of: "DE") != nil ? "DE" : shop.taxRates.first?.country ?? "",
      shippingMethod: (shop.shippingMethod("standard") ?? shop.shippingMethods.first)?.id ?? "")
  }

  /// `POST /checkout`: shows the total, or orders. The cart and the key come from the form, so that sending
  /// it twice asks for one order twice.
  func submitCheckout(_ fields: FormFields, _ visit: Visit) async throws(PageError) -> Reply {
    let page = CheckoutPage(CheckoutForm(fields), shop)
    guard Identifier.isWellFormed(page.form[.cart]), Identifier.isWellFormed(page.form[.key]) else {
      throw .notice(.badRequest, .badForm)
    }
    page.errors = page.form.missing
    await place(page, fields, visit)
    if let order = page.orderID { return Reply(Link("/orders").segment(order)) }
    await quote(page, visit)
    if page.isCartGone { throw .notice(.conflict, .cartGone) }
    await showCart(page, visit)
    return page.reply(visit)
  }

  // Steps of their own, each of which asks or does not: what stands behind a condition with an `await` would be in the
  // image once for each way to get there.

  /// Orders, when that is wanted and nothing is missing. Sending the same form again orders nothing more.
  private func place(_ page: CheckoutPage, _ fields: FormFields, _ visit: Visit) async {
    if !page.errors.isEmpty { page.status = .unprocessableContent }
    guard page.errors.isEmpty, fields["step"] == "place", let total = page.form.agreedTotal else { return }
    let call = Ordering.placing(page.form, Money(total, shop.currency))
    let answer = try? await ask(orders, call, until: loop.now + Self.orderPatience, visit)
    visit.deadline = loop.now + Self.patience
    page.take(placed: answer, newKey: Identifier.make(entropy))
  }

  /// Asks what the cart would cost, when nothing is wrong with the form.
  private func quote(_ page: CheckoutPage, _ visit: Visit) async {
    guard page.errors.isEmpty, !page.isCartGone else { return }
    page.take(quoted: try? await ask(orders, Ordering.quoting(page.form), until: visit.deadline, visit))
  }

  /// Asks what is in the cart, when there is no quote that says it.
  private func showCart(_ page: CheckoutPage, _ visit: Visit) async {
    guard page.offer == nil else { return }
    do throws(CartError) {
      page.cart = try await carts.ask(
        try CartClient.getting(page.form[.cart]), until: visit.deadline, trace: visit.trace)
    } catch {}
  }

  // MARK: Orders

  /// `GET /orders/{id}`.
  func order(_ id: String, _ status: Status, note: Note?, _ visit: Visit) async throws(PageError) -> Reply {
    let answer = try await ask(orders, try Ordering.showing(id), until: visit.deadline, visit)
    let page = OrderPage(order: try Ordering.order(answer), note: note).page(visit)
    return Reply(status, page)
  }

  /// `POST /orders/{id}/cancel`.
  func cancelOrder(_ id: String, _ visit: Visit) async throws(PageError) -> Reply {
    let answer = try await ask(
      orders, try Ordering.cancelling(id), until: loop.now + Self.orderPatience, visit)
    visit.deadline = loop.now + Self.patience
    switch answer.status {
    case 200: return Reply(Link("/orders").segment(id))
    case 409: return try await order(id, .conflict, note: .late, visit)
    default: throw .notice(.notFound, .notFound)
    }
  }
}
