/// deploy/shop.yaml: what the owner of a shop decides.
struct Manifest: Equatable {
  struct TaxRate: Equatable {
    /// ISO 3166 alpha-2.
    var country: String
    /// Hundredths of a percent.
    var basisPoints: Int
  }

  struct ShippingMethod: Equatable {
    var id: String
    var priceMinor: Int
  }

  var name = "Souk"
  var currency = "EUR"
  var taxIncluded = false
  var taxRates: [TaxRate] = []
  var shippingMethods: [ShippingMethod] = []
  var logLevel = "info"
  var logFormat = "logfmt"
  var xen = Xen()

  /// Currencies with two decimals, which is what a price in the manifest is written in.
  static let currencies = [
    "EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "RON", "CAD", "AUD",
  ]
  static let logLevels = ["debug", "info", "warning", "error"]
  static let logFormats = ["logfmt", "json"]
  static let maximumByteCount = 1 << 20
  static let maximumTaxRateCount = 250
  static let maximumShippingMethodCount = 20
  static let maximumNameLength = 80
}
