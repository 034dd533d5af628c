import Bytes
import CartAPI
import CatalogAPI
import EventLoop
import HTTP
import HTTPCore
import Platform
import Shop
import _Concurrency

// The cart.
extension Storefront {
  /// `GET /cart`; `note` says what the last form did.
  func cart(_ request: Request, _ visitor: Visitor) async throws(PageError) -> Response {
    let cart = try await currentCart(request, visitor)
    var context = await context(for: request, visitor, count: false)
    if let cart, cart.pieceCount > 0 { context.cartCount = Int(cart.pieceCount) }
    let note = request.query.first("note").flatMap { CartNote(rawValue: $0) }?.html
    return answer(.ok, CartPage(cart: cart, note: note).page(context), context, visitor)
  }

  /// The visitor's cart; nil when they have none, or it has expired or been ordered.
  func currentCart(_ request: Request, _ visitor: Visitor) async throws(PageError) -> Cart? {
    guard let id = visitor.cartID else { return nil }
    do throws(CartError) {
      return try await carts.get(id: id, until: deadline, trace: trace(of: request))
    } catch .service(let error) {
      throw .service(error)
    } catch {
      return nil
    }
  }

  /// `POST /cart/items`: adds to what is there.
  func addToCart(_ fields: FormFields, _ request: Request, _ visitor: Visitor) async throws(PageError)
    -> Response
  {
    var visitor = visitor
    let productID = fields["product"]
    guard let quantity = Int64(fields["quantity"]), (1...Cart.maximumQuantity).contains(quantity) else {
      let product = try await find(productID)
      let context = await context(for: request, visitor)
      let page = ArticlePage(product: product, quantityError: "Enter a number from 1 to 999.")
      return answer(.unprocessableContent, page.page(context), context, visitor)
    }
    let deadline = deadline
    let trace = trace(of: request)
    let current = try await currentCart(request, visitor)
    do throws(CartError) {
      let cart: Cart
      if let current {
        cart = current
      } else {
        cart = try await carts.create(until: deadline, trace: trace)
        visitor.remember(cartID: cart.id, seal: seal)
      }
      let present = cart.items.first { $0.productID == productID }?.quantity ?? 0
      _ = try await carts.put(
        id: cart.id, productID: productID, quantity: min(present + quantity, Cart.maximumQuantity),
        until: deadline,
        trace: trace)
      return redirect(CartNote.added.link, visitor)
    } catch {
      return try redirect(after: error, visitor)
    }
  }

  /// `POST /cart/update`: removes one line, or sets the quantities that differ.
  func updateCart(_ fields: FormFields, _ request: Request, _ visitor: Visitor) async throws(PageError)
    -> Response
  {
    guard let cart = try await currentCart(request, visitor) else { return redirect(Link("/cart"), visitor) }
    let deadline = deadline
    let trace = trace(of: request)
    do throws(CartError) {
      if fields.has("remove") {
        _ = try await carts.remove(id: cart.id, productID: fields["remove"], until: deadline, trace: trace)
        return redirect(CartNote.updated.link, visitor)
      }
      for (productID, text) in fields.all(after: "quantity.") where !text.isEmpty {
        guard let line = cart.items.first(where: { $0.productID == productID }) else { continue }
        guard let quantity = Int64(text), (0...Cart.maximumQuantity).contains(quantity) else {
          return redirect(CartNote.number.link, visitor)
        }
        guard quantity != line.quantity else { continue }
        _ = try await carts.put(
          id: cart.id, productID: productID, quantity: quantity, until: deadline, trace: trace)
      }
      return redirect(CartNote.updated.link, visitor)
    } catch {
      return try redirect(after: error, visitor)
    }
  }

  private func redirect(after error: CartError, _ visitor: Visitor) throws(PageError) -> Response {
    switch error {
    case .cartNotFound: return redirect(CartNote.lost.link, visitor)
    case .productNotFound: return redirect(CartNote.gone.link, visitor)
    case .full: return redirect(CartNote.full.link, visitor)
    case .invalid: return redirect(CartNote.number.link, visitor)
    case .service(let error): throw .service(error)
    }
  }
}

/// What the cart's page says about the form that led to it. Only these words can be asked for by an address.
enum CartNote: String {
  case added, updated, number, gone, full, lost

  /// The cart's page with this note.
  var link: Link { Link("/cart").query("note", rawValue) }

  /// The note.
  var html: HTML {
    switch self {
    case .added: Piece.note(.good, "It is in your cart")
    case .updated: Piece.note(.good, "Your cart is up to date")
    case .number:
      Piece.note(.bad, "A quantity is a number from 0 to 999", "<p>The others were not changed.</p>")
    case .gone: Piece.note(.bad, "This is no longer sold", "<p>Nothing was put into the cart.</p>")
    case .full:
      Piece.note(
        .bad, "Your cart is full", "<p>It holds 100 different things. Take one out, then try again.</p>")
    case .lost: Piece.note(.warning, "Your cart had expired", "<p>Please choose again.</p>")
    }
  }
}
