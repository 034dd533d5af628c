import CartAPI
import Platform
import Shop
import Storage
import _Concurrency

/// The carts in the database. An expired cart is gone at once; the sweeper only frees its room.
///
/// The methods read or change inside one transaction and answer after it is durable; those named `…Now` run
/// inside one.
final class CartStore {
  private let database: Database
  /// Carts in the database, expired and ordered ones included; exact after `recount`, and never too low.
  private(set) var cartCount: Int64

  /// Carts at once; one more is refused until some expire.
  static let maximumCarts: Int64 = 1_000_000
  /// Carts that one sweeping transaction removes.
  static let sweepCount: Int64 = 500
  /// How far a cart's end may move before a mere reader writes that down.
  static let touchInterval: Duration = .seconds(86_400)
  /// How long an idle cart lives.
  static var lifetime: Duration { .seconds(Cart.idleDays * 86_400) }

  private init(database: Database, cartCount: Int64) {
    self.database = database
    self.cartCount = cartCount
  }

  /// The carts in `database`, which was opened with `Schema.migrations`.
  static func open(_ database: Database) async throws(StorageError) -> CartStore {
    let count = try await database.read { (connection) throws(StorageError) in
      try connection.first("SELECT count(*) FROM cart") { $0.int(0) } ?? 0
    }
    return CartStore(database: database, cartCount: count)
  }

  /// Whether the database takes writes: writes a row and takes it back.
  func checkWritable() async throws(StorageError) {
    try await database.write { (connection) throws(StorageError) in
      _ = try connection.execute(
        "INSERT OR IGNORE INTO cart (id, version, updatedAt, expiresAt) VALUES ('readiness', 1, 0, 0)")
      return .rollback(())
    }
  }

  // MARK: Reading

  /// The open cart with this id, or the one that has become an order; nil when there is none at `now`.
  func cart(_ id: String, at now: WallTime) async throws(StorageError) -> StoredCart? {
    try await database.read { (connection) throws(StorageError) in
      try Self.readNow(id, at: now, connection)
    }
  }

  /// Both carts, as one transaction sees them.
  func carts(
    _ first: String, _ second: String, at now: WallTime
  ) async throws(StorageError) -> (StoredCart?, StoredCart?) {
    let pair = try await database.read { (connection) throws(StorageError) in
      Pair(
        first: try Self.readNow(first, at: now, connection),
        second: try Self.readNow(second, at: now, connection))
    }
    return (pair.first, pair.second)
  }

  private struct Pair: Sendable {
    let first: StoredCart?
    let second: StoredCart?
  }

  static func readNow(
    _ id: String, at now: WallTime, _ connection: Connection
  ) throws(StorageError) -> StoredCart? {
    let found = try connection.first(
      "SELECT version, updatedAt, expiresAt, orderId FROM cart WHERE id = ?1 AND expiresAt > ?2",
      [.text(id), .integer(now.millisecondsSinceEpoch)]
    ) { row in
      StoredCart(
        id: id, version: row.int(0), updatedAt: WallTime(millisecondsSinceEpoch: row.int(1)),
        expiresAt: WallTime(millisecondsSinceEpoch: row.int(2)), orderID: row.optionalText(3), lines: [])
    }
    guard var cart = found else { return nil }
    cart.lines = try connection.query(
      """
      SELECT productId, sku, name, price, currency, quantity FROM line WHERE cartId = ?1 ORDER BY position
      """, [.text(id)]
    ) { row in
      StoredLine(
        product: AddedProduct(
          id: row.text(0), sku: row.text(1), name: row.text(2), price: Money(row.int(3), row.text(4))),
        quantity: row.int(5))
    }
    return cart
  }

  // MARK: Coming and going

  /// Makes an empty cart. Nil when there are as many carts as there may be.
  func create(_ id: String, at now: WallTime) async throws(StorageError) -> StoredCart? {
    guard cartCount < Self.maximumCarts else { return nil }
    cartCount += 1
    let moment = now.millisecondsSinceEpoch
    let cart = StoredCart(
      id: id, version: 1, updatedAt: WallTime(millisecondsSinceEpoch: moment),
      expiresAt: WallTime(millisecondsSinceEpoch: moment) + Self.lifetime, orderID: nil, lines: [])
    do throws(StorageError) {
      try await database.write { (connection) throws(StorageError) in
        _ = try connection.execute(
          "INSERT INTO cart (id, version, updatedAt, expiresAt) VALUES (?1, 1, ?2, ?3)",
          [.text(id), .integer(moment), .integer(cart.expiresAt.millisecondsSinceEpoch)])
        return .commit(())
      }
    } catch {
      cartCount -= 1
      throw error
    }
    return cart
  }

  /// Writes down that the cart is still used, at most once a day.
  func touch(_ cart: StoredCart, at now: WallTime) async throws(StorageError) -> StoredCart {
    let expiresAt = WallTime(millisecondsSinceEpoch: (now + Self.lifetime).millisecondsSinceEpoch)
    guard cart.expiresAt + Self.touchInterval <= expiresAt else { return cart }
    let id = cart.id
    let moved = try await database.write { (connection) throws(StorageError) in
      .commit(
        try connection.execute(
          "UPDATE cart SET expiresAt = ?2 WHERE id = ?1 AND orderId IS NULL",
          [.text(id), .integer(expiresAt.millisecondsSinceEpoch)]))
    }
    var touched = cart
    if moved > 0 { touched.expiresAt = expiresAt }
    return touched
  }

