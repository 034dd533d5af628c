import JSON
import Platform
import Shop

/// A line of which there are not enough pieces.
public struct LineShortage: Equatable, Sendable {
  /// The product.
  public var productID: String
  /// Pieces in the cart.
  public var wanted: Int
  /// Pieces that can be had.
  public var available: Int

  /// Of `wanted` pieces of `productID` only `available` can be had.
  public init(productID: String, wanted: Int, available: Int) {
    self.productID = productID
    self.wanted = wanted
    self.available = available
  }

  /// Writes the shortage as a JSON object.
  public func write(to writer: inout JSONWriter) {
    writer.object { shortage in
      shortage.field("productId", productID)
      shortage.field("wanted", wanted)
      shortage.field("available", available)
    }
  }

  /// Reads a shortage.
  init(_ members: inout JSONMembers) {
    self.init(
      productID: members.string("productId"), wanted: Int(members.integer("wanted")),
      available: Int(members.integer("available")))
  }
}

/// What a cart would cost, sent to an address by a method. It holds nothing.
public struct Quote: Equatable, Sendable {
  /// The cart's lines at the catalog's prices.
  public var lines: [PricedLine]
  /// The sum of the lines.
  public var subtotal: Money
  /// The method it was made for.
  public var shippingMethod: String
  /// What that costs.
  public var shipping: Money
  /// The sum of the taxes of each line and of shipping, each rounded for itself.
  public var tax: Money
  /// Whether the prices contain the tax.
  public var taxIncluded: Bool
  /// What is to be paid: `subtotal + shipping + (taxIncluded ? 0 : tax)`.
  public var total: Money
  /// Lines of which there are not enough pieces now.
  public var shortages: [LineShortage]
  /// Until when a shopper may trust it.
  public var expiresAt: WallTime

  /// A quote with all its fields.
  public init(
    lines: [PricedLine], subtotal: Money, shippingMethod: String, shipping: Money, tax: Money,
    taxIncluded: Bool, total: Money, shortages: [LineShortage], expiresAt: WallTime
  ) {
    self.lines = lines
    self.subtotal = subtotal
    self.shippingMethod = shippingMethod
    self.shipping = shipping
    self.tax = tax
    self.taxIncluded = taxIncluded
    self.total = total
    self.shortages = shortages
    self.expiresAt = expiresAt
  }

  /// Writes the quote as a JSON object.
  public func write(to writer: inout JSONWriter) {
    writer.object { quote in
      quote.field("lines", array: { list in for line in lines { line.write(to: &list) } })
      quote.field("subtotal", subtotal)
      quote.field("shippingMethod", shippingMethod)
      quote.field("shipping", shipping)
      quote.field("tax", tax)
      quote.field("total", total)
      quote.field("taxIncluded", taxIncluded)
      quote.field("shortages", array: { list in for shortage in shortages { shortage.write(to: &list) } })
      quote.field("expiresAt", Timestamp.string(expiresAt))
    }
  }

  /// Reads a quote; nil when a field is missing or of another kind.
  public init?(_ json: JSON) {
    var members = JSONMembers(json)
    self.init(&members)
    guard members.isComplete else { return nil }
  }

  /// The same, for whoever asks the members at last whether they were complete.
  @inline(never)
  public init(_ members: inout JSONMembers) {
    self.init(
      lines: PricedLine.list(&members), subtotal: members.money("subtotal"),
      shippingMethod: members.string("shippingMethod"), shipping: members.money("shipping"),
      tax: members.money("tax"), taxIncluded: members.bool("taxIncluded"), total: members.money("total"),
      shortages: members.list("shortages") { LineShortage(&$0) }, expiresAt: members.time("expiresAt"))
  }
}
