import CheckoutAPI
import JSON
import Platform
import Shop

@testable import Checkout

/// Somebody who wants to order a cart, and remembers what they were told.
final class Buyer {
  let key: IdempotencyKey
  let cart: String
  let token: String
  var expected: Int64
  /// The last answer, if any arrived.
  var placement: Placement?
  /// The 201 or 402 that arrived first.
  var answer: RecordedAnswer?
  var orderID: String?
  var wantsToCancel = false
  var hasCancelled = false

  init(key: String, cart: String, token: String = "tok_ok", expected: Int64) {
    self.key = IdempotencyKey(key)!
    self.cart = cart
    self.token = token
    self.expected = expected
  }

  static func body(
    cart: String, email: String = "ada@example.org", country: String = "DE", method: String = "standard",
    token: String = "tok_ok", expected: Int64, currency: String = "EUR"
  ) -> JSON {
    var writer = JSONWriter()
    writer.object { body in
      body.field("cartId", cart)
      body.field("email", email)
      body.key("shippingAddress")
      Address(name: "Ada", line1: "Street 1", city: "Berlin", postalCode: "10115", country: country)
        .write(to: &body)
      body.field("shippingMethod", method)
      body.field("payment", object: { $0.field("token", token) })
      body.field("expectedTotal", Money(expected, currency))
    }
    return try! JSON.parse(writer.bytes)
  }

  var body: JSON { Self.body(cart: cart, token: token, expected: expected) }

  /// Sends the order once; forgets the answer when checkout died before it was sent.
  func order(_ life: Life, within time: Duration = .seconds(12)) async {
    let placement = await life.core.desk.place(key: key, body: body, until: life.loop.now + time)
    guard life.isAlive else { return }
    self.placement = placement
    if case .answered(let answer, let orderID, _) = placement {
      if let first = self.answer, first != answer { fatalError("two answers under one key") }
      self.answer = answer
      self.orderID = orderID
    }
  }

  /// Cancels, if the order was placed.
  func cancel(_ life: Life) async {
    guard answer?.status == 201, let orderID else { return }
    do throws(Problem) {
      let order = try await life.core.desk.cancel(orderID)
      if life.isAlive { hasCancelled = order.state == .cancelled }
    } catch {}
  }
}

extension Placement {
  /// The problem of a refusal.
  var refusal: Problem? {
    if case .refused(let problem) = self { problem } else { nil }
  }

  /// The type of the problem of a refusal.
  var problem: ProblemType? { refusal?.type }

  /// The status of a recorded answer.
  var status: UInt16? {
    if case .answered(let answer, _, _) = self { answer.status } else { nil }
  }

  var isReplay: Bool {
    if case .answered(_, _, let isReplay) = self { isReplay } else { false }
  }

  /// The order of a 201.
  var order: Order? {
    guard case .answered(let answer, _, _) = self, answer.status == 201,
      let json = try? JSON.parse(answer.body)
    else { return nil }
    return Order(json)
  }
}
