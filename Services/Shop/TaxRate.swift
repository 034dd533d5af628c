/// Division that rounds halves to the even neighbour, so that rounding favours neither side in the long run.
public enum Rounding {
  /// `numerator / denominator`, halves to even. `denominator` is positive.
  public static func halfEven(_ numerator: Int128, over denominator: Int128) -> Int128 {
    precondition(denominator > 0)
    let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
    let twice = remainder.magnitude * 2
    let isUp =
      twice > denominator.magnitude || (twice == denominator.magnitude && !quotient.isMultiple(of: 2))
    return isUp ? quotient + (numerator < 0 ? -1 : 1) : quotient
  }
}

/// A tax rate in basis points: 1900 is 19 %.
public struct TaxRate: Hashable, Sendable {
  /// Hundredths of a percent, 0 to 10,000.
  public let basisPoints: Int64

  /// A rate; nil unless 0–10,000 basis points.
  public init?(basisPoints: Int64) {
    guard (0...10_000).contains(basisPoints) else { return nil }
    self.basisPoints = basisPoints
  }

  /// The tax that comes on top of a net amount, half to even.
  public func tax(onNet net: Int64) -> Int64 {
    // At most the amount itself, so it fits.
    Int64(Rounding.halfEven(Int128(net) * Int128(basisPoints), over: 10_000))
  }

  /// The tax that a gross amount contains, half to even.
  public func tax(inGross gross: Int64) -> Int64 {
    Int64(Rounding.halfEven(Int128(gross) * Int128(basisPoints), over: 10_000 + Int128(basisPoints)))
  }

  /// The tax of one line: contained in its amount when the shop's prices include tax, else on top.
  public func tax(of line: Money, included: Bool) -> Money {
    Money(included ? tax(inGross: line.amount) : tax(onNet: line.amount), line.currency)
  }
}
