import Bytes
import Platform

/// The shop's ids: 128 random bits as 22 characters of base64url (RFC 4648 §5) without padding.
///
/// Cart and order ids are bearer capabilities: whoever knows one may use it, so they are never logged.
public enum Identifier {
  /// Characters in an id.
  public static let length = 22

  private static let alphabet: StaticString =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

  /// A new id.
  public static func make(_ entropy: any Entropy) -> String {
    var bits: UInt128 = 0
    withUnsafeMutableBytes(of: &bits) { entropy.fill($0) }
    return text(of: bits)
  }

  /// The id that stands for these 128 bits, most significant first.
  public static func text(of bits: UInt128) -> String {
    var text: [UInt8] = []
    for index in 0..<length {
      // Six bits each; the last character carries two bits and four zeros.
      let shift = 122 - index * 6
      let six = shift >= 0 ? bits >> UInt128(shift) : bits << UInt128(-shift)
      text.append(alphabet.utf8Start[Int(truncatingIfNeeded: six & 63)])
    }
    return String(utf8: text)
  }

  /// Whether `text` could have come from `make`. A malformed id names nothing, so it is a 404 like an unknown one.
  public static func isWellFormed(_ text: String) -> Bool {
    var last: UInt8 = 0
    var count = 0
    let isText = text.allBytes { byte in
      last = byte
      count += 1
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        return count <= length
      default: return false
      }
    }
    guard isText, count == length else { return false }
    // Only two bits of the last character count.
    return last == UInt8(ascii: "A") || last == UInt8(ascii: "Q") || last == UInt8(ascii: "g")
      || last == UInt8(ascii: "w")
  }
}
