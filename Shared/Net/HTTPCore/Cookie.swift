import Bytes

// RFC 6265 §4.2 and §5.4 before changing this file.

/// Reads Cookie fields: `name=value; name=value`.
public enum Cookie {
  /// The most pairs looked at in one field.
  public static let maximumPairCount = 128

  /// The pairs in order, values without quotes around them. A pair without `=`, with a name that is no token,
  /// or with a byte that no cookie value may hold is skipped: others set cookies too, and theirs are no
  /// reason to refuse.
  public static func parse(_ value: String) -> [(name: String, value: String)] {
    value.withBytes { input in
      var pairs: [(name: String, value: String)] = []
      var index = 0
      let count = input.byteCount
      var seen = 0
      while index < count, seen < maximumPairCount {
        seen += 1
        var end = index
        while end < count, input.byte(end) != ASCII.semicolon { end += 1 }
        let pair = input.trimmed(index..<end)
        if let (name, value) = split(input, pair) { pairs.append((input.string(name), input.string(value))) }
        index = end + 1
      }
      return pairs
    }
  }

  /// The first value under `name`.
  public static func value(_ name: String, in field: String) -> String? {
    for pair in parse(field) where pair.name == name { return pair.value }
    return nil
  }

  private static func split(_ input: RawSpan, _ pair: Range<Int>) -> (Range<Int>, Range<Int>)? {
    let nameEnd = input.run(of: ByteClass.token, from: pair.lowerBound, to: pair.upperBound)
    guard nameEnd > pair.lowerBound, nameEnd < pair.upperBound, input.byte(nameEnd) == ASCII.equals else {
      return nil
    }
    var value = nameEnd + 1..<pair.upperBound
    if value.count >= 2, input.byte(value.lowerBound) == ASCII.quote,
      input.byte(value.upperBound - 1) == ASCII.quote
    {
      value = value.lowerBound + 1..<value.upperBound - 1
    }
    for index in value {
      let byte = input.byte(index)
      // cookie-octet.
      guard byte > 0x20, byte < 0x7f, byte != ASCII.quote, byte != ASCII.comma, byte != ASCII.backslash
      else { return nil }
    }
    return (pair.lowerBound..<nameEnd, value)
  }
}
