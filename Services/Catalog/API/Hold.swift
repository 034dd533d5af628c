import JSON
import Platform

/// So many pieces of a product that an order wants to set aside.
public struct HoldLine: Equatable, Sendable {
  /// The product.
  public var productID: String
  /// Pieces, at least 1.
  public var quantity: Int

  /// `quantity` pieces of `productID`.
  public init(productID: String, quantity: Int) {
    self.productID = productID
    self.quantity = quantity
  }
}

/// A line that cannot be set aside.
public struct Shortage: Equatable, Sendable {
  /// The product.
  public var productID: String
  /// Pieces wanted.
  public var wanted: Int
  /// Pieces there were.
  public var available: Int

  /// Of `wanted` pieces of `productID` there are only `available`.
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

  /// Reads a shortage; nil when a field is missing.
  public init?(_ json: JSON) {
    guard let productID = json["productId"]?.string, let wanted = json["wanted"]?.integer,
      let available = json["available"]?.integer
    else { return nil }
    self.init(productID: productID, wanted: Int(wanted), available: Int(available))
  }
}

/// Where a hold stands.
public enum HoldState: String, Equatable, Sendable {
  /// Pieces are set aside until it expires.
  case held
  /// The pieces are sold.
  case committed
  /// Given up. Its key is spent: a reservation that arrives late under it is refused.
  case released
  /// Its time ran out and the pieces went back. Committing it tries to take them again.
  case expired
  /// Was committed, and the pieces have come back.
  case returned
}

/// A hold as the catalog answers it.
public struct Hold: Equatable, Sendable {
  /// The name its owner gave it.
  public var key: String
  /// Where it stands.
  public var state: HoldState
  /// When a held one expires; nil for the tombstone of a key that never held anything.
  public var expiresAt: WallTime?

  /// A hold in `state`.
  public init(key: String, state: HoldState, expiresAt: WallTime?) {
    self.key = key
    self.state = state
    self.expiresAt = expiresAt
  }
}

/// A product's books: `onHand + sold == received`, `0 <= held <= onHand`.
public struct StockLevel: Equatable, Sendable {
  /// Pieces in the house, held ones included.
  public var onHand: Int
  /// Pieces set aside for orders.
  public var held: Int
  /// Pieces sold and not returned.
  public var sold: Int
  /// Pieces that ever came in, less those corrected away.
  public var received: Int

  /// A product's books.
  public init(onHand: Int, held: Int, sold: Int, received: Int) {
    self.onHand = onHand
    self.held = held
    self.sold = sold
    self.received = received
  }

  /// Pieces that can be ordered.
  public var available: Int { onHand - held }

  /// Whether the books add up.
  public var isSound: Bool {
    onHand + sold == received && 0 <= held && held <= onHand && sold >= 0
  }
}
