import Bytes
import CatalogAPI
import Shop

/// One product: picture, price, stock, words, and the way into the cart.
struct ArticlePage {
  var product: Product
  /// Pieces the form asks for.
  var quantity = 1
  /// What is wrong with the number that was asked for.
  var quantityError: String?

  func page(_ context: PageContext) -> Page {
    let description: HTML =
      product.description.isEmpty ? "" : "<p class=\"description\">\(product.description)</p>"
    let tags = product.tags.map { tag -> HTML in
      let link = Link("/").query("tag", tag)
      return "<li><a class=\"chip\" href=\"\(link)\">\(tag.asciiCapitalized)</a></li>"
    }
    let tagList: HTML =
      tags.isEmpty ? "" : "<nav aria-label=\"More of this kind\"><ul class=\"chips\">\(tags)</ul></nav>"
    return Page(
      title: product.name,
      content: """
        <nav class="crumbs" aria-label="Where you are"><a href="/">All goods</a></nav>
        <article class="product">
        \(Piece.picture(product.image, isFirst: true))
        <div class="about">
        <h1>\(product.name)</h1>
        <p class="price">\(product.price.text)</p>
        \(Piece.stock(product.available))
        \(buying(context))
        \(description)
        \(tagList)
        <p class="sku">Article \(product.sku)</p>
        </div>
        </article>
        """)
  }

  private func buying(_ context: PageContext) -> HTML {
    guard product.available > 0 else {
      return "<p>This is sold out just now. <a href=\"/\">See what else there is</a>.</p>"
    }
    let invalid: HTML =
      quantityError == nil ? "" : " aria-invalid=\"true\" aria-describedby=\"quantity-error\""
    let message = quantityError.map { "<p class=\"error\" id=\"quantity-error\">\($0)</p>" as HTML }
    return """
      <form action="/cart/items" method="post">\(Piece.formToken(context))
      <input type="hidden" name="product" value="\(product.id)">
      <div class="buy"><div class="field"><label for="quantity">Quantity</label>
      <input id="quantity" name="quantity" type="number" min="1" max="999" value="\(quantity)" required\(invalid)></div>
      <button>Put into the cart</button></div>\(message)</form>
      """
  }
}
