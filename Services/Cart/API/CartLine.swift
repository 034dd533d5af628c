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

  init(_ members: inout JSONMembers) {
    self.init(
      productID: members.string("productId"), sku: members.string("sku"), name: members.string("name"),
      quantity: members.integer("quantity"), price: members.money("price"),
      lineTotal: members.money("lineTotal"), available: members.integer("available"),
      notice: CartNotice(&members))
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

  /// Reads the notice of a line, if it has one.
  fileprivate init?(_ members: inout JSONMembers) {
    switch members.optionalString("notice") {
    case nil: return nil
    case "price_changed"?: self = .priceChanged(was: members.money("was"))
    case "short"?: self = .short
    case "out_of_stock"?: self = .outOfStock
    case "gone"?: self = .gone
    default:
      members.require(false)
      return nil
    }
  }
}
