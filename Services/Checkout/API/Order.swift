import Bytes
import JSON
import Platform
import Shop

/// A step an order took.
public struct OrderEvent: Equatable, Sendable {
  /// The state it came to.
  public var state: OrderState
  /// When.
  public var at: WallTime

  /// The order came to `state` at `at`.
  public init(state: OrderState, at: WallTime) {
    self.state = state
    self.at = at
  }
}

/// An order (shop-api.md, "Order"). Its lines are a snapshot: they stay readable when a product is gone.
public struct Order: Equatable, Sendable {
  /// Opaque; whoever knows it may read and cancel the order.
  public var id: String
  /// What people call it on the telephone. Ascending, with gaps; it opens nothing.
  public var number: String
  /// Where it stands.
  public var state: OrderState
  /// What was bought, at the prices of that moment.
  public var lines: [PricedLine]
  /// The sum of the lines.
  public var subtotal: Money
  /// How it is sent.
  public var shippingMethod: String
  /// What that costs.
  public var shipping: Money
  /// The sum of the taxes of each line and of shipping.
  public var tax: Money
  /// Whether the prices contain the tax.
  public var taxIncluded: Bool
  /// What was paid.
  public var total: Money
  /// Where the confirmation goes.
  public var email: String
  /// Where the parcel goes.
  public var shippingAddress: Address
  /// When it was placed.
  public var createdAt: WallTime
  /// Its steps, oldest first.
  public var events: [OrderEvent]

  /// An order with all its fields.
  public init(
    id: String, number: String, state: OrderState, lines: [PricedLine], subtotal: Money,
    shippingMethod: String, shipping: Money, tax: Money, taxIncluded: Bool, total: Money, email: String,
    shippingAddress: Address, createdAt: WallTime, events: [OrderEvent]
  ) {
    self.id = id
    self.number = number
    self.state = state
    self.lines = lines
    self.subtotal = subtotal
    self.shippingMethod = shippingMethod
    self.shipping = shipping
    self.tax = tax
    self.taxIncluded = taxIncluded
    self.total = total
    self.email = email
    self.shippingAddress = shippingAddress
    self.createdAt = createdAt
    self.events = events
  }

  /// The path of an order.
  public static func path(of id: String) -> String { "/api/v1/orders/" + id }

  /// Writes the order as a JSON object.
  public func write(to writer: inout JSONWriter) {
    writer.object { order in
      order.field("id", id)
      order.field("number", number)
      order.field("state", state.rawValue)
      order.field("lines", array: { list in for line in lines { line.write(to: &list) } })
      order.field("subtotal", subtotal)
      order.field("shippingMethod", shippingMethod)
      order.field("shipping", shipping)
      order.field("tax", tax)
      order.field("taxIncluded", taxIncluded)
      order.field("total", total)
      order.field("email", email)
      order.key("shippingAddress")
      shippingAddress.write(to: &order)
      order.field("createdAt", Timestamp.string(createdAt))
      order.field(
        "events",
        array: { list in
          for event in events {
            list.object { member in
              member.field("state", event.state.rawValue)
              member.field("at", Timestamp.string(event.at))
            }
          }
        })
    }
  }

  /// Reads an order; nil when a field is missing or of another kind.
  public init?(_ json: JSON) {
    var members = JSONMembers(json)
    self.init(&members)
    guard members.isComplete else { return nil }
  }

  /// The same, for whoever asks the members at last whether they were complete.
  @inline(never)
  public init(_ members: inout JSONMembers) {
    self.init(
      id: members.string("id"), number: members.string("number"), state: OrderState(&members),
      lines: PricedLine.list(&members), subtotal: members.money("subtotal"),
      shippingMethod: members.string("shippingMethod"), shipping: members.money("shipping"),
      tax: members.money("tax"), taxIncluded: members.bool("taxIncluded"), total: members.money("total"),
      email: members.string("email"), shippingAddress: Address(&members, "shippingAddress"),
      createdAt: members.time("createdAt"),
      events: members.list("events") { OrderEvent(state: OrderState(&$0), at: $0.time("at")) })
  }
}
