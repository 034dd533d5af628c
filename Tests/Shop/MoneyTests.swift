import JSON
import MachineTesting
import Shop
import Testing

struct MoneyTests {
  @Test func `amounts of one currency add up, and neither wrap nor mix`() throws {
    let (a, b) = (Money(1299, "EUR"), Money(-300, "EUR"))
    #expect(try a.adding(b) == Money(999, "EUR"))
    #expect(try a.subtracting(b) == Money(1599, "EUR"))
    #expect(try a.multiplied(by: 3) == Money(3897, "EUR"))
    #expect(throws: MoneyError.differentCurrencies) { try a.adding(Money(1, "USD")) }
    #expect(throws: MoneyError.overflow) { try Money(.max, "EUR").adding(Money(1, "EUR")) }
    #expect(throws: MoneyError.overflow) { try Money(.min, "EUR").subtracting(Money(1, "EUR")) }
    #expect(throws: MoneyError.overflow) { try Money(.max, "EUR").multiplied(by: 2) }
  }

  @Test func `a full cart at the highest price is an integer that JavaScript reads exactly`() {
    #expect(Money.maximumPrice * 999 * 100 < 1 << 53)
  }

  @Test(arguments: [
    (1299, "EUR", "12.99"), (5, "EUR", "0.05"), (-5, "EUR", "-0.05"), (100, "JPY", "100"),
    (1234, "KWD", "1.234"), (0, "USD", "0.00"), (Int64.min, "JPY", "-9223372036854775808"),
  ])
  func `an amount is written with its currency's decimals`(_ amount: Int64, _ code: String, _ text: String) {
    #expect(Money(amount, code).decimal == text)
  }

  @Test func `only ISO 4217's codes are currencies`() {
    for code in ["EUR", "USD", "JPY", "KWD", "AED", "ZWG", "BHD", "XPF", "BIF", "TND"] {
      #expect(Currency.isKnown(code), "\(code)")
    }
    for code in ["", "EU", "eur", "EURO", "XXX", "XAU", "R E", "   ", "ÄÖÜ", "D A"] {
      #expect(!Currency.isKnown(code), "\(code)")
    }
  }

  @Test func `money in JSON comes back as it went`() throws {
    var writer = JSONWriter()
    writer.object { $0.field("price", Money(-7, "EUR")) }
    #expect(String(decoding: writer.bytes, as: UTF8.self) == #"{"price":{"amount":-7,"currency":"EUR"}}"#)
    #expect(try Money(JSON.parse(writer.bytes)["price"]!) == Money(-7, "EUR"))
    for text in [
      "7", "{}", #"{"amount":1}"#, #"{"amount":1.5,"currency":"EUR"}"#, #"{"amount":1,"currency":"E"}"#,
    ] {
      #expect(try Money(JSON.parse(text)) == nil)
    }
  }
}

struct TaxTests {
  @Test(arguments: [
    (0, 10, 0), (5, 10, 0), (6, 10, 1), (15, 10, 2), (25, 10, 2), (35, 10, 4), (-5, 10, 0), (-15, 10, -2),
    (-25, 10, -2), (-6, 10, -1), (10, 3, 3), (11, 3, 4),
  ])
  func `halves go to the even neighbour`(_ numerator: Int, _ denominator: Int, _ result: Int) {
    #expect(Rounding.halfEven(Int128(numerator), over: Int128(denominator)) == Int128(result))
  }

  @Test func `tax on top and tax inside`() throws {
    let rate = try #require(TaxRate(basisPoints: 1900))
    #expect(rate.tax(onNet: 1000) == 190)
    #expect(rate.tax(inGross: 1190) == 190)
    #expect(rate.tax(onNet: 50) == 10)  // 9.5
    #expect(rate.tax(onNet: 150) == 28)  // 28.5
    #expect(rate.tax(of: Money(1190, "EUR"), included: true) == Money(190, "EUR"))
    #expect(rate.tax(onNet: .max) > 0)
    #expect(TaxRate(basisPoints: 0)?.tax(inGross: 12345) == 0)
    #expect(TaxRate(basisPoints: -1) == nil)
    #expect(TaxRate(basisPoints: 10_001) == nil)
  }

  @Test func `tax inside is what tax on top of the rest would be, within a cent, for random amounts`() {
    var random = SeededEntropy(seed: 4)
    for _ in 0..<2000 {
      let rate = TaxRate(basisPoints: .random(in: 0...10_000, using: &random))!
      let gross = Int64.random(in: 0...Money.maximumPrice * 999, using: &random)
      let tax = rate.tax(inGross: gross)
      #expect(abs(rate.tax(onNet: gross - tax) - tax) <= 1, "\(rate) \(gross)")
    }
  }
}
