// ISO 4217 (List One, 2024) before changing this file.

import Bytes

/// What ISO 4217 knows about a currency code.
public enum Currency {
  /// Codes whose minor unit is a hundredth, in alphabetical order, each followed by a space.
  private static let hundredths: StaticString = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF \
    CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF \
    IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR \
    MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD \
    SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER \
    ZAR ZMW ZWG 
    """
  /// Codes without a minor unit.
  private static let wholes: StaticString = """
    BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF 
    """
  /// Codes whose minor unit is a thousandth.
  private static let thousandths: StaticString = "BHD IQD JOD KWD LYD OMR TND "

  /// Digits behind the decimal point, or nil when ISO 4217 has no such (circulating) currency.
  public static func minorUnitDigits(of code: String) -> Int? {
    if contains(code, hundredths) { return 2 }
    if contains(code, wholes) { return 0 }
    return contains(code, thousandths) ? 3 : nil
  }

  /// Whether `code` is a circulating ISO 4217 currency, in capitals.
  public static func isKnown(_ code: String) -> Bool { minorUnitDigits(of: code) != nil }

  private static func contains(_ code: String, _ list: StaticString) -> Bool {
    let letters = Array(code.utf8)
    guard letters.count == 3, !letters.contains(32) else { return false }
    // A StaticString's bytes live as long as the program.
    let bytes = UnsafeBufferPointer(start: list.utf8Start, count: list.utf8CodeUnitCount)
    var index = 0
    while index + 2 < bytes.count {
      if bytes[index] == letters[0], bytes[index + 1] == letters[1], bytes[index + 2] == letters[2] {
        return true
      }
      index += 4
    }
    return false
  }
}
