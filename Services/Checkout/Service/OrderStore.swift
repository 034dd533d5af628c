import CheckoutAPI
import Platform
import Shop
import Storage
import _Concurrency

/// An order about to be written down for the first time.
struct OrderDraft: Sendable {
  /// In `pending`; its number is given when it is written.
  var order: Order
  var cartID: String
  var key: IdempotencyKey
  var fingerprint: Fingerprint
}

/// How writing a draft down ended.
enum Beginning: Equatable, Sendable {
  /// It is written, under this number.
  case begun(number: String)
  /// The key was used before.
  case keyKnown(KeyRecord)
  /// The cart has another order.
  case cartTaken
}

/// An order that recovery or the reconciler has to look at.
struct UnsettledOrder: Equatable, Sendable {
  var sequence: Int64
  var id: String
  var cartID: String
  var state: OrderState
  var obligations: Obligations
}

/// The orders and the idempotency keys, and each durable step between two states as one transaction.
///
/// Steps are conditional on the state they start from, so a step that was taken is never taken again.
final class OrderStore {
  let database: Database

  init(database: Database) { self.database = database }

  // MARK: Steps

  /// Writes the order down in `pending` and its key as in flight: the first durable step.
  func begin(_ draft: OrderDraft) async throws(StorageError) -> Beginning {
    try await database.write { (connection) throws(StorageError) in
      let now = draft.order.createdAt
      try connection.execute(
        "DELETE FROM idempotency_keys WHERE key = ? AND status IS NOT NULL AND created_at <= ?",
        [.text(draft.key.text), .integer(Self.oldestKey(now))])
      if let record = try connection.keyRecord(draft.key) { return .rollback(.keyKnown(record)) }
      if try connection.hasOrder(forCart: draft.cartID) { return .rollback(.cartTaken) }
      let number = try connection.insert(draft)
      try connection.execute(
        "INSERT INTO idempotency_keys (key, fingerprint, order_id, created_at) VALUES (?, ?, ?, ?)",
        [
          .text(draft.key.text), .blob(draft.fingerprint.bytes), .text(draft.order.id),
          .integer(now.nanosecondsSinceEpoch),
        ])
      return .commit(.begun(number: number))
    }
  }

  /// From one state to the next, nothing else. False when the order is not in `old` any more.
  func advance(
    _ id: String, from old: OrderState, to new: OrderState, at time: WallTime
  ) async throws(StorageError) -> Bool {
    try await database.write { (connection) throws(StorageError) in
      .commit(try connection.move(id, from: old, to: new, at: time, owing: []))
    }
  }

  /// To an end that is recorded under the key: `captured` with 201, `declined` with 402.
  func conclude(
    _ id: String, from old: OrderState, to new: OrderState, at time: WallTime, owing obligations: Obligations,
    answer: RecordedAnswer
  ) async throws(StorageError) -> Bool {
    try await database.write { (connection) throws(StorageError) in
      guard try connection.move(id, from: old, to: new, at: time, owing: obligations) else {
        return .rollback(false)
      }
      try connection.execute(
        "UPDATE idempotency_keys SET status = ?, body = ? WHERE order_id = ?",
        [.integer(Int64(answer.status)), .blob(answer.body), .text(id)])
      return .commit(true)
    }
  }

  /// Gives an order in flight up: `expired`, and its key is free again.
  func abandon(
    _ id: String, from old: OrderState, at time: WallTime, owing obligations: Obligations
  ) async throws(StorageError) -> Bool {
    try await database.write { (connection) throws(StorageError) in
      guard try connection.move(id, from: old, to: .expired, at: time, owing: obligations) else {
        return .rollback(false)
      }
      try connection.execute(
        "DELETE FROM idempotency_keys WHERE order_id = ? AND status IS NULL", [.text(id)])
      return .commit(true)
    }
  }

  /// Cancels a captured order.
  func cancel(_ id: String, at time: WallTime, owing obligations: Obligations) async throws(StorageError)
    -> Bool
  {
    try await database.write { (connection) throws(StorageError) in
      .commit(try connection.move(id, from: .captured, to: .cancelled, at: time, owing: obligations))
    }
  }

  /// Strikes out what has been done.
  func settle(_ id: String, _ done: Obligations) async throws(StorageError) {
    try await database.write { (connection) throws(StorageError) in
      try connection.execute(
        "UPDATE orders SET obligations = obligations & ~? WHERE id = ?", [.integer(done.rawValue), .text(id)])
      return .commit(())
    }
  }

  // MARK: Keys

  /// What is known about a key; one older than its lifetime is not.
  func keyRecord(_ key: IdempotencyKey, now: WallTime) async throws(StorageError) -> KeyRecord? {
    try await database.read { (connection) throws(StorageError) in
      try connection.keyRecord(key, since: Self.oldestKey(now))
    }
  }

