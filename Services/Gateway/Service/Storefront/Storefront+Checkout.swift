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
  func checkout(_ visit: Visit) async throws(PageError) -> Reply {
    guard let cart = try await currentCart(visit), !cart.items.isEmpty else { return Reply(Link("/cart")) }
    let page = CheckoutPage(emptyForm(for: cart), shop)
    page.cart = cart
    return page.reply(visit)
  }

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
    if !page.errors.isEmpty {
      page.status = .unprocessableContent
    } else if fields["step"] == "place", let total = page.form.agreedTotal {
      let call = Ordering.placing(page.form, Money(total, shop.currency))
      let answer = try? await ask(call, within: Self.orderPatience, visit)
      page.take(placed: answer, newKey: Identifier.make(entropy))
    }
    if let order = page.orderID { return Reply(Link("/orders").segment(order)) }
    if page.errors.isEmpty && !page.isCartGone {
      page.take(quoted: try? await ask(Ordering.quoting(page.form), within: Self.patience, visit))
    }
    if page.isCartGone { throw .notice(.conflict, .cartGone) }
    // By a pattern: `== nil` would compare whole quotes.
    if case nil = page.quote {
      do throws(CartError) {
        page.cart = try await carts.get(id: page.form[.cart], until: deadline, trace: visit.trace)
      } catch {}
    }
    return page.reply(visit)
  }

  /// Asks the checkout service.
  private func ask(
    _ call: ServiceCall, within patience: Duration, _ visit: Visit
  ) async throws(PageError) -> ServiceAnswer {
    do throws(ServiceError) {
      return try await orders.call(call, until: loop.now + patience, trace: visit.trace)
    } catch {
      throw .service(error)
    }
  }

  // MARK: Orders

  /// `GET /orders/{id}`.
  func order(_ id: String, _ status: Status, note: Note?, _ visit: Visit) async throws(PageError) -> Reply {
    let answer = try await ask(try Ordering.showing(id), within: Self.patience, visit)
    let page = OrderPage(order: try Ordering.order(answer), note: note).page(visit)
    return Reply(status, page)
  }

  /// `POST /orders/{id}/cancel`.
  func cancelOrder(_ id: String, _ visit: Visit) async throws(PageError) -> Reply {
    switch try await ask(try Ordering.cancelling(id), within: Self.orderPatience, visit).status {
    case 200: return Reply(Link("/orders").segment(id))
    case 409: return try await order(id, .conflict, note: .late, visit)
    default: throw .notice(.notFound, .notFound)
    }
  }
}
