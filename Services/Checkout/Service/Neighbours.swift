import CartAPI
import CatalogAPI
import CheckoutAPI
import Platform
import Shop
import _Concurrency

/// A product on sale, as far as an order needs it.
public struct OfferedProduct: Equatable, Sendable {
  /// Opaque.
  public var id: String
  /// The seller's name for it.
  public var sku: String
  /// The buyer's name for it.
  public var name: String
  /// The price of one piece.
  public var price: Money
  /// Pieces that can be had.
  public var available: Int

  /// A product on sale.
  public init(id: String, sku: String, name: String, price: Money, available: Int) {
    self.id = id
    self.sku = sku
    self.name = name
    self.price = price
    self.available = available
  }
}

/// What became of a reservation.
public enum HoldReply: Equatable, Sendable {
  /// Every line is held.
  case held
  /// These lines are short; nothing is held, and nothing will be.
  case short([LineShortage])
  /// No usable answer.
  case silent
}

/// Whoever keeps the stock: Catalog. Every call is idempotent by `key`, which is the order's id.
///
/// `release` wins over a `hold` that arrives later, and `giveBack` over a `commit` that does.
public protocol StockKeeper: AnyObject {
  /// The products with these ids (at most 100) that are on sale; nil without a usable answer.
  func products(ids: [String], until deadline: Instant, trace: RequestTrace?) async -> [OfferedProduct]?
  /// Sets all lines aside, or none.
  func hold(
    key: String, lines: [PricedLine], timeToLive: Duration, until deadline: Instant, trace: RequestTrace?
  ) async
    -> HoldReply
  /// Sells what is held.
  func commit(key: String, until deadline: Instant, trace: RequestTrace?) async -> Saga.Reply
  /// Gives a hold up; true when there is none of this key any more, nor will be.
  func release(key: String, until deadline: Instant, trace: RequestTrace?) async -> Bool
  /// Takes sold pieces back, once; true when none of this key are sold any more.
  func giveBack(key: String, until deadline: Instant, trace: RequestTrace?) async -> Bool
  /// Whether it runs.
  func isReachable(until deadline: Instant) async -> Bool
}

/// What a cart holds.
public enum CartReading: Equatable, Sendable {
  /// These products, each once.
  case items([CartItem])
  /// It became an order.
  case ordered
  /// There is no such cart.
  case unknown
  /// No usable answer.
  case silent
}

/// A product in a cart.
public struct CartItem: Equatable, Sendable {
  /// The product.
  public var productID: String
  /// Pieces.
  public var quantity: Int

  /// `quantity` pieces of `productID`.
  public init(productID: String, quantity: Int) {
    self.productID = productID
    self.quantity = quantity
  }
}

/// Whoever keeps the carts: Cart.
public protocol CartKeeper: AnyObject {
  /// What a cart holds.
  func read(_ id: String, until deadline: Instant, trace: RequestTrace?) async -> CartReading
  /// Spends the cart on an order; true when nobody can use it any more. Idempotent.
  func consume(_ id: String, orderID: String, until deadline: Instant, trace: RequestTrace?) async -> Bool
  /// Whether it runs.
  func isReachable(until deadline: Instant) async -> Bool
}
