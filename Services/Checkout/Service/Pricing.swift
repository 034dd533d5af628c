import CheckoutAPI
import Platform
import Shop

/// A product that a cart wants, as the catalog calls and prices it at this moment.
public struct WantedItem: Equatable, Sendable {
  /// The product.
  public var productID: String
  /// Its SKU.
  public var sku: String
  /// Its name.
  public var name: String
  /// The price of one piece.
  public var price: Money
  /// Pieces wanted.
  public var quantity: Int

  /// `quantity` pieces of a product.
  public init(productID: String, sku: String, name: String, price: Money, quantity: Int) {
    self.productID = productID
    self.sku = sku
    self.name = name
    self.price = price
    self.quantity = quantity
  }
}

/// The arithmetic of a quote (shop-api.md, "POST /checkouts"). Integers only.
///
/// The tax is computed for each line and for shipping, each rounded half to even, and then added up, so the sum
/// of what is shown is what is paid.
public enum Pricing {
  /// Prices `items` sent by `method` to a country taxed at `rate`.
  ///
  /// Throws when a product is priced in another currency than shipping is. Overflow cannot happen below the
  /// limits of prices, quantities and lines, and is an error all the same.
  public static func quote(
    _ items: [WantedItem], by method: ShopConfiguration.ShippingMethod, rate: TaxRate, taxIncluded: Bool,
    shortages: [LineShortage], expiresAt: WallTime
  ) throws(MoneyError) -> Quote {
    var lines: [PricedLine] = []
    lines.reserveCapacity(items.count)
    var subtotal = Money.zero(method.price.currency)
    var tax = rate.tax(of: method.price, included: taxIncluded)
    for item in items {
      let lineTotal = try item.price.multiplied(by: Int64(item.quantity))
      let lineTax = rate.tax(of: lineTotal, included: taxIncluded)
      subtotal = try subtotal.adding(lineTotal)
      tax = try tax.adding(lineTax)
      lines.append(
        PricedLine(
          productID: item.productID, sku: item.sku, name: item.name, quantity: item.quantity,
          price: item.price, lineTotal: lineTotal, tax: lineTax))
    }
    var total = try subtotal.adding(method.price)
    if !taxIncluded { total = try total.adding(tax) }
    return Quote(
      lines: lines, subtotal: subtotal, shippingMethod: method.id, shipping: method.price, tax: tax,
      taxIncluded: taxIncluded, total: total, shortages: shortages, expiresAt: expiresAt)
  }
}