  /// Keys and given-up orders forgotten in one go at most, so that sweeping never holds up a buyer.
  static let sweepLimit = 500

  /// Forgets recorded keys, and orders that came to nothing, older than a key's lifetime. Returns how many; when
  /// that is `sweepLimit` or more there may be others.
  func sweep(now: WallTime) async throws(StorageError) -> Int {
    try await database.write { (connection) throws(StorageError) in
      let values: [SQLValue] = [.integer(Self.oldestKey(now)), .integer(Int64(Self.sweepLimit))]
      let keys = try connection.execute(
        """
        DELETE FROM idempotency_keys WHERE key IN (SELECT key FROM idempotency_keys
          WHERE created_at <= ? AND status IS NOT NULL ORDER BY created_at LIMIT ?)
        """, values)
      let orders = try connection.execute(
        """
        DELETE FROM orders WHERE sequence IN (SELECT sequence FROM orders
          WHERE state IN ('expired', 'declined') AND created_at <= ? AND obligations = 0
          ORDER BY state, sequence LIMIT ?)
        """, values)
      return .commit(max(keys, orders))
    }
  }

  /// Returns once a write has become durable.
  func probe(at time: WallTime) async throws(StorageError) {
    try await database.write { (connection) throws(StorageError) in
      try connection.execute(
        "INSERT INTO probe (one, at) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET at = ?1",
        [.integer(time.nanosecondsSinceEpoch)])
      return .commit(())
    }
  }

  private static func oldestKey(_ now: WallTime) -> Int64 {
    now.nanosecondsSinceEpoch - IdempotencyKey.lifetime.nanoseconds
  }
}

extension Connection {
  fileprivate func keyRecord(_ key: IdempotencyKey, since oldest: Int64 = .min) throws(StorageError)
    -> KeyRecord?
  {
    try first(
      """
      SELECT fingerprint, order_id, status, body FROM idempotency_keys
      WHERE key = ? AND (status IS NULL OR created_at > ?)
      """, [.text(key.text), .integer(oldest)]
    ) { row in
      KeyRecord(
        fingerprint: Fingerprint(stored: row.blob(0)), orderID: row.text(1),
        answer: row.isNull(2)
          ? nil : RecordedAnswer(status: UInt16(truncatingIfNeeded: row.int(2)), body: row.blob(3)))
    }
  }

  /// Whether an order, placed or being placed, has this cart.
  func hasOrder(forCart cartID: String) throws(StorageError) -> Bool {
    try first(
      "SELECT 1 FROM orders WHERE cart_id = ? AND state NOT IN ('expired', 'declined')", [.text(cartID)]
    ) { _ in true } ?? false
  }

  /// Inserts a draft with its first event; returns its number.
  fileprivate func insert(_ draft: OrderDraft) throws(StorageError) -> String {
    let order = draft.order
    try execute(
      """
      INSERT INTO orders (id, cart_id, state, currency, subtotal, shipping, tax, tax_included, total,
        shipping_method, email, address, lines, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        .text(order.id), .text(draft.cartID), .text(order.state.rawValue), .text(order.total.currency),
        .integer(order.subtotal.amount), .integer(order.shipping.amount), .integer(order.tax.amount),
        .integer(order.taxIncluded ? 1 : 0), .integer(order.total.amount), .text(order.shippingMethod),
        .text(order.email), .text(OrderRow.text(order.shippingAddress)), .text(OrderRow.text(order.lines)),
        .integer(order.createdAt.nanosecondsSinceEpoch),
      ])
    let sequence = lastInsertedRowID
    try append(event: OrderEvent(state: order.state, at: order.createdAt), to: sequence)
    return OrderRow.number(sequence)
  }

  /// Moves an order that is still in `old` on; false when it is not.
  fileprivate func move(
    _ id: String, from old: OrderState, to new: OrderState, at time: WallTime, owing obligations: Obligations
  ) throws(StorageError) -> Bool {
    let sequence = try first(
      """
      UPDATE orders SET state = ?, obligations = obligations | ? WHERE id = ? AND state = ? RETURNING sequence
      """, [.text(new.rawValue), .integer(obligations.rawValue), .text(id), .text(old.rawValue)]
    ) { row in row.int(0) }
    guard let sequence else { return false }
    try append(event: OrderEvent(state: new, at: time), to: sequence)
    return true
  }

  private func append(event: OrderEvent, to sequence: Int64) throws(StorageError) {
    try execute(
      """
      INSERT INTO order_events (sequence, position, state, at)
      VALUES (?1, (SELECT count(*) FROM order_events WHERE sequence = ?1), ?2, ?3)
      """,
      [.integer(sequence), .text(event.state.rawValue), .integer(event.at.nanosecondsSinceEpoch)])
  }
}
