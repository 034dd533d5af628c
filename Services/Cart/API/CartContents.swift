import JSON

/// What a cart holds, without prices: for Checkout, which asks the catalog itself (`GET /internal/v1/carts/{id}`).
public struct CartContents: Equatable, Sendable {
  /// A product and how many pieces of it.
  public struct Item: Equatable, Sendable {
    /// The product.
    public var productID: String
    /// Pieces, 1–999.
    public var quantity: Int64

    /// `quantity` pieces of `productID`.
    public init(productID: String, quantity: Int64) {
      self.productID = productID
      self.quantity = quantity
    }
  }

  /// In the order in which they were added. Each product once; empty for an empty cart.
  public var items: [Item]
  /// Counts changes of the cart.
  public var version: Int64

  /// The contents of a cart.
  public init(items: [Item], version: Int64) {
    self.items = items
    self.version = version
  }

  /// Writes the contents as a JSON object.
  public func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.key("items")
      writer.array { writer in
        for item in items {
          writer.object { writer in
            writer.field("productId", item.productID)
            writer.field("quantity", item.quantity)
          }
        }
      }
      writer.field("version", version)
    }
  }

  /// Reads what the service wrote; nil when a field is missing or of another kind.
  public init?(_ json: JSON) {
    var members = JSONMembers(json)
    self.init(
      items: members.list("items") {
        Item(productID: $0.string("productId"), quantity: $0.integer("quantity"))
      },
      version: members.integer("version"))
    guard members.isComplete else { return nil }
  }
}
