import Bytes
import Platform

/// What the owner decided about the shop: currency, taxes, shipping. Every service reads the same settings.
public struct ShopConfiguration: Equatable, Sendable {
  /// How a parcel may go, and what that costs.
  public struct ShippingMethod: Equatable, Sendable {
    /// What orders name it by: `standard`.
    public let id: String
    /// What buyers see: `Standard`.
    public let name: String
    /// What it costs, treated like a line of the order.
    public let price: Money
  }

  /// The one currency of the shop, an ISO 4217 code.
  public var currency: String
  /// Whether prices already contain the tax.
  public var taxIncluded: Bool
  /// In the order of their price, then id.
  public var shippingMethods: [ShippingMethod]
  /// By ISO 3166 alpha-2 country code, in alphabetical order. A country that is not here is not delivered to.
  public var taxRates: [(country: String, rate: TaxRate)]

  /// The most shipping methods a shop may have.
  public static let maximumShippingMethods = 20
  /// The most countries: there are 249 codes.
  public static let maximumTaxRates = 300

  /// Whether both say the same.
  public static func == (left: ShopConfiguration, right: ShopConfiguration) -> Bool {
    left.currency == right.currency && left.taxIncluded == right.taxIncluded
      && left.shippingMethods == right.shippingMethods
      && left.taxRates.elementsEqual(right.taxRates) { $0.country == $1.country && $0.rate == $1.rate }
  }

  /// The method with this id.
  public func shippingMethod(_ id: String) -> ShippingMethod? {
    shippingMethods.first { $0.id == id }
  }

  /// The tax rate of this country; nil when the shop does not deliver there.
  public func taxRate(of country: String) -> TaxRate? {
    taxRates.first { $0.country == country }?.rate
  }

  /// Reads `shop.currency`, `shop.taxIncluded`, `shop.tax.CC` (basis points), `shop.shipping.ID` (minor units)
  /// and, optionally, `shop.shippingName.ID`.
  public init(settings: KeyedLines) throws(ConfigurationError) {
    guard let currency = settings["shop.currency"] else { throw .missing("shop.currency") }
    guard Currency.isKnown(currency) else {
      throw .wrong("shop.currency", "must be an ISO 4217 code in capitals, such as EUR")
    }
    let taxIncluded = settings["shop.taxIncluded"] ?? "false"
    guard taxIncluded == "true" || taxIncluded == "false" else {
      throw .wrong("shop.taxIncluded", "must be true or false")
    }
    self.currency = currency
    self.taxIncluded = taxIncluded == "true"
    shippingMethods = try Self.shippingMethods(settings, currency)
    taxRates = try Self.taxRates(settings)
  }

  private static func taxRates(
    _ settings: KeyedLines
  ) throws(ConfigurationError) -> [(country: String, rate: TaxRate)] {
    let found = settings.behind("shop.tax.")
    var rates: [(country: String, rate: TaxRate)] = []
    for place in Sorting.places(found.count, { found[$0].key.precedesByBytes(found[$1].key) }) {
      let (country, value) = found[place]
      guard CountryCode.isWellFormed(country) else {
        throw wrong("shop.tax.", country, "must end in an ISO 3166 alpha-2 code in capitals, such as DE")
      }
      guard let points = Int64(value), let rate = TaxRate(basisPoints: points) else {
        throw wrong("shop.tax.", country, "must be a rate in basis points, 0 to 10000 (1900 is 19 %)")
      }
      rates.append((country, rate))
    }
    guard !rates.isEmpty else { throw .missing("shop.tax.DE") }
    guard rates.count <= maximumTaxRates else { throw wrong("shop.tax", "", "has more than 300 countries") }
    return rates
  }

  private static func shippingMethods(
    _ settings: KeyedLines, _ currency: String
  ) throws(ConfigurationError) -> [ShippingMethod] {
    let found = settings.behind("shop.shipping.")
    var prices: [Int] = []
    for (id, value) in found {
      guard isMethodID(id) else {
        throw wrong("shop.shipping.", id, "must end in 1 to 32 small letters, digits or hyphens")
      }
      guard let price = Int(value), (0...Int(Money.maximumPrice)).contains(price) else {
        throw wrong("shop.shipping.", id, "must be a price in minor units (490 is 4.90)")
      }
      prices.append(price)
    }
    guard !found.isEmpty else { throw .missing("shop.shipping.standard") }
    guard found.count <= maximumShippingMethods else {
      throw wrong("shop.shipping", "", "has more than 20 methods")
    }
    var methods: [ShippingMethod] = []
    for place in Sorting.places(
      found.count,
      {
        prices[$0] == prices[$1] ? found[$0].key.precedesByBytes(found[$1].key) : prices[$0] < prices[$1]
      })
    {
      let id = found[place].key
      methods.append(
        ShippingMethod(
          id: id, name: settings["shop.shippingName." + id] ?? id.asciiCapitalized,
          price: Money(Int64(prices[place]), currency)))
    }
    return methods
  }

  @inline(never)
  private static func wrong(
    _ group: String, _ name: String, _ advice: StaticString
  ) -> ConfigurationError {
    .wrong(group + name, String(literal: advice))
  }

  private static func isMethodID(_ id: String) -> Bool {
    (1...32).contains(id.byteCount)
      && id.allBytes {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (48...57).contains($0) || $0 == 45
      }
  }
}

/// Country codes as addresses and tax rates use them.
public enum CountryCode {
  /// Whether `code` has the form of ISO 3166 alpha-2: two capital letters.
  public static func isWellFormed(_ code: String) -> Bool {
    code.byteCount == 2
      && code.allBytes { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
  }
}
