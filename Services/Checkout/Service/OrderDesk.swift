import CheckoutAPI
import EventLoop
import JSON
import Log
import Platform
import Shop
import Storage
import _Concurrency

/// What placing an order led to.
public enum Placement: Sendable {
  /// An answer that is recorded under the key: 201 with the order, or 402.
  case answered(RecordedAnswer, orderID: String, isReplay: Bool)
  /// Any other answer: nothing happened, or it is not known (`Problem.inDoubt`), and the key may be used again.
  case refused(Problem)
}

/// Places orders: the checks in the order of shop-api.md, then the saga of `Saga`, each step durable before the
/// next begins.
final class OrderDesk {
  let runner: SagaRunner
  private let store: OrderStore
  private let quoting: Quoting
  private let shop: ShopConfiguration
  private let loop: EventLoop
  private let entropy: any Entropy
  /// Keys and carts of the requests that are being worked on. The database knows them only once they are
  /// written down; these keep twins apart before.
  private var keysInFlight: [String: Fingerprint] = [:]
  private var cartsInFlight: Set<String> = []

  init(
    runner: SagaRunner, store: OrderStore, quoting: Quoting, shop: ShopConfiguration, loop: EventLoop,
    entropy: any Entropy
  ) {
    self.runner = runner
    self.store = store
    self.quoting = quoting
    self.shop = shop
    self.loop = loop
    self.entropy = entropy
  }

  /// Places an order, once per key. Checks the key, the body, the cart, the price, the stock and the payment, in
  /// this order. Undone is what cannot be answered before `deadline`.
  func place(
    key: IdempotencyKey, body: JSON?, until deadline: Instant, trace: RequestTrace? = nil
  ) async -> Placement {
    let fingerprint = Fingerprint(of: body ?? .null)
    if let twin = keysInFlight[key.text] {
      return .refused(twin == fingerprint ? .keyInFlight : .keyReused)
    }
    keysInFlight[key.text] = fingerprint
    defer { keysInFlight[key.text] = nil }
    do throws(Problem) {
      if let placement = try await recorded(key, fingerprint) { return placement }
      let request = try OrderRequest(body, shop: shop, isToken: runner.payments.isWellFormed)
      guard cartsInFlight.insert(request.cartID).inserted else { throw .cartOrdered }
      defer { cartsInFlight.remove(request.cartID) }
      let draft = try await draft(request, key, fingerprint, trace)
      return try await carryOut(draft, request.token, until: deadline, trace)
    } catch {
      return .refused(error)
    }
  }

  /// The answer to a key that was used before; nil for a new one.
  private func recorded(_ key: IdempotencyKey, _ fingerprint: Fingerprint) async throws(Problem) -> Placement?
  {
    let now = loop.wallTime
    let record = try await stored { () async throws(StorageError) in
      try await self.store.keyRecord(key, now: now)
    }
    guard let record else { return nil }
    return try Self.replay(record, fingerprint)
  }

  private static func replay(_ record: KeyRecord, _ fingerprint: Fingerprint) throws(Problem) -> Placement {
    guard record.fingerprint == fingerprint else { throw .keyReused }
    guard let answer = record.answer else { throw .keyInFlight }
    return .answered(answer, orderID: record.orderID, isReplay: true)
  }

  /// Checks cart, price and stock, and makes the order that is to be written down.
  private func draft(
    _ request: OrderRequest, _ key: IdempotencyKey, _ fingerprint: Fingerprint, _ trace: RequestTrace?
  ) async throws(Problem) -> OrderDraft {
    let isTaken = try await stored { () async throws(StorageError) in
      try await self.store.hasOrder(forCart: request.cartID)
    }
    guard !isTaken else { throw .cartOrdered }
    let quote = try await quoting.quote(cartID: request.cartID, delivery: request.delivery, trace: trace)
    guard quote.total == request.expectedTotal else { throw .priceChanged(quote) }
    // The hold decides; this spares it what cannot succeed.
    guard quote.shortages.isEmpty else { throw .shortage(quote.shortages) }
    let now = loop.wallTime
    let order = Order(
      id: Identifier.make(entropy), number: "", state: .pending, lines: quote.lines, subtotal: quote.subtotal,
      shippingMethod: quote.shippingMethod, shipping: quote.shipping, tax: quote.tax,
      taxIncluded: quote.taxIncluded, total: quote.total, email: request.email,
      shippingAddress: request.delivery.address, createdAt: now,
      events: [OrderEvent(state: .pending, at: now)])
    return OrderDraft(order: order, cartID: request.cartID, key: key, fingerprint: fingerprint)
  }

  private func carryOut(
    _ draft: OrderDraft, _ token: String, until deadline: Instant, _ trace: RequestTrace?
  ) async throws(Problem) -> Placement {
    guard runner.hasTime(for: .authorise, until: deadline) else { throw .unavailable }
    let id = draft.order.id
    runner.enter(id)
    defer { runner.leave(id) }
    var order = draft.order
    let beginning = try await stored(id) { () async throws(StorageError) in
      try await self.store.begin(draft)
    }
    switch beginning {
    case .begun(let number): order.number = number
    case .keyKnown(let record): return try Self.replay(record, draft.fingerprint)
    case .cartTaken: throw .cartOrdered
    }
    let ending = await runner.run(
      SagaRun(order: order, cartID: draft.cartID, token: token, trace: trace, deadline: deadline),
      from: .call(.hold))
    switch ending {
    case .concluded(let answer): return .answered(answer, orderID: id, isReplay: false)
    case .abandoned(.shortage, let shortages): throw .shortage(shortages)
    case .abandoned(.providerSilent, _): throw .providerSilent
    case .abandoned: throw .unavailable
    case .unfinished: throw .inDoubt
    }
  }

  // MARK: Cancelling

  /// Cancels an order: the money and the pieces go back, once. Cancelling again changes nothing.
  func cancel(_ id: String, trace: RequestTrace? = nil) async throws(Problem) -> Order {
    runner.enter(id)
    defer { runner.leave(id) }
    while true {
      let order = try await stored { () async throws(StorageError) in try await self.store.order(id) }
      guard let order else { throw .notFound("order") }
      switch Cancellation.decision(in: order.state) {
      case .alreadyCancelled: return order
      case .wrongState: throw .wrongState(order.state)
      case .cancel(let obligations):
        let now = loop.wallTime
        let isCancelled = try await stored(id) { () async throws(StorageError) in
          try await self.store.cancel(id, at: now, owing: obligations)
        }
        // Settled before the answer if the others are there; otherwise soon after, and at the latest by recovery.
        if isCancelled { await runner.settle(id, cartID: nil, obligations, trace: trace) }
      }
    }
  }

  /// What the database failed at is 503. A change of the order `id` may have happened, so the reconciler has a look.
  private func stored<T>(
    _ id: String? = nil, _ body: () async throws(StorageError) -> T
  ) async throws(Problem) -> T {
    do throws(StorageError) {
      return try await body()
    } catch {
      guard let id else { throw .unavailable }
      runner.needsAttention(id)
      throw .inDoubt
    }
  }
}
