import Bytes

/// Whether a string can be an e-mail address. Only a letter that arrives proves one, so this refuses what no
/// mail server would take and leaves the rest alone: quoted local parts and address literals, which nobody's
/// mailbox has, are refused; internationalised addresses (RFC 6531) pass.
public enum EmailAddress {
  /// Bytes at most (RFC 5321 §4.5.3.1.3, less the angle brackets).
  public static let maximumLength = 254
  /// Bytes before the `@` at most (RFC 5321 §4.5.3.1.1).
  public static let maximumLocalLength = 64
  /// Bytes between two dots of the domain at most (RFC 1035 §2.3.4).
  public static let maximumLabelLength = 63

  /// Whether `text` looks like an address: something, `@`, a domain with a dot.
  public static func isPlausible(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count <= maximumLength, let at = bytes.firstIndex(of: UInt8(ascii: "@")) else { return false }
    return isLocalPart(bytes[..<at]) && isDomain(bytes[(at + 1)...])
  }

  /// A dot-atom (RFC 5322 §3.2.3).
  private static func isLocalPart(_ local: ArraySlice<UInt8>) -> Bool {
    guard (1...maximumLocalLength).contains(local.count), local.first != dot, local.last != dot else {
      return false
    }
    var previous: UInt8 = 0
    for byte in local {
      if byte == dot && previous == dot { return false }
      guard byte == dot || byte >= 0x80 || isAtomText(byte) else { return false }
      previous = byte
    }
    return true
  }

  private static func isDomain(_ domain: ArraySlice<UInt8>) -> Bool {
    let labels = domain.split(separator: dot, omittingEmptySubsequences: false)
    guard labels.count >= 2 else { return false }
    for label in labels {
      guard (1...maximumLabelLength).contains(label.count), label.first != hyphen, label.last != hyphen,
        label.allSatisfy({ $0 >= 0x80 || $0 == hyphen || isLetterOrDigit($0) })
      else { return false }
    }
    // A top-level domain is not a number: 1.2.3.4 is no domain.
    return !labels[labels.count - 1].allSatisfy { (0x30...0x39).contains($0) }
  }

  private static let dot = UInt8(ascii: ".")
  private static let hyphen = UInt8(ascii: "-")

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39: true
    default: false
    }
  }

  private static func isAtomText(_ byte: UInt8) -> Bool {
    if isLetterOrDigit(byte) { return true }
    switch byte {
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
      UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), hyphen, UInt8(ascii: "/"), UInt8(ascii: "="),
      UInt8(ascii: "?"), UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "{"),
      UInt8(ascii: "|"), UInt8(ascii: "}"), UInt8(ascii: "~"):
      return true
    default: return false
    }
  }
}
