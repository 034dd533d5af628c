import Testing

@testable import SoukKit

@Suite struct ManifestTests {
  static let whole = """
    shop:
      name: Corner
      currency: EUR
      taxIncluded: true
    tax:
      DE: 19
      CH: 8.1
      NO: 0
      FI: 25.55
    shipping:
      standard: 4.90
      pickup: 0
    """

  private func failure(_ text: String) -> String {
    do throws(Failure) {
      _ = try Manifest.parse(text, file: "shop.yaml")
      return "no failure"
    } catch {
      return error.message
    }
  }

  @Test func `the shipped manifest is what the contract promises`() throws {
    let manifest = try Manifest.read(Checkout.manifest)
    #expect(manifest.currency == "EUR")
    #expect(!manifest.taxIncluded)
    #expect(manifest.shippingMethods.map(\.id) == ["standard", "express", "pickup"])
    #expect(manifest.taxRates.first { $0.country == "DE" }?.basisPoints == 1900)
    #expect(manifest.taxRates.count >= 27)
  }

  @Test func `percentages and prices are read exactly`() throws {
    let manifest = try Manifest.parse(Self.whole, file: "shop.yaml")
    #expect(manifest.name == "Corner")
    #expect(manifest.taxIncluded)
    #expect(manifest.taxRates.map(\.country) == ["DE", "CH", "NO", "FI"])
    #expect(manifest.taxRates.map(\.basisPoints) == [1900, 810, 0, 2555])
    #expect(manifest.shippingMethods.map(\.priceMinor) == [490, 0])
    #expect(manifest.logLevel == "info")
  }

  @Test(arguments: [
    ("currency: EUR", "curency: EUR", "shop.yaml:3:3: unknown key `shop.curency`"),
    ("currency: EUR", "currency: BTC", "shop.yaml:3:3: `shop.currency` must be one of EUR"),
    (
      "taxIncluded: true", "taxIncluded: maybe",
      "shop.yaml:4:3: `shop.taxIncluded` must be one of true, false"
    ),
    ("DE: 19", "DE: 19.123", "shop.yaml:6:3: `tax.DE` must be a percentage"),
    ("DE: 19", "DE: 101", "shop.yaml:6:3: `tax.DE` must be a percentage"),
    ("DE: 19", "DE: -1", "shop.yaml:6:3: `tax.DE` must be a percentage"),
    ("DE: 19", "DE: [19]", "shop.yaml:6:3: `tax.DE` must be a percentage"),
    ("DE: 19", "Germany: 19", "shop.yaml:6:3: `tax.Germany` is not a country"),
    ("DE: 19", "CH: 19", "stands twice"),
    ("pickup: 0", "Pick Up: 0", "shop.yaml:12:3: `shipping.Pick Up` is not a method's name"),
    ("pickup: 0", "pickup: free", "shop.yaml:12:3: `shipping.pickup` must be a price"),
    ("pickup: 0", "pickup: 0\nlog: {level: loud}", "`log.level` must be one of debug"),
    ("pickup: 0", "pickup: 0\nextra: 1", "shop.yaml:13:1: unknown key `extra`"),
    ("shop:", "shop: [", "this is not YAML"),
  ])
  func `a mistake is named with its line and what to do`(_ old: String, _ new: String, _ message: String) {
    let text = Self.whole.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
      .joined(separator: new)
    #expect(failure(text).contains(message), "\(failure(text))")
  }

  @Test func `what is missing is named`() {
    #expect(failure("").contains("the manifest is empty"))
    #expect(failure("- a").contains("must hold `key: value` lines"))
    #expect(failure("shop:\n  name: A\n  currency: EUR").contains("`shop` lacks the key `taxIncluded`"))
    #expect(failure("tax: {DE: 1}").contains("the manifest lacks the key `shop`"))
  }

  @Test func `more shipping methods than the services take are refused`() {
    let methods = (0...Manifest.maximumShippingMethodCount).map { "  m\($0): 1\n" }.joined()
    let text = "shop: {name: A, currency: EUR, taxIncluded: false}\ntax: {DE: 1}\nshipping:\n" + methods
    #expect(failure(text).contains("needs 1 to \(Manifest.maximumShippingMethodCount) methods"))
  }
}
