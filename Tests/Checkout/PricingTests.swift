import Bytes
import CheckoutAPI
import Platform
import Shop
import Testing

@testable import Checkout

@Suite struct PricingTests {
  private func quote(
    _ items: [(price: Int64, quantity: Int)], shipping: Int64 = 490, basisPoints: Int64 = 1900, included: Bool
  ) throws -> Quote {
    try Pricing.quote(
      items.enumerated().map { index, item in
        WantedItem(
          productID: "p\(index)", sku: "s\(index)", name: "n\(index)", price: Money(item.price, "EUR"),
          quantity: item.quantity)
      },
      by: World().method(shipping), rate: TaxRate(basisPoints: basisPoints)!, taxIncluded: included,
      shortages: [], expiresAt: WallTime(secondsSinceEpoch: 0))
  }

  @Test func `tax comes on top when prices do not include it`() throws {
    let quote = try quote([(1299, 2), (250, 3)], included: false)
    #expect(quote.lines.map(\.lineTotal.amount) == [2598, 750])
    // 493.62, 142.5 (half to even), 93.1
    #expect(quote.lines.map(\.tax.amount) == [494, 142])
    #expect(quote.subtotal.amount == 3348)
    #expect(quote.tax.amount == 494 + 142 + 93)
    #expect(quote.total.amount == 3348 + 490 + 729)
  }

  @Test func `tax is contained when prices include it`() throws {
    let quote = try quote([(1190, 1), (119, 1)], shipping: 0, included: true)
    #expect(quote.lines.map(\.tax.amount) == [190, 19])
    #expect(quote.tax.amount == 209)
    #expect(quote.total.amount == 1309)
    #expect(quote.taxIncluded)
  }

  @Test(arguments: [(10, 1), (30, 2), (50, 2), (70, 4)] as [(Int64, Int64)])
  func `half a cent goes to the even neighbour`(price: Int64, tax: Int64) throws {
    // 5 %: 0.5, 1.5, 2.5, 3.5
    let expected = tax == 1 ? 0 : tax
    #expect(try quote([(price, 1)], shipping: 0, basisPoints: 500, included: false).tax.amount == expected)
  }

  @Test func `shipping is taxed as a line`() throws {
    let quote = try quote([], shipping: 490, included: false)
    #expect(quote.tax.amount == 93)
    #expect(quote.total.amount == 583)
  }

  @Test func `the total is always the sum of what is shown`() throws {
    var numbers = SeededNumbers(state: 42)
    for _ in 0..<2000 {
      let items = (0..<Int.random(in: 0...5, using: &numbers)).map { _ in
        (Int64.random(in: 0...100_000, using: &numbers), Int.random(in: 1...999, using: &numbers))
      }
      let included = Bool.random(using: &numbers)
      let quote = try quote(
        items, shipping: .random(in: 0...2000, using: &numbers),
        basisPoints: .random(in: 0...10_000, using: &numbers), included: included)
      let lines = quote.lines.reduce(0) { $0 + $1.lineTotal.amount }
      #expect(quote.subtotal.amount == lines)
      #expect(quote.total.amount == lines + quote.shipping.amount + (included ? 0 : quote.tax.amount))
      for line in quote.lines { #expect(line.tax.amount <= line.lineTotal.amount) }
    }
  }

  @Test func `the fullest cart of the dearest products adds up exactly`() throws {
    let items = Array(repeating: (Money.maximumPrice, 999), count: 100)
    let quote = try quote(items, shipping: Money.maximumPrice, basisPoints: 10_000, included: false)
    #expect(quote.total.amount == 2 * (99_900 * Money.maximumPrice + Money.maximumPrice))
  }

  @Test func `a quote reads back what it wrote`() throws {
    var quote = try quote([(1299, 2)], included: false)
    quote.shortages = [LineShortage(productID: "p0", wanted: 2, available: 1)]
    var writer = JSONText()
    #expect(Quote(writer.read { quote.write(to: &$0) }) == quote)
  }
}

extension World {
  func method(_ price: Int64) -> ShopConfiguration.ShippingMethod {
    let settings: KeyedLines = [
      "shop.currency": "EUR", "shop.tax.DE": "1900", "shop.shipping.standard": String(price),
    ]
    return try! ShopConfiguration(settings: settings).shippingMethods[0]
  }
}
