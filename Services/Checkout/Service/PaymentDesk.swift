import EventLoop
import Platform
import Shop
import _Concurrency

/// Checkout's side of the provider: deadlines, retries, and what to do with an answer that comes too late.
final class PaymentDesk {
  private let provider: any PaymentProvider
  private let loop: EventLoop

  /// How long an authorisation may take, retries included.
  static let deadline = Duration.seconds(5)
  /// Questions asked at most when the provider fails.
  static let maximumAttempts = 3
  /// Time between two of them.
  static let pause = Duration.milliseconds(50)

  init(provider: any PaymentProvider, loop: EventLoop) {
    self.provider = provider
    self.loop = loop
  }

  func isWellFormed(token: String) -> Bool { provider.isWellFormed(token: token) }

  /// Authorises within `deadline`. An authorisation that arrives later is voided.
  func authorise(orderID: String, token: String, amount: Money) async -> Saga.Reply {
    let provider = provider
    let deadline = loop.now + Self.deadline
    for attempt in 1...Self.maximumAttempts {
      let reply = await ask(
        until: deadline, { await provider.authorise(orderID: orderID, token: token, amount: amount) },
        whenLate: { late in if late == .done { _ = await provider.undo(orderID: orderID) } })
      switch reply {
      case .done: return .done
      case .refused: return .refused
      case .failed where attempt < Self.maximumAttempts && loop.now + Self.pause < deadline:
        await loop.sleep(for: Self.pause)
      case .failed, nil: return .silent
      }
    }
    return .silent
  }

  /// Captures within `deadline`, and until `limit`.
  func capture(orderID: String, until limit: Instant) async -> Saga.Reply {
    let provider = provider
    let deadline = min(limit, loop.now + Self.deadline)
    switch await ask(until: deadline, { await provider.capture(orderID: orderID) }) {
    case .done: return .done
    case .refused: return .refused
    case .failed, nil: return .silent
    }
  }

  /// Voids or refunds; false when it has to be tried again.
  func undo(orderID: String) async -> Bool {
    let provider = provider
    switch await ask(until: loop.now + Self.deadline, { await provider.undo(orderID: orderID) }) {
    case .done, .refused: return true
    case .failed, nil: return false
    }
  }

  /// The answer, or nil at `deadline`; what comes after that goes to `whenLate`.
  private func ask(
    until deadline: Instant, _ question: @escaping () async -> PaymentReply,
    whenLate: @escaping (PaymentReply) async -> Void = { _ in }
  ) async -> PaymentReply? {
    let wait = Wait()
    let timer = Timer(loop: loop) {
      wait.isOver = true
      wait.signal.notify()
    }
    timer.set(deadline)
    loop.spawn {
      let reply = await question()
      if wait.isOver {
        await whenLate(reply)
      } else {
        wait.isOver = true
        wait.reply = reply
        wait.signal.notify()
      }
    }
    await wait.signal.wait()
    timer.cancel()
    return wait.reply
  }

  private final class Wait {
    let signal = Signal()
    var isOver = false
    var reply: PaymentReply?
  }
}
