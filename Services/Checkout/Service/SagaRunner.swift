import CheckoutAPI
import EventLoop
import JSON
import Platform
import Shop
import Storage
import _Concurrency

/// One order on its way through the saga.
struct SagaRun: Sendable {
  var order: Order
  var cartID: String
  /// What pays; nil in recovery, which authorises nothing.
  var token: String?
  /// What its calls are known by.
  var trace: RequestTrace?
  /// When the answer is of no use to the buyer any more; recovery has time.
  var deadline = Instant.never

  var isRecovering: Bool { token == nil }
}

/// Where a run came to.
enum SagaEnding: Equatable, Sendable {
  /// The answer is recorded.
  case concluded(RecordedAnswer)
  /// Nothing is left of it, or what is left is written down as owed.
  case abandoned(Saga.Failure, [LineShortage])
  /// It stands where it stood: the reconciler will take it up.
  case unfinished
}

/// Performs what `Saga` decides: asks the others, writes the states, settles what is owed.
final class SagaRunner {
  let payments: PaymentDesk
  private let store: OrderStore
  private let stock: any StockKeeper
  private let carts: any CartKeeper
  private let loop: EventLoop
  /// Orders somebody works on, so that the reconciler leaves them alone.
  private var active: [String: Work] = [:]
  /// Wakes the reconciler.
  let attention = Signal()

  /// How long Catalog may take to hold or to commit.
  static let stockDeadline = Duration.seconds(3)
  /// How long settling may keep a buyer waiting; what is left then is the reconciler's.
  static let settlingDeadline = Duration.seconds(1)
  /// What has to be left of the buyer's time when the order is decided: for the last write, `settlingDeadline` and the
  /// way back. Whoever hears nothing until the deadline is told that it is in doubt.
  static let answerTime = Duration.seconds(2)

  init(
    store: OrderStore, stock: any StockKeeper, carts: any CartKeeper, payments: PaymentDesk, loop: EventLoop
  ) {
    self.store = store
    self.stock = stock
    self.carts = carts
    self.payments = payments
    self.loop = loop
  }

  // MARK: Who works on what

  private struct Work {
    /// A cancel may meet a cancel.
    var workers = 0
    /// Whether one of them left something undone.
    var isUnsettled = false
  }

  func enter(_ id: String) { active[id, default: Work()].workers += 1 }

  func leave(_ id: String) {
    guard var work = active[id] else { return }
    work.workers -= 1
    guard work.workers == 0 else { return active[id] = work }
    active[id] = nil
    // Not before: the reconciler passes over an order that somebody works on.
    if work.isUnsettled { attention.notify() }
  }

  func isActive(_ id: String) -> Bool { active[id] != nil }

  /// The orders somebody works on now.
  var activeOrders: Set<String> { Set(active.keys) }

  /// Something was left undone of an order that the caller works on: the reconciler looks at it when all have
  /// left it.
  func needsAttention(_ id: String) { active[id]?.isUnsettled = true }

  // MARK: Running

  /// Performs `first` and what follows from it, until the order is concluded, given up, or stuck.
  func run(_ run: SagaRun, from first: Saga.Step) async -> SagaEnding {
    var run = run
    var step = first
    var shortages: [LineShortage] = []
    while true {
      switch step {
      case .call(let call):
        guard hasTime(for: call, until: run.deadline) else {
          step = .abandon(.interrupted, Saga.everything)
          continue
        }
        let reply = await ask(call, run, &shortages)
        step = Saga.step(after: call, reply, isRecovering: run.isRecovering)
      case .advance(.captured):
        run.reach(.captured, at: loop.wallTime)
        return await conclude(
          run, from: .authorised, owing: .consumeCart,
          RecordedAnswer(status: RecordedAnswer.placed, body: run.order.document))
      case .decline(let obligations):
        let old = run.order.state
        run.reach(.declined, at: loop.wallTime)
        return await conclude(
          run, from: old, owing: obligations,
          RecordedAnswer(status: RecordedAnswer.declined, body: Problem.paymentDeclined.document))
      case .advance(let next):
        let old = run.order.state
        run.reach(next, at: loop.wallTime)
        guard await advance(run, from: old), let call = Saga.firstCall(in: next) else {
          return unfinished(run)
        }
        step = .call(call)
      case .abandon(let failure, let obligations):
        return await abandon(run, failure, obligations, shortages)
      case .retry:
        return unfinished(run)
      }
    }
  }

  /// Whether what `call` may take and what follows the decision fit before `deadline`.
  func hasTime(for call: Saga.Call, until deadline: Instant) -> Bool {
    let needed = call == .authorise ? PaymentDesk.deadline + Self.answerTime : Self.answerTime
    return loop.now + needed <= deadline
  }

