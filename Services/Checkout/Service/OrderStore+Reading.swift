import Bytes
import CheckoutAPI
import JSON
import Platform
import Shop
import Storage
import _Concurrency

/// A page of the list of orders.
struct OrderPage: Equatable, Sendable {
  /// Newest first.
  var orders: [Order]
  /// The sequence number after which the next page begins; nil on the last page.
  var next: Int64?
  /// Orders in the whole list.
  var total: Int64
}

extension OrderStore {
  /// The order with this id.
  func order(_ id: String) async throws(StorageError) -> Order? {
    try await database.read { (connection) throws(StorageError) in
      let found = try connection.first(OrderRow.select + "WHERE id = ?", [.text(id)]) {
        (row) throws(StorageError) in try OrderRow.read(row)
      }
      guard let found else { return nil }
      return try connection.withEvents([found])[0]
    }
  }

  /// Up to `limit` orders in `state` (nil: in any), newest first, older than `cursor`.
  func list(state: OrderState?, limit: Int, before cursor: Int64?) async throws(StorageError) -> OrderPage {
    try await database.read { (connection) throws(StorageError) in
      let before = SQLValue.integer(cursor ?? .max)
      let count = SQLValue.integer(Int64(limit + 1))
      let rows: [(sequence: Int64, order: Order)]
      let total: Int64?
      if let state {
        rows = try connection.query(
          OrderRow.select + "WHERE state = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?",
          [.text(state.rawValue), before, count]
        ) { (row) throws(StorageError) in try OrderRow.read(row) }
        total = try connection.first(
          "SELECT count(*) FROM orders WHERE state = ?", [.text(state.rawValue)]
        ) { row in row.int(0) }
      } else {
        rows = try connection.query(
          OrderRow.select + "WHERE sequence < ? ORDER BY sequence DESC LIMIT ?", [before, count]
        ) { (row) throws(StorageError) in try OrderRow.read(row) }
        total = try connection.first("SELECT count(*) FROM orders") { row in row.int(0) }
      }
      let page = Array(rows.prefix(limit))
      return OrderPage(
        orders: try connection.withEvents(page), next: rows.count > limit ? page.last?.sequence : nil,
        total: total ?? 0)
    }
  }

  /// Whether an order, placed or being placed, has this cart.
  func hasOrder(forCart cartID: String) async throws(StorageError) -> Bool {
    try await database.read { (connection) throws(StorageError) in try connection.hasOrder(forCart: cartID) }
  }

  /// Orders in flight and orders that owe something, oldest first, those behind `sequence`.
  func unsettled(after sequence: Int64, limit: Int) async throws(StorageError) -> [UnsettledOrder] {
    try await database.read { (connection) throws(StorageError) in
      try connection.query(
        """
        SELECT sequence, id, cart_id, state, obligations FROM orders
        WHERE (obligations <> 0 OR state IN ('pending', 'reserved', 'authorised')) AND sequence > ?
        ORDER BY sequence LIMIT ?
        """, [.integer(sequence), .integer(Int64(limit))]
      ) { (row) throws(StorageError) in
        UnsettledOrder(
          sequence: row.int(0), id: row.text(1), cartID: row.text(2), state: try OrderRow.state(row.text(3)),
          obligations: Obligations(rawValue: row.int(4)))
      }
    }
  }
}

/// How an order lies in its row.
enum OrderRow {
  static let select = """
    SELECT sequence, id, state, currency, subtotal, shipping, tax, tax_included, total, shipping_method, email,
      address, lines, created_at FROM orders 
    """

  /// Numbers begin here, so that the first buyer does not learn that they are the first.
  static let firstNumber: Int64 = 100_000

  static func number(_ sequence: Int64) -> String { String(firstNumber + sequence) }

  static func state(_ text: String) throws(StorageError) -> OrderState {
    guard let state = OrderState(rawValue: text) else { throw .corrupt }
    return state
  }

  /// The order without its events, and its sequence number.
  static func read(_ row: Row) throws(StorageError) -> (sequence: Int64, order: Order) {
    let currency = row.text(3)
    guard let address = Address(try json(row.text(11))), let lines = PricedLine.lines(try json(row.text(12)))
    else { throw .corrupt }
    let order = Order(
      id: row.text(1), number: number(row.int(0)), state: try state(row.text(2)), lines: lines,
      subtotal: Money(row.int(4), currency), shippingMethod: row.text(9),
      shipping: Money(row.int(5), currency), tax: Money(row.int(6), currency), taxIncluded: row.bool(7),
      total: Money(row.int(8), currency), email: row.text(10), shippingAddress: address,
      createdAt: WallTime(nanosecondsSinceEpoch: row.int(13)), events: [])
    return (row.int(0), order)
  }

  static func text(_ address: Address) -> String {
    var writer = JSONWriter()
    address.write(to: &writer)
    return String(utf8: writer.bytes)
  }

  static func text(_ lines: [PricedLine]) -> String {
    var writer = JSONWriter()
    writer.array { list in for line in lines { line.write(to: &list) } }
    return String(utf8: writer.bytes)
  }

  private static func json(_ text: String) throws(StorageError) -> JSON {
    do throws(JSONError) {
      return try JSON.parse(Array(text.utf8))
    } catch {
      throw .corrupt
    }
  }
}

extension Connection {
  /// Puts the events into the orders.
  fileprivate func withEvents(
    _ rows: [(sequence: Int64, order: Order)]
  ) throws(StorageError) -> [Order] {
    var orders: [Order] = []
    orders.reserveCapacity(rows.count)
    for row in rows {
      var order = row.order
      order.events = try query(
        "SELECT state, at FROM order_events WHERE sequence = ? ORDER BY position", [.integer(row.sequence)]
      ) { (event) throws(StorageError) in
        OrderEvent(
          state: try OrderRow.state(event.text(0)),
          at: WallTime(nanosecondsSinceEpoch: event.int(1)))
      }
      orders.append(order)
    }
    return orders
  }
}
