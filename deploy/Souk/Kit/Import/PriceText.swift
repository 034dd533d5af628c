/// Reads prices as product files write them, exactly: never through a `Double`.
enum PriceText {
  enum Reason: String, Error {
    case malformed = "is no number: write it like 12.50"
    case tooFine = "has more decimals than the currency"
    case tooLarge = "is too large"
  }

  /// `12.5` in EUR is 1250. Digits with at most one point; decimals beyond the currency's must be zeros.
  static func minorUnits(_ text: String, currency: String) -> Result<Int64, Reason> {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let whole = parts[0].utf8
    let fraction = parts.count == 2 ? Array(parts[1].utf8) : []
    guard !whole.isEmpty || !fraction.isEmpty, (Array(whole) + fraction).allSatisfy({ 48...57 ~= $0 }) else {
      return .failure(.malformed)
    }
    let digits = decimals(of: currency)
    guard fraction.dropFirst(digits).allSatisfy({ $0 == 48 }) else { return .failure(.tooFine) }
    var amount: Int64 = 0
    let kept = fraction.prefix(digits)
    for digit in Array(whole) + kept + [UInt8](repeating: 48, count: digits - kept.count) {
      let (tenfold, first) = amount.multipliedReportingOverflow(by: 10)
      let (sum, second) = tenfold.addingReportingOverflow(Int64(digit - 48))
      guard !first && !second else { return .failure(.tooLarge) }
      amount = sum
    }
    return .success(amount)
  }

  /// ISO 4217's minor unit, as `Shop.Currency` has it; a test compares them.
  static func decimals(of currency: String) -> Int {
    switch currency {
    case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF",
      "XOF", "XPF":
      0
    case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND": 3
    default: 2
    }
  }
}
