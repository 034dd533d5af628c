import Shop
import Testing

@testable import SoukKit

@Suite struct PriceTextTests {
  @Test(arguments: [
    ("50", "EUR", 5000), ("9.99", "EUR", 999), ("0.1", "EUR", 10), ("0", "EUR", 0), (".5", "EUR", 50),
    ("5.", "EUR", 500),
    ("12.500", "EUR", 1250), ("1200", "JPY", 1200), ("1200.00", "JPY", 1200), ("1.234", "KWD", 1234),
    ("92233720368547758.07", "EUR", Int64.max), ("0007.10", "EUR", 710),
  ])
  func `prices are exact`(_ text: String, _ currency: String, _ amount: Int64) {
    #expect(PriceText.minorUnits(text, currency: currency) == .success(amount))
  }

  @Test(arguments: [
    "", ".", "-1", "+1", "1,50", "1,200.00", "1.2.3", "€5", "5 EUR", "1e3", "٣", "NaN", "0x1", "1 000",
  ])
  func `what is no price is refused`(_ text: String) {
    #expect(PriceText.minorUnits(text, currency: "EUR") == .failure(.malformed))
  }

  @Test func `too many decimals and too large amounts are refused`() {
    #expect(PriceText.minorUnits("9.999", currency: "EUR") == .failure(.tooFine))
    #expect(PriceText.minorUnits("9.5", currency: "JPY") == .failure(.tooFine))
    #expect(PriceText.minorUnits("92233720368547758.08", currency: "EUR") == .failure(.tooLarge))
    #expect(PriceText.minorUnits(String(repeating: "9", count: 1000), currency: "EUR") == .failure(.tooLarge))
  }

  @Test func `the importer and the shop agree on every currency's decimals`() {
    let letters = (UInt8(ascii: "A")...UInt8(ascii: "Z")).map { String(Unicode.Scalar($0)) }
    for first in letters {
      for second in letters {
        for third in letters {
          guard let digits = Currency.minorUnitDigits(of: first + second + third) else { continue }
          #expect(PriceText.decimals(of: first + second + third) == digits)
        }
      }
    }
  }
}
