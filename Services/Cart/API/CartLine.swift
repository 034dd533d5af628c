import Bytes
import JSON
import Shop

/// One product in a cart.
public struct CartLine: Equatable, Sendable {
  /// The product.
  public var productID: String
  /// Its SKU now; once it is gone, as it was when added.
  public var sku: String
  /// Its name now; once it is gone, as it was when added.
  public var name: String
  /// Pieces, 1–999. Stock does not limit it: `notice` tells.
  public var quantity: Int64
  /// The price of one piece now; once it is gone, as it was when added.
  public var price: Money
  /// `quantity` times `price`; nothing for a product that is gone, since it cannot be bought.
  public var lineTotal: Money
  /// Pieces that could be had now.
  public var available: Int64
  /// What the buyer should know about the line.
  public var notice: CartNotice?

  /// A line with all its fields.
  public init(
    productID: String, sku: String, name: String, quantity: Int64, price: Money, lineTotal: Money,
    available: Int64, notice: CartNotice?
  ) {
    self.productID = productID
    self.sku = sku
    self.name = name
    self.quantity = quantity
    self.price = price
    self.lineTotal = lineTotal
    self.available = available
    self.notice = notice
  }

  /// Writes the line as a JSON object; `was` stands beside `notice` when the price has changed.
  public func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.field("productId", productID)
      writer.field("sku", sku)
      writer.field("name", name)
      writer.field("quantity", quantity)
      writer.field("price", price)
      writer.field("lineTotal", lineTotal)
      writer.field("available", available)
      writer.field("notice", notice?.name)
      if case .priceChanged(let was) = notice { writer.field("was", was) }
    }
  }

  /// Reads a line that the service wrote; nil when a field is missing or of another kind.
  public init?(_ json: JSON) {
    guard let productID = json["productId"]?.string, let sku = json["sku"]?.string,
      let name = json["name"]?.string, let quantity = json["quantity"]?.integer,
      let amount = json["price"], let price = Money(amount), let total = json["lineTotal"],
      let lineTotal = Money(total), let available = json["available"]?.integer
    else { return nil }
    let notice: CartNotice?
    switch json["notice"]?.string {
    case nil: notice = nil
    case "price_changed":
      guard let amount = json["was"], let was = Money(amount) else { return nil }
      notice = .priceChanged(was: was)
    case "short": notice = .short
    case "out_of_stock": notice = .outOfStock
    case "gone": notice = .gone
    default: return nil
    }
    self.init(
      productID: productID, sku: sku, name: name, quantity: quantity, price: price, lineTotal: lineTotal,
      available: available, notice: notice)
  }
}

/// What a buyer should know about a line. A line has at most one: what keeps it from being bought comes first.
public enum CartNotice: Equatable, Sendable {
  /// The price is another one than when the line was added.
  case priceChanged(was: Money)
  /// There are fewer pieces than the line wants.
  case short
  /// There is none left.
  case outOfStock
  /// The product is no longer sold.
  case gone

  /// The value in JSON.
  public var name: String {
    switch self {
    case .priceChanged: "price_changed"
    case .short: "short"
    case .outOfStock: "out_of_stock"
    case .gone: "gone"
    }
  }
}
