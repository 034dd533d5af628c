import Bytes
import CartAPI
import EventLoop
import HTTP
import HTTPCore
import Platform
import Shop
import _Concurrency

// The cart.
extension Storefront {
  /// `GET /cart`; `note` says what the last form did.
  func cart(_ visit: Visit) async throws(PageError) -> Reply {
    let cart = try await currentCart(visit)
    let note = Note(afterForm: visit.request.query.first("note"))
    return Reply(.ok, CartPage(cart: cart, note: note).page(visit))
  }

  /// The visitor's cart; nil when they have none, or it has expired or been ordered. The page then knows how much is
  /// in it.
  func currentCart(_ visit: Visit, until deadline: Instant? = nil) async throws(PageError) -> Cart? {
    visit.asksForPieceCount = false
    guard let id = visit.visitor.cartID else { return nil }
    do throws(CartError) {
      let cart = try await carts.ask(
        try CartClient.getting(id), until: deadline ?? visit.deadline, trace: visit.trace)
      visit.pieceCount = Int(cart.pieceCount)
      return cart
    } catch .service(let error) {
      throw .service(error)
    } catch {
      return nil
    }
  }

  /// `POST /cart/items`: adds to what is there.
  func addToCart(_ fields: FormFields, _ visit: Visit) async throws(PageError) -> Reply {
    let productID = fields["product"]
    guard let quantity = fields.quantity("quantity"), quantity > 0 else {
      return try await product(productID, visit, quantityError: "Enter a number from 1 to 999.")
    }
    let cart = try await ownCart(visit)
    do throws(CartError) {
      let sum = min(cart.quantity(of: productID) + quantity, Cart.maximumQuantity)
      _ = try await carts.ask(
        try CartClient.putting(cart.id, productID: productID, quantity: sum), until: visit.deadline,
        trace: visit.trace)
      return Reply(.added)
    } catch {
      return try Self.reply(to: error)
    }
  }

  /// The visitor's cart, made when they have none.
  private func ownCart(_ visit: Visit) async throws(PageError) -> Cart {
    if let cart = try await currentCart(visit) { return cart }
    do throws(CartError) {
      let cart = try await carts.ask(CartClient.creating(), until: visit.deadline, trace: visit.trace)
      visit.remember(cart)
      return cart
    } catch .service(let error) {
      throw .service(error)
    } catch {
      // Nothing else can be wrong with a new cart.
      throw .service(.malformed)
    }
  }

  /// `POST /cart/update`: removes one line, or sets the quantities that differ.
  func updateCart(_ fields: FormFields, _ visit: Visit) async throws(PageError) -> Reply {
    guard let cart = try await currentCart(visit) else { return Reply(Link("/cart")) }
    do throws(CartError) {
      guard let calls = try Self.changes(of: cart, fields) else { return Reply(.number) }
      for call in calls { _ = try await carts.ask(call, until: visit.deadline, trace: visit.trace) }
      return Reply(.updated)
    } catch {
      return try Self.reply(to: error)
    }
  }

  /// What a form changes; nil when a quantity is none.
  @inline(never)
  private static func changes(of cart: Cart, _ fields: FormFields) throws(CartError) -> [ServiceCall]? {
    if fields.has("remove") { return [try CartClient.removing(cart.id, productID: fields["remove"])] }
    var calls: [ServiceCall] = []
    for line in cart.items {
      let name = "quantity." + line.productID
      if fields[name].isEmpty { continue }
      guard let quantity = fields.quantity(name) else { return nil }
      if quantity == line.quantity { continue }
      calls.append(try CartClient.putting(cart.id, productID: line.productID, quantity: quantity))
    }
    return calls
  }

  @inline(never)
  private static func reply(to error: CartError) throws(PageError) -> Reply {
    switch error {
    case .cartNotFound: Reply(.lost)
    case .productNotFound: Reply(.gone)
    case .full: Reply(.full)
    case .invalid: Reply(.number)
    case .service(let error): throw .service(error)
    }
  }
}

extension Cart {
  /// Pieces of a product in it.
  fileprivate func quantity(of productID: String) -> Int64 {
    for line in items where line.productID == productID { return line.quantity }
    return 0
  }
}

extension FormFields {
  /// The quantity that `name` has, from 0 on; nil when it is none.
  fileprivate func quantity(_ name: String) -> Int64? {
    guard let quantity = Int64(self[name]), (0...Cart.maximumQuantity).contains(quantity) else { return nil }
    return quantity
  }
}

extension Reply {
  /// The cart's page with this note.
  fileprivate convenience init(_ note: Note) {
    self.init(Link("/cart").query("note", String(literal: note.name)))
  }
}
