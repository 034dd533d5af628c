// RFC 4291 §2.2 and RFC 5952 before changing this file.

import Bytes

extension IPv6Address: CustomStringConvertible {
  /// Reads eight groups of hexadecimal digits with at most one `::`, such as `fe80::1`; the last two groups may be
  /// written as an IPv4 address. Nil when it is anything else, such as an address with a zone.
  public init?(_ text: String) {
    let units = Array(text.utf8)
    let colon = UInt8(ascii: ":")
    var groups = InlineArray<8, UInt16>(repeating: 0)
    var count = 0
    var gap: Int?
    var digits = 0
    var value: UInt32 = 0
    var position = 0
    if units.isEmpty { return nil }
    if units.count > 1, units[0] == colon, units[1] == colon { (gap, position) = (0, 2) }
    while position < units.count {
      let unit = units[position]
      position += 1
      if let digit = Self.hexadecimal(unit) {
        digits += 1
        value = value << 4 | digit
        guard digits <= 4 else { return nil }
        continue
      }
      if unit == UInt8(ascii: ".") {
        // The group began an IPv4 address: all that is left of the text.
        guard count < 7, let last = IPv4Address(String(utf8: units[(position - 1 - digits)...])) else {
          return nil
        }
        groups[count] = UInt16(last.rawValue >> 16)
        count += 1
        (digits, value) = (1, last.rawValue & 0xffff)
        break
      }
      guard unit == colon, digits > 0, count < 8, position < units.count else { return nil }
      groups[count] = UInt16(value)
      count += 1
      (digits, value) = (0, 0)
      if units[position] == colon {
        guard gap == nil else { return nil }
        gap = count
        position += 1
      }
    }
    if digits > 0 {
      guard count < 8 else { return nil }
      groups[count] = UInt16(value)
      count += 1
    }
    // `::` stands for at least one group.
    guard gap == nil ? count == 8 : count < 8 else { return nil }
    var halves: (UInt64, UInt64) = (0, 0)
    for index in 0..<8 {
      let behind = count - 8 + index
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
    if let mapped { return "::ffff:" + mapped.description }
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
    let colon = UInt8(ascii: ":")
    var text = ByteBuffer()
    text.withFreeRoom(atLeast: 8 * 5) { room in
      for index in 0..<8 {
        if gap.contains(index) {
          if index == gap.lowerBound { room.append(bigEndian: UInt16(colon) << 8 | UInt16(colon)) }
          continue
        }
        if index > 0, index != gap.upperBound { room.append(colon) }
        var shift: UInt64 = 12
        while shift > 0, group(index) >> shift == 0 { shift -= 4 }
        for shift in stride(from: Int(shift), through: 0, by: -4) {
          let digit = UInt8(group(index) >> UInt64(shift) & 0xf)
          room.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
        }
      }
    }
    return String(utf8: text.bytes)
  }

  private func group(_ index: Int) -> UInt64 {
    (index < 4 ? high : low) >> UInt64(48 - index % 4 * 16) & 0xffff
  }
}
