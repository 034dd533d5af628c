// RFC 4291 §2.2 and RFC 5952 before changing this file.

extension IPv6Address: CustomStringConvertible {
  /// Reads eight groups of hexadecimal digits with at most one `::`, such as `fe80::1`; the last two groups may be
  /// written as an IPv4 address. Nil when it is anything else, such as an address with a zone.
  public init?(_ text: String) {
    var groups: [UInt16] = []
    var gap: Int?
    var digits = 0
    var value: UInt32 = 0
    var units = Array(text.utf8)[...]
    if units.starts(with: "::".utf8) {
      gap = 0
      units = units.dropFirst(2)
    } else if units.isEmpty {
      return nil
    }
    while let unit = units.popFirst() {
      if let digit = Self.hexadecimal(unit) {
        digits += 1
        value = value << 4 | digit
        guard digits <= 4 else { return nil }
        continue
      }
      if unit == UInt8(ascii: ".") {
        // The group began an IPv4 address: all that is left of the text.
        let length = digits + 1 + units.count
        guard groups.count < 7,
          let last = IPv4Address(String(decoding: Array(text.utf8).suffix(length), as: UTF8.self))
        else { return nil }
        groups.append(UInt16(last.rawValue >> 16))
        (digits, value, units) = (1, last.rawValue & 0xffff, [])
        break
      }
      guard unit == UInt8(ascii: ":"), digits > 0, groups.count < 8, !units.isEmpty else { return nil }
      groups.append(UInt16(value))
      (digits, value) = (0, 0)
      if units.first == UInt8(ascii: ":") {
        guard gap == nil else { return nil }
        gap = groups.count
        units.removeFirst()
      }
    }
    if digits > 0 { groups.append(UInt16(value)) }
    // `::` stands for at least one group.
    guard gap == nil ? groups.count == 8 : groups.count < 8 else { return nil }
    var halves: (UInt64, UInt64) = (0, 0)
    for index in 0..<8 {
      let behind = groups.count - 8 + index
      let isBefore = index < gap ?? 8
      let group = isBefore ? groups[index] : (behind >= gap! ? groups[behind] : 0)
      halves = (halves.0 << 16 | halves.1 >> 48, halves.1 << 16 | UInt64(group))
    }
    self.init(high: halves.0, low: halves.1)
  }

  private static func hexadecimal(_ unit: UInt8) -> UInt32? {
    switch unit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(unit - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(unit - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(unit - UInt8(ascii: "A") + 10)
    default: nil
    }
  }

  /// The one text of the address (RFC 5952 §4): `2001:db8::1`; a mapped form ends as IPv4, `::ffff:192.0.2.1`.
  public var description: String {
    if let mapped { return "::ffff:\(mapped)" }
    // The first of the longest runs of two zero groups or more is left out.
    var gap = 0..<0
    var start = 0
    for index in 0..<8 {
      if group(index) != 0 {
        start = index + 1
      } else if index + 1 - start > max(gap.count, 1) {
        gap = start..<index + 1
      }
    }
    var text = ""
    for index in 0..<8 where !gap.contains(index) {
      if index > 0 && (index != gap.upperBound || gap.isEmpty) { text += ":" }
      text += String(group(index), radix: 16)
      if index + 1 == gap.lowerBound && !gap.isEmpty { text += "::" }
    }
    return gap.lowerBound == 0 && !gap.isEmpty ? "::" + text : text
  }

  private func group(_ index: Int) -> UInt64 {
    (index < 4 ? high : low) >> UInt64(48 - index % 4 * 16) & 0xffff
  }
}
