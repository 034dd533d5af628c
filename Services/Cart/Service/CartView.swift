import CartAPI
import CatalogAPI
import Shop

/// Puts what a cart holds together with what the catalog says about it.
enum CartView {
  /// The cart at today's prices. Products that `products` does not have are gone.
  static func cart(
    _ stored: StoredCart, products: [Product], currency: String
  ) throws(MoneyError) -> Cart {
    var byID: [String: Product] = [:]
    for product in products { byID[product.id] = product }
    var lines: [CartLine] = []
    lines.reserveCapacity(stored.lines.count)
    var subtotal = Money.zero(currency)
    for line in stored.lines {
      let shown = try Self.line(line, byID[line.product.id], currency)
      subtotal = try subtotal.adding(shown.lineTotal)
      lines.append(shown)
    }
    return Cart(
      id: stored.id, items: lines, subtotal: subtotal, version: stored.version, updatedAt: stored.updatedAt,
      expiresAt: stored.expiresAt)
  }

  private static func line(
    _ line: StoredLine, _ product: Product?, _ currency: String
  ) throws(MoneyError) -> CartLine {
    let added = line.product
    guard let product else {
      return CartLine(
        productID: added.id, sku: added.sku, name: added.name, quantity: line.quantity, price: added.price,
        lineTotal: .zero(currency), available: 0, notice: .gone)
    }
    let notice: CartNotice? =
      if product.available <= 0 {
        .outOfStock
      } else if Int64(product.available) < line.quantity {
        .short
      } else if product.price != added.price {
        .priceChanged(was: added.price)
      } else {
        nil
      }
    return CartLine(
      productID: product.id, sku: product.sku, name: product.name, quantity: line.quantity,
      price: product.price, lineTotal: try product.price.multiplied(by: line.quantity),
      available: Int64(max(0, product.available)), notice: notice)
  }
}
