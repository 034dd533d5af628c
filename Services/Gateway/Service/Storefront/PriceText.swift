import Bytes
import Shop

extension Money {
  /// The amount for people: `1,299.00 €`. Thousands are grouped, the symbol follows after a no-break space,
  /// and currencies without a symbol of their own show their code.
  var text: String {
    let digits = Array(decimal.utf8)
    let wholeCount = digits.firstIndex(of: UInt8(ascii: ".")) ?? digits.count
    var grouped: [UInt8] = []
    for (index, digit) in digits.enumerated() where digit != UInt8(ascii: "-") {
      grouped.append(digit)
      let left = wholeCount - 1 - index
      if left > 0, left.isMultiple(of: 3) { grouped.append(UInt8(ascii: ",")) }
    }
    return (amount < 0 ? "\u{2212}" : "") + String(utf8: grouped) + "\u{a0}" + symbol
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
