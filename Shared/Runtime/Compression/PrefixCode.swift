// RFC 1951 §3.2.2 before changing this file.

/// A canonical Huffman code: of equal lengths, a greater symbol has the greater code, and shorter codes come before
/// longer ones. So the number of codes of each length, and the symbols in the order of their codes, say everything.
struct PrefixCode {
  private static let maximumLength = 15
  /// By length; none has length 0.
  private var counts = InlineArray<16, UInt16>(repeating: 0)
  private var symbols: [UInt16] = []

  /// The code in which symbol `i` has `lengths[i]` bits, 0...15; 0: it does not occur.
  init(_ lengths: ArraySlice<UInt8>) throws(GzipError) {
    for length in 1...Self.maximumLength {
      for (symbol, candidate) in lengths.enumerated() where Int(candidate) == length {
        symbols.append(UInt16(symbol))
        counts[length] += 1
      }
    }
    // Codes of a length that are left: never fewer than none. Some may be left over: a code of one symbol has one bit.
    var left = 1
    for length in 1...Self.maximumLength {
      left = left * 2 - Int(counts[length])
      guard left >= 0 else { throw .damaged }
    }
  }

  /// §3.2.6.
  static var fixedLiterals: PrefixCode {
    get throws(GzipError) {
      var lengths = [UInt8](repeating: 8, count: 288)
      for symbol in 144..<256 { lengths[symbol] = 9 }
      for symbol in 256..<280 { lengths[symbol] = 7 }
      return try PrefixCode(lengths[...])
    }
  }

  static var fixedDistances: PrefixCode {
    get throws(GzipError) { try PrefixCode([UInt8](repeating: 5, count: 30)[...]) }
  }

  /// How far a code was read.
  struct Search {
    fileprivate var length = 0
    /// What was read, less the first code of its length.
    fileprivate var code = 0
    /// Symbols with shorter codes.
    fileprivate var shorter = 0
  }

  /// The symbol whose code ends with `bit`; nil when it is longer. Throws when no code begins so.
  func symbol(at search: inout Search, _ bit: Int) throws(GzipError) -> Int? {
    guard search.length < Self.maximumLength else { throw .damaged }
    search.length += 1
    search.code = search.code * 2 + bit
    let count = Int(counts[search.length])
    if search.code < count { return Int(symbols[search.shorter + search.code]) }
    search.code -= count
    search.shorter += count
    return nil
  }
}
