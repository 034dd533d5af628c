import JSON
import Shop

/// A way a parcel may go.
public struct ShippingMethod: Equatable, Sendable {
  /// What orders name it by.
  public var id: String
  /// What buyers see.
  public var name: String
  /// What it costs.
  public var price: Money

  /// A method with all its fields.
  public init(id: String, name: String, price: Money) {
    self.id = id
    self.name = name
    self.price = price
  }

  /// Writes the method as a JSON object.
  public func write(to writer: inout JSONWriter) {
    writer.object { method in
      method.field("id", id)
      method.field("name", name)
      method.field("price", price)
    }
  }

  /// Reads a method; nil when a field is missing.
  public init?(_ json: JSON) {
    var members = JSONMembers(json)
    self.init(id: members.string("id"), name: members.string("name"), price: members.money("price"))
    guard members.isComplete else { return nil }
  }
}
