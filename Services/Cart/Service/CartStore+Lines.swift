import Bytes
import CartAPI
import Platform
import Shop
import Storage
import _Concurrency

// What carts hold.
extension CartStore {
  /// Sets how many pieces of a product the cart holds. A line keeps what the product was called and cost when it
  /// was added; a new one gets `product`.
  func put(
    _ product: AddedProduct, quantity: Int64, in id: String, if condition: VersionCondition, at now: WallTime
  ) async throws(StorageError) -> CartChange {
    try await change(id, if: condition, at: now) { (cart, connection) throws(StorageError) in
      if let index = cart.lines.firstIndex(where: { $0.product.id == product.id }) {
        guard cart.lines[index].quantity != quantity else { return .unchanged }
        cart.lines[index].quantity = quantity
        try Self.setNow(quantity, of: product.id, in: id, connection)
        return .changed
      }
      guard cart.lines.count < Cart.maximumLines else { return .full }
      let line = StoredLine(product: product, quantity: quantity)
      cart.lines.append(line)
      try Self.appendNow(line, to: id, connection)
      return .changed
    }
  }

  /// Removes a product's line; a cart without one stays as it is.
  func remove(
    _ productID: String, from id: String, if condition: VersionCondition, at now: WallTime
  ) async throws(StorageError) -> CartChange {
    try await change(id, if: condition, at: now) { (cart, connection) throws(StorageError) in
      guard let index = cart.lines.firstIndex(where: { $0.product.id == productID }) else {
        return .unchanged
      }
      cart.lines.remove(at: index)
      _ = try connection.execute(
        "DELETE FROM line WHERE cartId = ?1 AND productId = ?2", [.text(id), .text(productID)])
      return .changed
    }
  }

  /// Moves the lines of the cart `other` into this one and removes it. Quantities of one product add up, to 999 at
  /// most. When there is no open `other`, nothing happens; when there would be too many lines, neither.
  func merge(
    _ other: String, into id: String, if condition: VersionCondition, at now: WallTime
  ) async throws(StorageError) -> CartChange {
    try await change(id, if: condition, at: now) { (cart, connection) throws(StorageError) in
      guard let source = try Self.readNow(other, at: now, connection), source.orderID == nil else {
        return .unchanged
      }
      var isChanged = false
      for line in source.lines {
        if let index = cart.lines.firstIndex(where: { $0.product.id == line.product.id }) {
          let sum = min(cart.lines[index].quantity + line.quantity, Cart.maximumQuantity)
          guard sum != cart.lines[index].quantity else { continue }
          cart.lines[index].quantity = sum
          try Self.setNow(sum, of: line.product.id, in: id, connection)
        } else {
          guard cart.lines.count < Cart.maximumLines else { return .full }
          cart.lines.append(line)
          try Self.appendNow(line, to: id, connection)
        }
        isChanged = true
      }
      _ = try connection.execute("DELETE FROM cart WHERE id = ?1", [.text(other)])
      return isChanged ? .changed : .unchanged
    }
  }

  private static func setNow(
    _ quantity: Int64, of productID: String, in id: String, _ connection: Connection
  ) throws(StorageError) {
    _ = try connection.execute(
      "UPDATE line SET quantity = ?3 WHERE cartId = ?1 AND productId = ?2",
      [.text(id), .text(productID), .integer(quantity)])
  }

  private static func appendNow(
    _ line: StoredLine, to id: String, _ connection: Connection
  ) throws(StorageError) {
    _ = try connection.execute(
      """
      INSERT INTO line (cartId, position, productId, quantity, sku, name, price, currency)
      VALUES (?1, (SELECT coalesce(max(position), 0) + 1 FROM line WHERE cartId = ?1), ?2, ?3, ?4, ?5, ?6, ?7)
      """,
      [
        .text(id), .text(line.product.id), .integer(line.quantity), .text(line.product.sku),
        .text(line.product.name), .integer(line.product.price.amount), .text(line.product.price.currency),
      ])
  }
}
