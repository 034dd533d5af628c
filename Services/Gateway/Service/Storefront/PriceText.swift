import Bytes
import Shop

extension Money {
  /// The amount for people: `1,299.00 €`. Thousands are grouped, the symbol follows after a no-break space,
  /// and currencies without a symbol of their own show their code.
  var text: String {
    // Written from its end. 20 digits at most, and six commas.
    var digits = InlineArray<32, UInt8>(repeating: 0)
    var start = 32
    func put(_ byte: UInt8) {
      start -= 1
      digits[start] = byte
    }
    let decimalCount = Currency.minorUnitDigits(of: currency) ?? 2
    var rest = amount.magnitude
    // Of the next digit: how many stand behind it, those behind the point not counted.
    var place = -decimalCount
    while rest > 0 || place <= 0 {
      if place == 0 && decimalCount > 0 { put(UInt8(ascii: ".")) }
      if place > 0 && place % 3 == 0 { put(UInt8(ascii: ",")) }
      put(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
      place += 1
    }
    let number = String(utf8: digits.span.bytes.extracting(start..<32))
    return (amount < 0 ? "\u{2212}" : "") + number + "\u{a0}" + symbol
  }

  private var symbol: String {
    let symbols: [(code: StaticString, symbol: StaticString)] = [
      ("EUR", "€"), ("GBP", "£"), ("USD", "$"), ("JPY", "¥"),
    ]
    for (code, symbol) in symbols where String(literal: code) == currency { return String(literal: symbol) }
    return currency
  }
}

extension HTML.Interpolation {
  /// An amount of money for people.
  @inline(never)
  mutating func appendInterpolation(_ money: Money) { appendInterpolation(money.text) }
}
