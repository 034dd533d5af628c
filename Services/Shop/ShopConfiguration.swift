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
    var rates: [(country: String, rate: TaxRate)] = []
    for (country, value) in settings.behind("shop.tax.") {
      guard CountryCode.isWellFormed(country) else {
        throw .wrong("shop.tax." + country, "must end in an ISO 3166 alpha-2 code in capitals, such as DE")
      }
      guard let points = Int64(value), let rate = TaxRate(basisPoints: points) else {
        throw .wrong("shop.tax." + country, "must be a rate in basis points, 0 to 10000 (1900 is 19 %)")
      }
      rates.append((country, rate))
    }
    guard !rates.isEmpty else { throw .missing("shop.tax.DE") }
    guard rates.count <= maximumTaxRates else { throw .wrong("shop.tax", "has more than 300 countries") }
    return rates.ordered { $0.country.precedesByBytes($1.country) }
  }

  private static func shippingMethods(
    _ settings: KeyedLines, _ currency: String
  ) throws(ConfigurationError) -> [ShippingMethod] {
    var methods: [ShippingMethod] = []
    for (id, value) in settings.behind("shop.shipping.") {
      guard isMethodID(id) else {
        throw .wrong("shop.shipping." + id, "must end in 1 to 32 small letters, digits or hyphens")
      }
      guard let price = Int64(value), (0...Money.maximumPrice).contains(price) else {
        throw .wrong("shop.shipping." + id, "must be a price in minor units (490 is 4.90)")
      }
      let name = settings["shop.shippingName." + id] ?? id.asciiCapitalized
      methods.append(ShippingMethod(id: id, name: name, price: Money(price, currency)))
    }
    guard !methods.isEmpty else { throw .missing("shop.shipping.standard") }
    guard methods.count <= maximumShippingMethods else {
      throw .wrong("shop.shipping", "has more than 20 methods")
    }
    return methods.ordered {
      let (left, right) = ($0.price.amount, $1.price.amount)
      return left == right ? $0.id.precedesByBytes($1.id) : left < right
    }
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
