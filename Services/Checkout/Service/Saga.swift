import CheckoutAPI

/// How an order is placed, as decisions without effects: what to ask next, what an answer means, and what
/// recovery does with an order that a crash left behind.
///
/// The durable writes are `pending`, `reserved`, `authorised`, `captured`; between them lie idempotent calls,
/// keyed by the order's id:
///
///     pending    — hold at Catalog       → reserved
///     reserved   — authorise at Provider → authorised
///     authorised — commit at Catalog, then capture at Provider → captured (with the recorded answer)
///     captured   — consume at Cart
///
/// The pieces are sold before the money is taken, because a hold can have run out while a capture of a standing
/// authorisation does not fail; so no money is ever taken for pieces that are not there. Until `captured` is
/// durable everything can be undone (release, return, void: three idempotent calls that also stop their late
/// forerunners), and after it nothing is. Recovery undoes an order that had no authorisation yet and finishes one
/// that had.
public enum Saga {
  /// A question to another party.
  public enum Call: Equatable, Sendable, CaseIterable {
    /// Catalog: set the pieces aside.
    case hold
    /// Provider: set the money aside.
    case authorise
    /// Catalog: the held pieces are sold.
    case commit
    /// Provider: take the money.
    case capture
  }

  /// What came back.
  public enum Reply: Equatable, Sendable, CaseIterable {
    /// It is done, now or by an earlier call.
    case done
    /// It is not done and never will be.
    case refused
    /// Nothing, or nothing to rely on: it may have been done, or may yet be.
    case silent
  }

  /// Why an order was given up.
  public enum Failure: Equatable, Sendable {
    /// Not enough pieces.
    case shortage
    /// Catalog did not answer.
    case catalogSilent
    /// The provider did not answer.
    case providerSilent
    /// Found by recovery, whose buyer got no answer; or the buyer's time ran out.
    case interrupted
  }

  /// What to do next.
  public enum Step: Equatable, Sendable {
    /// Ask.
    case call(Call)
    /// Write the next state. With `captured` go the answer and the obligation to consume the cart.
    case advance(OrderState)
    /// Write `declined` with its answer and what is owed.
    case decline(Obligations)
    /// Write `expired`, forget the key, and write what is owed.
    case abandon(Failure, Obligations)
    /// Ask again later; only recovery may wait.
    case retry
  }

  /// Everything an order may have set in motion before it was captured.
  public static let everything: Obligations = [.releaseHold, .returnStock, .undoPayment]

  /// What an order in `state` asks first while its buyer waits; nil when it is placed or given up.
  public static func firstCall(in state: OrderState) -> Call? {
    switch state {
    case .pending: .hold
    case .reserved: .authorise
    case .authorised: .commit
    default: nil
    }
  }

  /// What recovery does first with an order that was left in `state`; nil when there is nothing to do.
  public static func recovery(from state: OrderState) -> Step? {
    switch state {
    case .pending: .abandon(.interrupted, .releaseHold)
    case .reserved: .abandon(.interrupted, [.releaseHold, .undoPayment])
    case .authorised: .call(.commit)
    default: nil
    }
  }

  /// What `reply` to `call` leads to. While the buyer waits, silence leads to undoing; recovery has time.
  public static func step(after call: Call, _ reply: Reply, isRecovering: Bool) -> Step {
    switch (call, reply) {
    case (.hold, .done): .advance(.reserved)
    case (.hold, .refused): .abandon(.shortage, [])
    case (.hold, .silent): .abandon(.catalogSilent, .releaseHold)
    case (.authorise, .done): .advance(.authorised)
    case (.authorise, .refused): .decline(.releaseHold)
    case (.authorise, .silent): .abandon(.providerSilent, [.releaseHold, .undoPayment])
    case (.commit, .done): .call(.capture)
    case (.commit, .refused): .abandon(.shortage, [.releaseHold, .undoPayment])
    case (.commit, .silent): isRecovering ? .retry : .abandon(.catalogSilent, everything)
    case (.capture, .done): .advance(.captured)
    case (.capture, .refused): .abandon(.providerSilent, everything)
    case (.capture, .silent): isRecovering ? .retry : .abandon(.providerSilent, everything)
    }
  }
}

/// What cancelling means for an order.
public enum Cancellation: Equatable, Sendable {
  /// Write `cancelled` and what is owed.
  case cancel(Obligations)
  /// It is cancelled already: the same answer, and nothing happens.
  case alreadyCancelled
  /// Too late, or too early.
  case wrongState

  /// What cancelling an order in `state` means.
  public static func decision(in state: OrderState) -> Cancellation {
    switch state {
    case .captured: .cancel([.returnStock, .undoPayment])
    case .cancelled: .alreadyCancelled
    default: .wrongState
    }
  }
}
