import Bytes
import JSON
import Platform
import Shop

/// What the shop sells, as the catalog shows it (shop-api.md, "Product").
public struct Product: Equatable, Sendable {
  /// Opaque, never reused.
  public var id: String
  /// The seller's own name for it; unique among the products on sale.
  public var sku: String
  /// What a buyer reads first.
  public var name: String
  /// Plain text.
  public var description: String
  /// In the seller's order, each once.
  public var tags: [String]
  /// The price of one piece.
  public var price: Money
  /// Pieces that can be ordered now: on hand less held.
  public var available: Int
  /// The path of its picture. Every product has one.
  public var image: String
  /// When it was last edited. A change of stock is not an edit.
  public var updatedAt: WallTime
  /// Counts edits, from 1.
  public var version: Int

  /// A product with all its fields.
  public init(
    id: String, sku: String, name: String, description: String, tags: [String], price: Money,
    available: Int, image: String, updatedAt: WallTime, version: Int
  ) {
    self.id = id
    self.sku = sku
    self.name = name
    self.description = description
    self.tags = tags
    self.price = price
    self.available = available
    self.image = image
    self.updatedAt = updatedAt
    self.version = version
  }

  /// Its strong validator: changes with every edit and with what is available.
  public var entityTag: String { "\"" + String(version) + "-" + String(available) + "\"" }

  /// The path of a product.
  public static func path(of id: String) -> String { "/api/v1/products/" + id }

  /// The path of a product's picture.
  public static func imagePath(of id: String) -> String { path(of: id) + "/image" }
}

extension Product {
  /// Writes the product as a JSON object.
  public func write(to writer: inout JSONWriter) {
    writer.object { product in
      product.field("id", id)
      product.field("sku", sku)
      product.field("name", name)
      product.field("description", description)
      product.field(
        "tags",
        array: { list in
          for tag in tags { list.value(tag) }
        })
      product.field("price", price)
      product.field("available", available)
      product.field("image", image)
      product.field("updatedAt", Timestamp.string(updatedAt))
      product.field("version", version)
    }
  }

  /// Reads a product that another service wrote; nil when a field is missing or of another kind.
  public init?(_ json: JSON) {
    var members = JSONMembers(json)
    self.init(&members)
    guard members.isComplete else { return nil }
  }

  @inline(never)
  init(_ members: inout JSONMembers) {
    self.init(
      id: members.string("id"), sku: members.string("sku"), name: members.string("name"),
      description: members.string("description"), tags: members.strings("tags"),
      price: members.money("price"), available: Int(members.integer("available")),
      image: members.string("image"), updatedAt: members.time("updatedAt"),
      version: Int(members.integer("version")))
  }
}
