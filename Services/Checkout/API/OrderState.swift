import Bytes
import JSON

/// Where an order stands (shop-api.md, "Checkout").
///
/// `pending → reserved → authorised → captured → shipped → delivered`; the others are ends of their own.
public enum OrderState: String, Equatable, Sendable, CaseIterable {
  /// Written down; nothing has been asked of anybody.
  case pending
  /// Its pieces are held.
  case reserved
  /// The provider has set the money aside.
  case authorised
  /// Paid and sold. The first state a buyer sees.
  case captured
  /// On its way.
  case shipped
  /// There.
  case delivered
  /// Called off after it was paid; the money and the pieces went back.
  case cancelled
  /// Given up before it was paid. Nothing of it is left anywhere.
  case expired
  /// The provider refused the payment.
  case declined
  /// The money went back after the parcel had left.
  case refunded

  /// Whether somebody is still placing it, or was when the power went: what recovery finishes or undoes.
  public var isInFlight: Bool { self == .pending || self == .reserved || self == .authorised }

  /// Whether its cart is spent on it. Of these a cart has at most one order.
  public var holdsCart: Bool { self != .expired && self != .declined }

  /// Reads the member `state`.
  @inline(never)
  init(_ members: inout JSONMembers) {
    let name = members.string("state")
    self = .pending
    for state in Self.allCases where state.rawValue == name {
      self = state
      return
    }
    members.require(false)
  }
}
