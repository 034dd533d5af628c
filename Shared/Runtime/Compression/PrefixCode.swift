// RFC 1951 §3.2.2 before changing this file.

/// A canonical Huffman code: of equal lengths, a greater symbol has the greater code, and shorter codes come before
/// longer ones. So the number of codes of each length, and the symbols in the order of their codes, say everything.
struct PrefixCode {
  /// How many codes have 1, 2, … 15 bits.
  private(set) var counts: [Int] = []
  /// As many as `counts` counts.
  private(set) var symbols: [Int] = []
  /// Whether there are no more codes of a length than there can be.
  private(set) var isPossible = true

  /// The code in which symbol `i` has `lengths[i]` bits, 0...15; 0: it does not occur.
  @inline(never)
  init(_ lengths: Span<UInt8>) {
    // Codes of a length that are left. Some may be left over: a code of one symbol has one bit.
    var left = 1
    for length in 1...15 {
      let shorter = symbols.count
      for symbol in lengths.indices where Int(lengths[symbol]) == length { symbols.append(symbol) }
      counts.append(symbols.count - shorter)
      left = left * 2 - counts[length - 1]
      if left < 0 { isPossible = false }
    }
  }

  /// §3.2.6.
  static var fixedLiterals: PrefixCode {
    var lengths = [UInt8](repeating: 8, count: 288)
    for symbol in 144..<256 { lengths[symbol] = 9 }
    for symbol in 256..<280 { lengths[symbol] = 7 }
    return PrefixCode(lengths.span)
  }

  static var fixedDistances: PrefixCode {
    let lengths = [UInt8](repeating: 5, count: 30)
    return PrefixCode(lengths.span)
  }
}
