// RFC 1123 §2.1, RFC 6761 §6.3 and §6.4 before changing this file.

import Bytes
import Platform
import Wire

/// A question: a host's name, in lower case and without the last dot, and the kind of address. Two questions are the
/// same when a server would answer the same.
struct DNSHostName: Hashable, Sendable {
  let text: String
  let type: DNSType

  /// Nil for what is no host's name: `_` is allowed besides letters, digits and `-`; a last label of digits only is
  /// not (it would be a mistyped address).
  init?(_ name: String, _ type: DNSType) {
    guard DNSName.isWritable(name) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(name.utf8.count)
    var isMoreThanDigits = false
    for unit in name.utf8 {
      switch unit {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"):
        isMoreThanDigits = true
        bytes.append(unit | 0x20)
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        isMoreThanDigits = true
        bytes.append(unit)
      case UInt8(ascii: "0")...UInt8(ascii: "9"): bytes.append(unit)
      case UInt8(ascii: "."):
        // Only the last label decides.
        if bytes.count + 1 < name.utf8.count { isMoreThanDigits = false }
        bytes.append(unit)
      default: return nil
      }
    }
    if bytes.last == UInt8(ascii: ".") { bytes.removeLast() }
    guard isMoreThanDigits else { return nil }
    text = String(utf8: bytes)
    self.type = type
  }

  /// By its bytes: they are ASCII's.
  func hash(into hasher: inout Hasher) {
    // Safe: the pointer is used only while it is lent.
    text.withBytes { $0.withUnsafeBytes { hasher.combine(bytes: $0) } }
    hasher.combine(type)
  }

  /// Whether it stands before `other` by its name, then by its type.
  func precedes(_ other: DNSHostName) -> Bool {
    text == other.text ? type.rawValue < other.type.rawValue : text.precedesByBytes(other.text)
  }

  /// What is known without asking: `localhost` and names below it are this machine (RFC 6761 §6.3), `invalid` does
  /// not exist (§6.4). Nil for all others.
  var knownOutcome: Result<[IPAddress], DNSFailure>? {
    if isWithin("invalid") { return .failure(.noSuchName) }
    guard isWithin("localhost") else { return nil }
    switch type {
    case .a: return .success([.loopback])
    case .aaaa: return .success([.v6(0, 1)])
    default: return .failure(.noAddress)
    }
  }

  private func isWithin(_ zone: String) -> Bool { DNSHostName.isName(text, within: zone) }

  /// Whether `name` is `zone` or below it; both as `DNSName.text` writes them.
  static func isName(_ name: String, within zone: String) -> Bool {
    if zone == "." || name == zone { return true }
    let (name, zone) = (name.utf8, zone.utf8)
    guard name.count > zone.count, name.suffix(zone.count).elementsEqual(zone) else { return false }
    return name.dropLast(zone.count).last == UInt8(ascii: ".")
  }

  /// The name with the case of each letter by a bit of `numbers`: what a forger must guess besides port and id
  /// (draft-vixie-dnsext-dns0x20-00).
  func mixedCase(_ numbers: inout KeyedNumbers) -> String {
    var bits: UInt64 = 0
    var left = 0
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    for unit in text.utf8 {
      if left == 0 { (bits, left) = (numbers.next(), 64) }
      let isLetter = unit >= UInt8(ascii: "a") && unit <= UInt8(ascii: "z")
      bytes.append(isLetter && bits & 1 == 1 ? unit ^ 0x20 : unit)
      bits >>= 1
      left -= 1
    }
    return String(utf8: bytes)
  }
}
