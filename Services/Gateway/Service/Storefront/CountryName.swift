import Bytes

/// Names of countries for a list that people choose from.
enum CountryName {
  /// The name of an ISO 3166 alpha-2 code; the code itself when the shop has no name for it.
  @inline(never)
  static func of(_ code: String) -> String {
    // A StaticString's bytes live as long as the program.
    let text = UnsafeBufferPointer(start: names.utf8Start, count: names.utf8CodeUnitCount)
    let letters = Array(code.utf8)
    var start = 0
    while letters.count == 2, start < text.count {
      var end = start
      while text[end] != UInt8(ascii: ";") { end += 1 }
      if text[start] == letters[0], text[start + 1] == letters[1] {
        return String(utf8: Array(text[(start + 3)..<end]))
      }
      start = end + 1
    }
    return code
  }

  /// A code, a space, and the name, which ends with a semicolon.
  private static let names: StaticString = """
    AD Andorra;AE United Arab Emirates;AL Albania;AM Armenia;AR Argentina;AT Austria;AU Australia;AZ Azerbaijan;\
    BA Bosnia and Herzegovina;BE Belgium;BG Bulgaria;BR Brazil;CA Canada;CH Switzerland;CL Chile;CN China;\
    CO Colombia;CY Cyprus;CZ Czechia;DE Germany;DK Denmark;EE Estonia;EG Egypt;ES Spain;FI Finland;FR France;\
    GB United Kingdom;GE Georgia;GR Greece;HK Hong Kong;HR Croatia;HU Hungary;ID Indonesia;IE Ireland;IL Israel;\
    IN India;IS Iceland;IT Italy;JP Japan;KE Kenya;KR South Korea;LI Liechtenstein;LT Lithuania;LU Luxembourg;\
    LV Latvia;MA Morocco;MC Monaco;MD Moldova;ME Montenegro;MK North Macedonia;MT Malta;MX Mexico;MY Malaysia;\
    NL Netherlands;NO Norway;NZ New Zealand;PE Peru;PH Philippines;PL Poland;PT Portugal;RO Romania;RS Serbia;\
    SA Saudi Arabia;SE Sweden;SG Singapore;SI Slovenia;SK Slovakia;SM San Marino;TH Thailand;TN Tunisia;\
    TR Türkiye;TW Taiwan;UA Ukraine;US United States;VA Vatican City;VN Vietnam;XK Kosovo;ZA South Africa;
    """
}
