/// What others must still be told about an order. Written in the same transaction as the state that owes it, and
/// struck out only when the other has answered, so a crash forgets none; each is idempotent, so doing one twice
/// does nothing.
public struct Obligations: OptionSet, Equatable, Sendable {
  public let rawValue: Int64

  public init(rawValue: Int64) { self.rawValue = rawValue }

  /// Catalog: give the hold up, and refuse it should it arrive late. Always before `returnStock`.
  public static let releaseHold = Obligations(rawValue: 1)
  /// Catalog: take the sold pieces back, if they were sold.
  public static let returnStock = Obligations(rawValue: 2)
  /// Provider: void an authorisation, also one that arrives late, or refund a capture.
  public static let undoPayment = Obligations(rawValue: 4)
  /// Cart: the cart is spent.
  public static let consumeCart = Obligations(rawValue: 8)

  /// Everything there is, in the order in which it must be done.
  public static let inOrder: [Obligations] = [.releaseHold, .returnStock, .undoPayment, .consumeCart]
}
