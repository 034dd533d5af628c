import Platform
import Shop

/// Whoever moves the money. Every operation is idempotent by the order's id, and none of them lets an earlier one
/// that arrives late undo it. No card number comes here: a token stands for a payment the buyer has agreed to
/// with the provider.
public protocol PaymentProvider: AnyObject {
  /// Whether the provider could know this token. Another one is the buyer's mistake (422).
  func isWellFormed(token: String) -> Bool
  /// Sets `amount` aside for the order. May take as long as it likes: `PaymentDesk` keeps the deadline.
  func authorise(orderID: String, token: String, amount: Money) async -> PaymentReply
  /// Takes what was set aside; once, however often it is asked.
  func capture(orderID: String) async -> PaymentReply
  /// Whatever was done for the order is undone: an authorisation is voided, also one that arrives after this, a
  /// capture is refunded, once.
  func undo(orderID: String) async -> PaymentReply
}

/// What the provider answers.
public enum PaymentReply: Equatable, Sendable {
  /// It is done.
  case done
  /// It refuses, for good.
  case refused
  /// It could not do it now; the same question may be asked again.
  case failed
}
