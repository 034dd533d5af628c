import Bytes
import Shop

extension Money {
  /// The amount for people: `1,299.00 €`. Thousands are grouped, the symbol follows after a no-break space,
  /// and currencies without a symbol of their own show their code.
  var text: String {
    var digits = Array(decimal.utf8)
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative { digits.removeFirst() }
    let wholeCount = digits.firstIndex(of: UInt8(ascii: ".")) ?? digits.count
    var grouped: [UInt8] = []
    for (index, digit) in digits.enumerated() {
      if index > 0, index < wholeCount, (wholeCount - index).isMultiple(of: 3) {
        grouped.append(UInt8(ascii: ","))
      }
      grouped.append(digit)
    }
    return (isNegative ? "\u{2212}" : "") + String(utf8: grouped) + "\u{a0}" + symbol
  }

  private var symbol: String {
    switch currency {
    case "EUR": "€"
    case "GBP": "£"
    case "USD": "$"
    case "JPY": "¥"
    default: currency
    }
  }
}
