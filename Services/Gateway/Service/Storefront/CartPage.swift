import Bytes
import CartAPI
import CatalogAPI

/// The cart: what is in it, how much of each, and what it comes to.
struct CartPage {
  /// Nil when the visitor has none.
  var cart: Cart?
  var note: Note?

  func page(_ visit: Visit) -> Page {
    guard let cart, !cart.items.isEmpty else {
      return Page(
        title: "Your cart",
        content: """
          \(note?.html)<div class="empty">\(Piece.closedStall)<h1>Your cart is empty</h1>
          <p>Whatever you put into it waits here for thirty days.</p><a class="button" href="/">Look around</a></div>
          """)
    }
    var lines = HTML()
    for (index, line) in cart.items.enumerated() { lines.append(Self.line(line, index)) }
    return Page(
      title: "Your cart",
      content: """
        <h1>Your cart</h1>
        <form action="/cart/update" method="post">\(Piece.formToken(visit))
        <button class="hidden" name="update" value="1" tabindex="-1" aria-hidden="true">Update</button>
        <div class="split"><div>\(note?.html)
        <ul class="lines">\(lines)</ul>
        <div class="actions"><button class="quiet" name="update" value="1">Update quantities</button>
        <a href="/">Look for more</a></div></div>
        \(summary(cart))</div></form>
        """)
  }

  private static func line(_ line: CartLine, _ index: Int) -> HTML {
    let isGone = line.notice == .gone
    return """
      <li>\(isGone ? "<div class=\"arch\"></div>" : Piece.picture(Product.imagePath(of: line.productID)))
      <div><h2>\(isGone ? HTML(text: line.name) : Piece.link(toProduct: line.productID, line.name))</h2>\
      <p class="each">\(line.price) each</p></div>
      <span class="price">\(line.lineTotal)</span>
      <div class="controls">\(isGone ? nil : quantity(line, index))\
      <button class="plain" name="remove" value="\(line.productID)">Remove\
      <span class="hidden"> \(line.name)</span></button>\(notice(line))</div></li>

      """
  }

  private static func quantity(_ line: CartLine, _ index: Int) -> HTML {
    """
    <label for="quantity-\(index)">Quantity<span class="hidden"> of \(line.name)</span></label>
    <input id="quantity-\(index)" name="quantity.\(line.productID)" type="number" min="0" max="999" \
    value="\(line.quantity)">
    """
  }

  private static func notice(_ line: CartLine) -> HTML? {
    switch line.notice {
    case nil: nil
    case .priceChanged(let was): "<span class=\"badge few\">The price was \(was) when you chose it</span>"
    case .short: "<span class=\"badge few\">Only \(line.available) left</span>"
    case .outOfStock: "<span class=\"badge none\">Sold out meanwhile</span>"
    case .gone: "<span class=\"badge none\">No longer sold</span>"
    }
  }

  private func summary(_ cart: Cart) -> HTML {
    """
    <aside class="panel" aria-labelledby="sum"><h2 id="sum">In all</h2>
    <dl class="sums"><div><dt>\(cart.pieceCount) piece\("s", if: cart.pieceCount != 1)</dt>\
    <dd>\(cart.subtotal)</dd></div></dl>
    <p class="hint">Shipping and tax are added at the checkout.</p>\(onward(cart))</aside>
    """
  }

  private func onward(_ cart: Cart) -> HTML {
    for line in cart.items {
      switch line.notice {
      case .short, .outOfStock, .gone:
        return
          "<p class=\"error\">Not everything here can be had as it stands. Change the marked lines first.</p>"
      case .priceChanged, nil: continue
      }
    }
    return "<a class=\"button wide\" href=\"/checkout\">To the checkout</a>"
  }
}
