// IEEE 802-2014 §8 before changing this file.

import Bytes

/// The 48-bit address of a network interface.
public struct EthernetAddress: Hashable, Sendable, CustomStringConvertible {
  /// The address in the low 48 bits, its first byte highest.
  public let rawValue: UInt64

  /// An address from its number. Traps beyond 48 bits.
  public init(rawValue: UInt64) {
    precondition(rawValue >> 48 == 0)
    self.rawValue = rawValue
  }

  /// An address from its bytes in order.
  public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, _ e: UInt8, _ f: UInt8) {
    let high = UInt64(a) << 40 | UInt64(b) << 32 | UInt64(c) << 24
    rawValue = high | UInt64(d) << 16 | UInt64(e) << 8 | UInt64(f)
  }

  init(_ bytes: RawSpan, at offset: Int) {
    rawValue = UInt64(bytes.bigEndian16(at: offset)) << 32 | UInt64(bytes.bigEndian32(at: offset + 2))
  }

  /// `aa:bb:cc:dd:ee:ff` in either case; nil for anything else.
  public init?(_ text: String) {
    var value: UInt64 = 0
    var digits = 0
    for (index, unit) in Array(text.utf8).enumerated() {
      if index % 3 == 2 {
        guard unit == UInt8(ascii: ":") else { return nil }
        continue
      }
      let digit: UInt8
      switch unit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = unit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = unit - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = unit - UInt8(ascii: "A") + 10
      default: return nil
      }
      guard digits < 12 else { return nil }
      value = value << 4 | UInt64(digit)
      digits += 1
    }
    guard digits == 12 && text.utf8.count == 17 else { return nil }
    rawValue = value
  }

  /// Everybody on the link.
  public static let broadcast = EthernetAddress(rawValue: 0xffff_ffff_ffff)
  /// No address: what ARP asks with.
  public static let zero = EthernetAddress(rawValue: 0)

  /// Whether a group is meant: the first byte's lowest bit. Broadcast is one of them.
  public var isMulticast: Bool { rawValue >> 40 & 1 == 1 }
  /// Whether everybody is meant.
  public var isBroadcast: Bool { self == .broadcast }
  /// Whether an interface can have it: neither a group nor zero.
  public var isUnicast: Bool { !isMulticast && rawValue != 0 }

  /// `aa:bb:cc:dd:ee:ff`.
  public var description: String {
    var text = ""
    for index in 0..<6 {
      let byte = rawValue >> UInt64(40 - 8 * index) & 0xff
      if index > 0 { text += ":" }
      text += String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }
    return text
  }

  @_lifetime(output: copy output)
  func write(into output: inout OutputRawSpan) {
    output.append(bigEndian: UInt16(truncatingIfNeeded: rawValue >> 32))
    output.append(bigEndian: UInt32(truncatingIfNeeded: rawValue))
  }
}
