import CheckoutAPI
import Platform
import Shop
import Storage

@testable import Checkout

/// A row of the provider's books.
struct PaymentRow: Sendable {
  var orderID: String
  var state: String
  var amount: Int64
  var captures: Int64
  var refunds: Int64
}

/// What the database says about an order.
struct OrderFacts: Sendable {
  var id: String
  var cart: String
  var state: OrderState
  var obligations: Int64
  var total: Int64
}

extension Life {
  func facts() async -> (orders: [OrderFacts], payments: [PaymentRow], keysInFlight: Int64) {
    try! await database.read { (connection) throws(StorageError) in
      let orders = try connection.query("SELECT id, cart_id, state, obligations, total FROM orders") { row in
        OrderFacts(
          id: row.text(0), cart: row.text(1), state: OrderState(rawValue: row.text(2))!,
          obligations: row.int(3),
          total: row.int(4))
      }
      let payments = try connection.query(
        "SELECT order_id, state, amount, captures, refunds FROM provider_payments"
      ) { row in
        PaymentRow(
          orderID: row.text(0), state: row.text(1), amount: row.int(2), captures: row.int(3),
          refunds: row.int(4))
      }
      let keys = try connection.first("SELECT count(*) FROM idempotency_keys WHERE status IS NULL") { row in
        row.int(0)
      }
      return (orders, payments, keys ?? 0)
    }
  }

  /// Everything that shop-api.md promises once nothing is under way; what is broken, in words.
  func brokenPromises(_ buyers: [Buyer]) async -> [String] {
    world.deliverLateCalls()
    let (orders, payments, keysInFlight) = await facts()
    var broken: [String] = []
    if keysInFlight > 0 { broken.append("\(keysInFlight) keys in flight") }
    var sold: [String: Int] = [:]
    var cartsOrdered: [String: String] = [:]
    let paymentByOrder = Dictionary(uniqueKeysWithValues: payments.map { ($0.orderID, $0) })
    for fact in orders {
      if fact.obligations != 0 { broken.append("a \(fact.state) order owes \(fact.obligations)") }
      if fact.state.isInFlight { broken.append("an order is left \(fact.state)") }
      let payment = paymentByOrder[fact.id]
      switch fact.state {
      case .captured:
        let order = try! await core.store.order(fact.id)!
        for line in order.lines { sold[line.productID, default: 0] += line.quantity }
        if payment?.state != "captured" || payment?.captures != 1 || payment?.refunds != 0
          || payment?.amount != fact.total
        {
          broken.append("a captured order with payment \(payment.map { "\($0)" } ?? "none")")
        }
      case .cancelled:
        if payment?.state != "refunded" || payment?.captures != 1 || payment?.refunds != 1 {
          broken.append("a cancelled order with payment \(payment.map { "\($0)" } ?? "none")")
        }
      default:
        if let payment, payment.captures != payment.refunds || payment.state == "authorised" {
          broken.append("a \(fact.state) order with payment \(payment)")
        }
      }
      if fact.state == .captured || fact.state == .cancelled {
        if cartsOrdered.updateValue(fact.id, forKey: fact.cart) != nil {
          broken.append("a cart ordered twice")
        }
        if world.carts[fact.cart]?.order != fact.id { broken.append("a captured order left its cart") }
      }
    }
    for (id, cart) in world.carts where cart.order != nil && cartsOrdered[id] == nil {
      broken.append("a cart is spent on no order")
    }
    for (id, book) in world.stock {
      if book.held != 0 { broken.append("\(book.held) of \(id) still held") }
      if book.onHand + book.sold != book.received || book.onHand < 0 {
        broken.append("the books of \(id): \(book)")
      }
      if book.sold != sold[id, default: 0] {
        broken.append("\(book.sold) of \(id) sold, \(sold[id, default: 0]) ordered")
      }
    }
    let states = Dictionary(uniqueKeysWithValues: orders.map { ($0.id, $0.state) })
    for buyer in buyers {
      guard let answer = buyer.answer, let orderID = buyer.orderID else { continue }
      let state = states[orderID]
      let allowed: [OrderState] =
        answer.status == 402
        ? [.declined]
        : buyer.hasCancelled ? [.cancelled] : buyer.wantsToCancel ? [.captured, .cancelled] : [.captured]
      if state.map({ allowed.contains($0) }) != true {
        broken.append("\(answer.status) was answered, and the order is \(state.map { "\($0)" } ?? "gone")")
      }
    }
    return broken
  }
}
