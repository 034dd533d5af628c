import Bytes

/// An amount of money in a currency's minor units. Never a float.
public struct Money: Hashable, Sendable {
  /// Minor units (cents for EUR, yen for JPY).
  public var amount: Int64
  /// The ISO 4217 code, in capitals.
  public var currency: String

  /// `amount` minor units of `currency`.
  public init(_ amount: Int64, _ currency: String) {
    self.amount = amount
    self.currency = currency
  }

  /// The highest price a product or a shipping method may have, in minor units. Chosen so that a full cart
  /// (100 lines of 999 pieces) still adds up to an integer that JavaScript reads exactly (below 2^53).
  public static let maximumPrice: Int64 = 10_000_000_000

  /// Nothing, in `currency`.
  public static func zero(_ currency: String) -> Money { Money(0, currency) }

  /// The sum.
  public func adding(_ other: Money) throws(MoneyError) -> Money {
    guard currency == other.currency else { throw .differentCurrencies }
    let (sum, overflow) = amount.addingReportingOverflow(other.amount)
    guard !overflow else { throw .overflow }
    return Money(sum, currency)
  }

  /// The difference.
  public func subtracting(_ other: Money) throws(MoneyError) -> Money {
    guard currency == other.currency else { throw .differentCurrencies }
    let (difference, overflow) = amount.subtractingReportingOverflow(other.amount)
    guard !overflow else { throw .overflow }
    return Money(difference, currency)
  }

  /// The amount `factor` times.
  public func multiplied(by factor: Int64) throws(MoneyError) -> Money {
    let (product, overflow) = amount.multipliedReportingOverflow(by: factor)
    guard !overflow else { throw .overflow }
    return Money(product, currency)
  }

  /// The amount in major units with the currency's own number of decimals, such as `-12.99`.
  public var decimal: String {
    let digits = Currency.minorUnitDigits(of: currency) ?? 2
    var scale: UInt64 = 1
    for _ in 0..<digits { scale *= 10 }
    var text = amount < 0 ? "-" : ""
    text += String(amount.magnitude / scale)
    guard digits > 0 else { return text }
    let fraction = String(amount.magnitude % scale)
    text += "."
    for _ in 0..<(digits - fraction.utf8.count) { text += "0" }
    return text + fraction
  }
}

/// Why amounts could not be put together.
public enum MoneyError: Error, Equatable, Sendable {
  /// The result does not fit into 64 bits.
  case overflow
  /// Euros and yen do not add up.
  case differentCurrencies
}
