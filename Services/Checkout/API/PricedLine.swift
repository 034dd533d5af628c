import JSON
import Shop

/// One line of a quote or an order: a product as it was called and priced at that moment.
public struct PricedLine: Equatable, Sendable {
  /// The product, which may be gone by now.
  public var productID: String
  /// Its SKU then.
  public var sku: String
  /// Its name then.
  public var name: String
  /// Pieces.
  public var quantity: Int
  /// The price of one piece then.
  public var price: Money
  /// `quantity` times `price`.
  public var lineTotal: Money
  /// The tax of this line: contained in `lineTotal` when the shop's prices include tax, else on top.
  public var tax: Money

  /// A line with all its fields.
  public init(
    productID: String, sku: String, name: String, quantity: Int, price: Money, lineTotal: Money, tax: Money
  ) {
    self.productID = productID
    self.sku = sku
    self.name = name
    self.quantity = quantity
    self.price = price
    self.lineTotal = lineTotal
    self.tax = tax
  }

  /// Writes the line as a JSON object.
  public func write(to writer: inout JSONWriter) {
    writer.object { line in
      line.field("productId", productID)
      line.field("sku", sku)
      line.field("name", name)
      line.field("quantity", quantity)
      line.field("price", price)
      line.field("lineTotal", lineTotal)
      line.field("tax", tax)
    }
  }

  /// Reads a line that `write` wrote; nil when a field is missing or of another kind.
  public init?(_ json: JSON) {
    var members = JSONMembers(json)
    self.init(&members)
    guard members.isComplete else { return nil }
  }

  @inline(never)
  init(_ members: inout JSONMembers) {
    self.init(
      productID: members.string("productId"), sku: members.string("sku"), name: members.string("name"),
      quantity: Int(members.integer("quantity")), price: members.money("price"),
      lineTotal: members.money("lineTotal"), tax: members.money("tax"))
  }

  /// Reads the member `lines`.
  @inline(never)
  static func list(_ members: inout JSONMembers) -> [PricedLine] { members.list("lines") { PricedLine(&$0) } }

  /// Reads an array of lines; nil when it is none or one of them cannot be read.
  public static func lines(_ json: JSON?) -> [PricedLine]? {
    guard let elements = json?.array else { return nil }
    var lines: [PricedLine] = []
    lines.reserveCapacity(elements.count)
    for element in elements {
      guard let line = PricedLine(element) else { return nil }
      lines.append(line)
    }
    return lines
  }
}
