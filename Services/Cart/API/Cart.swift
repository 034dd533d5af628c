import Bytes
import JSON
import Platform
import Shop

/// A cart as its owner sees it: what it holds, at today's prices (shop-api.md, "Cart").
public struct Cart: Equatable, Sendable {
  /// A bearer capability: whoever knows it owns the cart. Never logged.
  public var id: String
  /// In the order in which they were added; at most `maximumLines`.
  public var items: [CartLine]
  /// The sum of the lines' totals.
  public var subtotal: Money
  /// Counts changes of the cart, from 1.
  public var version: Int64
  /// When it was last changed.
  public var updatedAt: WallTime
  /// When it is removed unless it is used again before.
  public var expiresAt: WallTime

  /// Lines a cart may have.
  public static let maximumLines = 100
  /// Pieces a line may have.
  public static let maximumQuantity: Int64 = 999
  /// Days after which an idle cart is removed.
  public static let idleDays: Int64 = 30

  /// A cart with all its fields.
  public init(
    id: String, items: [CartLine], subtotal: Money, version: Int64, updatedAt: WallTime, expiresAt: WallTime
  ) {
    self.id = id
    self.items = items
    self.subtotal = subtotal
    self.version = version
    self.updatedAt = updatedAt
    self.expiresAt = expiresAt
  }

  /// Pieces in all lines together.
  public var pieceCount: Int64 { items.reduce(0) { $0 + $1.quantity } }

  /// What `If-Match` takes: it stands for the version, so it does not change with prices or stock.
  public var entityTag: String { Self.entityTag(version: version) }

  /// The entity tag of a version.
  public static func entityTag(version: Int64) -> String { "\"" + String(version) + "\"" }

  /// The path of a cart.
  public static func path(of id: String) -> String { "/api/v1/carts/" + id }

  /// Writes the cart as a JSON object.
  public func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.field("id", id)
      writer.key("items")
      writer.array { writer in for line in items { line.write(to: &writer) } }
      writer.field("subtotal", subtotal)
      writer.field("version", version)
      writer.field("updatedAt", Timestamp.string(updatedAt))
      writer.field("expiresAt", Timestamp.string(expiresAt))
    }
  }

  /// Reads a cart that the service wrote; whether it was one, the members say.
  @inline(never)
  public init(_ members: inout JSONMembers) {
    self.init(
      id: members.string("id"), items: members.list("items") { CartLine(&$0) },
      subtotal: members.money("subtotal"), version: members.integer("version"),
      updatedAt: members.time("updatedAt"), expiresAt: members.time("expiresAt"))
  }
}
