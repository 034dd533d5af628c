import Platform

/// 128 random bits that tell a disk from every other one.
public struct DiskID: Hashable, Sendable {
  let high: UInt64
  let low: UInt64

  init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A new one.
  public init(_ entropy: any Entropy) {
    var words: (UInt64, UInt64) = (0, 0)
    // Safe: any bits are a number, and the pointer is used only during the call.
    withUnsafeMutableBytes(of: &words) { entropy.fill($0) }
    high = words.0
    low = words.1
  }

  /// 32 hexadecimal digits.
  public var text: String {
    var digits: [UInt8] = []
    for word in [high, low] {
      for shift in stride(from: 60, through: 0, by: -4) {
        let digit = UInt8(word >> UInt64(shift) & 15)
        digits.append(digit < 10 ? 48 + digit : 87 + digit)
      }
    }
    return String(decoding: digits, as: UTF8.self)
  }
}
