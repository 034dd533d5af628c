import CartAPI
import Platform
import Shop

/// A cart as the database has it: what was put in, and what that was called and cost at that moment.
struct StoredCart: Equatable, Sendable {
  var id: String
  var version: Int64
  var updatedAt: WallTime
  var expiresAt: WallTime
  /// The order that the cart has become.
  var orderID: String?
  /// In the order in which they were added.
  var lines: [StoredLine]

  /// What the cart holds, for Checkout.
  var contents: CartContents {
    CartContents(
      items: lines.map { CartContents.Item(productID: $0.product.id, quantity: $0.quantity) },
      version: version)
  }
}

/// So many pieces of a product.
struct StoredLine: Equatable, Sendable {
  var product: AddedProduct
  var quantity: Int64
}

/// A product as it was when it was added.
struct AddedProduct: Equatable, Sendable {
  var id: String
  var sku: String
  var name: String
  var price: Money
}
