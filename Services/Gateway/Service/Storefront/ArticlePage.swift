import Bytes
import CatalogAPI

/// One product: picture, price, stock, words, and the way into the cart.
struct ArticlePage {
  var product: Product
  /// What is wrong with the number that was asked for.
  var quantityError: StaticString?

  func page(_ visit: Visit) -> Page {
    Page(
      title: "\(product.name)",
      content: """
        <nav class="crumbs" aria-label="Where you are"><a href="/">All goods</a></nav>
        <article class="product">
        \(Piece.picture(product.image, isFirst: true))
        <div class="about">
        <h1>\(product.name)</h1>
        <p class="price">\(product.price)</p>
        \(Piece.stock(product.available))
        \(buying(visit))
        \(description)
        \(tags)
        <p class="sku">Article \(product.sku)</p>
        </div>
        </article>
        """)
  }

  private var description: HTML? {
    product.description.isEmpty ? nil : "<p class=\"description\">\(product.description)</p>"
  }

  private var tags: HTML? {
    if product.tags.isEmpty { return nil }
    var tags = HTML()
    for tag in product.tags {
      let link = Link("/").query("tag", tag)
      tags.append("<li><a class=\"chip\" href=\"\(link)\">\(tag.asciiCapitalized)</a></li>")
    }
    return "<nav aria-label=\"More of this kind\"><ul class=\"chips\">\(tags)</ul></nav>"
  }

  private func buying(_ visit: Visit) -> HTML {
    guard product.available > 0 else {
      return "<p>This is sold out just now. <a href=\"/\">See what else there is</a>.</p>"
    }
    var message: HTML?
    if let quantityError { message = "<p class=\"error\" id=\"quantity-error\">\(quantityError)</p>" }
    return """
      <form action="/cart/items" method="post">\(Piece.formToken(visit))
      <input type="hidden" name="product" value="\(product.id)">
      <div class="buy"><div class="field"><label for="quantity">Quantity</label>
      <input id="quantity" name="quantity" type="number" min="1" max="999" value="1" required\
      \(" aria-invalid=\"true\" aria-describedby=\"quantity-error\"", if: quantityError != nil)></div>
      <button>Put into the cart</button></div>\(message)</form>
      """
  }
}