  /// Removes up to `sweepCount` carts that have expired, and returns how many they were.
  func sweep(at now: WallTime) async throws(StorageError) -> Int {
    let moment = now.millisecondsSinceEpoch
    let count = try await database.write { (connection) throws(StorageError) in
      .commit(
        try connection.execute(
          """
          DELETE FROM cart WHERE id IN (SELECT id FROM cart WHERE expiresAt <= ?1 ORDER BY expiresAt LIMIT ?2)
          """, [.integer(moment), .integer(Self.sweepCount)]))
    }
    cartCount -= Int64(count)
    return count
  }

  /// Counts the carts.
  func recount() async throws(StorageError) {
    cartCount = try await database.read { (connection) throws(StorageError) in
      try connection.first("SELECT count(*) FROM cart") { $0.int(0) } ?? 0
    }
  }

  // MARK: Changing

  /// Runs `body` on an open cart in one transaction, then writes its version and times.
  ///
  /// `body` returns whether it changed a line. Returns the cart as it is then.
  func change(
    _ id: String, if condition: VersionCondition, at now: WallTime,
    _ body: @escaping @Sendable (inout StoredCart, Connection) throws(StorageError) -> ChangeResult
  ) async throws(StorageError) -> CartChange {
    try await database.write { (connection) throws(StorageError) in
      guard var cart = try Self.readNow(id, at: now, connection), cart.orderID == nil else {
        return .rollback(.gone)
      }
      guard condition.holds(for: cart.version) else { return .rollback(.stale) }
      switch try body(&cart, connection) {
      case .full: return .rollback(.full)
      case .unchanged: break
      case .changed:
        cart.version += 1
        cart.updatedAt = WallTime(millisecondsSinceEpoch: now.millisecondsSinceEpoch)
      }
      cart.expiresAt = WallTime(millisecondsSinceEpoch: (now + Self.lifetime).millisecondsSinceEpoch)
      _ = try connection.execute(
        "UPDATE cart SET version = ?2, updatedAt = ?3, expiresAt = ?4 WHERE id = ?1",
        [
          .text(id), .integer(cart.version), .integer(cart.updatedAt.millisecondsSinceEpoch),
          .integer(cart.expiresAt.millisecondsSinceEpoch),
        ])
      return .commit(.done(cart))
    }
  }

  /// Removes an open cart.
  func delete(
    _ id: String, if condition: VersionCondition, at now: WallTime
  ) async throws(StorageError) -> CartChange {
    let change: CartChange = try await database.write { (connection) throws(StorageError) in
      guard let cart = try Self.readNow(id, at: now, connection), cart.orderID == nil else {
        return .rollback(.gone)
      }
      guard condition.holds(for: cart.version) else { return .rollback(.stale) }
      _ = try connection.execute("DELETE FROM cart WHERE id = ?1", [.text(id)])
      return .commit(.done(cart))
    }
    if case .done = change { cartCount -= 1 }
    return change
  }

  /// Makes the cart the order's. Also one that expired while it was being ordered.
  func consume(
    _ id: String, by orderID: String, at now: WallTime
  ) async throws(StorageError) -> CartConsumption {
    let moment = now.millisecondsSinceEpoch
    return try await database.write { (connection) throws(StorageError) in
      let holder = try connection.first("SELECT orderId FROM cart WHERE id = ?1", [.text(id)]) {
        $0.optionalText(0)
      }
      switch holder {
      case .none: return .rollback(.gone)
      case .some(.some(let other)): return .rollback(other == orderID ? .consumed : .orderedOtherwise)
      case .some(.none):
        _ = try connection.execute("DELETE FROM line WHERE cartId = ?1", [.text(id)])
        _ = try connection.execute(
          "UPDATE cart SET orderId = ?2, version = version + 1, updatedAt = ?3, expiresAt = ?4 WHERE id = ?1",
          [
            .text(id), .text(orderID), .integer(moment),
            .integer((now + Self.lifetime).millisecondsSinceEpoch),
          ])
        return .commit(.consumed)
      }
    }
  }
}

/// What became of a change.
enum CartChange: Equatable, Sendable {
  /// This is the cart now (for a removal: what it was).
  case done(StoredCart)
  /// There is no such open cart.
  case gone
  /// `If-Match` named another version.
  case stale
  /// It would have more lines than a cart may have; nothing was changed.
  case full
}

/// What the body of a change did.
enum ChangeResult: Sendable {
  case changed, unchanged, full
}

extension WallTime {
  /// Whole milliseconds since 1970, rounded down: what the database keeps.
  var millisecondsSinceEpoch: Int64 {
    secondsSinceEpoch * 1000 + (nanosecondsSinceEpoch - secondsSinceEpoch * 1_000_000_000) / 1_000_000
  }

  init(millisecondsSinceEpoch milliseconds: Int64) {
    self.init(nanosecondsSinceEpoch: milliseconds * 1_000_000)
  }
}
