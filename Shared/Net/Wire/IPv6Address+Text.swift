// RFC 4291 §2.2 before changing this file.

extension IPv6Address {
  /// Reads eight groups of hexadecimal digits with at most one `::`, such as `fe80::1`; nil when it is anything else.
  /// The form whose last groups are an IPv4 address is not read.
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
}