  private func ask(_ call: Saga.Call, _ run: SagaRun, _ shortages: inout [LineShortage]) async -> Saga.Reply {
    let order = run.order
    switch call {
    case .hold:
      let reply = await stock.hold(
        key: order.id, lines: order.lines, timeToLive: CheckoutLimits.holdLifetime,
        until: loop.now + Self.stockDeadline, trace: run.trace)
      switch reply {
      case .held: return .done
      case .short(let lines):
        shortages = lines
        return .refused
      case .silent: return .silent
      }
    case .authorise:
      guard let token = run.token else { return .silent }
      return await payments.authorise(orderID: order.id, token: token, amount: order.total)
    case .commit:
      let reply = await stock.commit(key: order.id, until: loop.now + Self.stockDeadline, trace: run.trace)
      // Held, yet not to be had: the hold had run out. The buyer learns what it was about.
      if reply == .refused {
        shortages = order.lines.map {
          LineShortage(productID: $0.productID, wanted: $0.quantity, available: 0)
        }
      }
      return reply
    case .capture:
      // Without an answer by then the payment is called off, which a provider does after a capture that came late, too.
      return await payments.capture(orderID: order.id, until: run.deadline + (.zero - Self.answerTime))
    }
  }

  private func advance(_ run: SagaRun, from old: OrderState) async -> Bool {
    do throws(StorageError) {
      return try await store.advance(run.order.id, from: old, to: run.order.state, at: run.reachedAt)
    } catch {
      return false
    }
  }

  private func conclude(
    _ run: SagaRun, from old: OrderState, owing obligations: Obligations, _ answer: RecordedAnswer
  ) async -> SagaEnding {
    do throws(StorageError) {
      let isConcluded = try await store.conclude(
        run.order.id, from: old, to: run.order.state, at: run.reachedAt, owing: obligations, answer: answer)
      guard isConcluded else { return unfinished(run) }
    } catch {
      return unfinished(run)
    }
    await settle(run.order.id, cartID: run.cartID, obligations, trace: run.trace)
    return .concluded(answer)
  }

  private func abandon(
    _ run: SagaRun, _ failure: Saga.Failure, _ obligations: Obligations, _ shortages: [LineShortage]
  ) async -> SagaEnding {
    do throws(StorageError) {
      let isAbandoned = try await store.abandon(
        run.order.id, from: run.order.state, at: loop.wallTime, owing: obligations)
      guard isAbandoned else { return unfinished(run) }
    } catch {
      return unfinished(run)
    }
    await settle(run.order.id, cartID: run.cartID, obligations, trace: run.trace)
    return .abandoned(failure, shortages)
  }

  private func unfinished(_ run: SagaRun) -> SagaEnding {
    needsAttention(run.order.id)
    return .unfinished
  }

  // MARK: Settling

  /// Does what an order owes and strikes out what is done. True when nothing is left.
  @discardableResult
  func settle(
    _ id: String, cartID: String?, _ obligations: Obligations, trace: RequestTrace? = nil
  ) async -> Bool {
    guard !obligations.isEmpty else { return true }
    var done: Obligations = []
    let deadline = loop.now + Self.settlingDeadline
    for obligation in Obligations.inOrder where obligations.contains(obligation) {
      // Taking pieces back before the hold is closed could miss a sale that arrives in between.
      if obligation == .returnStock && obligations.subtracting(done).contains(.releaseHold) { continue }
      if await perform(obligation, id, cartID, until: deadline, trace) { done.insert(obligation) }
    }
    var isSettled = done == obligations
    do throws(StorageError) {
      if !done.isEmpty { try await store.settle(id, done) }
    } catch {
      isSettled = false
    }
    if !isSettled { needsAttention(id) }
    return isSettled
  }

  private func perform(
    _ obligation: Obligations, _ id: String, _ cartID: String?, until deadline: Instant,
    _ trace: RequestTrace?
  ) async -> Bool {
    switch obligation {
    case .releaseHold: return await stock.release(key: id, until: deadline, trace: trace)
    case .returnStock: return await stock.giveBack(key: id, until: deadline, trace: trace)
    case .undoPayment: return await payments.undo(orderID: id)
    case .consumeCart:
      guard let cartID else { return false }
      return await carts.consume(cartID, orderID: id, until: deadline, trace: trace)
    default: return true
    }
  }
}

extension SagaRun {
  /// Notes that the order has come to `state`.
  fileprivate mutating func reach(_ state: OrderState, at time: WallTime) {
    order.state = state
    order.events.append(OrderEvent(state: state, at: time))
  }

  /// When it came to its state.
  fileprivate var reachedAt: WallTime { order.events.last?.at ?? order.createdAt }
}

extension Order {
  /// The order as JSON text.
  var document: [UInt8] {
    var writer = JSONWriter(capacity: 2048)
    write(to: &writer)
    return writer.bytes
  }
}
