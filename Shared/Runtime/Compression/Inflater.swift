// RFC 1951 (DEFLATE 1.3) before changing this file.

/// Reads a compressed stream, block by block. It is made for few texts of some ten thousand bytes: small rather than
/// quick, about 12 instructions for a bit of the stream.
struct Inflater: ~Escapable {
  private(set) var output: [UInt8] = []
  private let limit: Int
  private let input: Span<UInt8>
  private var offset = 0
  /// Bits of the last byte read that wait, lowest first.
  private var held: UInt32 = 0
  private var heldCount = 0

  /// `output` will not grow beyond `limit` bytes.
  @_lifetime(copy input)
  init(_ input: Span<UInt8>, limit: Int) {
    self.input = input
    self.limit = limit
  }

  /// Reads all blocks. Bytes behind the last one are ignored.
  mutating func run() throws(GzipError) {
    var isLast = false
    while !isLast {
      isLast = try bits(1) == 1
      switch try bits(2) {
      case 0: try copyStored()
      case 1: try inflate(.fixedLiterals, .fixedDistances)
      case 2: try inflateDynamic()
      default: throw .damaged
      }
    }
  }

  // MARK: Blocks

  /// §3.2.4: the rest of the byte is skipped, then come the length, its complement, and as many bytes.
  private mutating func copyStored() throws(GzipError) {
    held = 0
    heldCount = 0
    let count = try bits(16)
    guard try bits(16) == count ^ 0xffff else { throw .damaged }
    for _ in 0..<count { try append(UInt8(try bits(8))) }
  }

  /// §3.2.5: literals, and copies of what was there before.
  private mutating func inflate(_ literals: PrefixCode, _ distances: PrefixCode) throws(GzipError) {
    while true {
      let symbol = try symbol(of: literals)
      if symbol < 256 {
        try append(UInt8(symbol))
      } else if symbol == 256 {
        return
      } else {
        let length = try length(symbol - 257)
        try copy(length, from: try distance(try self.symbol(of: distances)))
      }
    }
  }

  /// Lengths 3...258: four symbols for each number of extra bits, eight for none, and one for the longest.
  private mutating func length(_ symbol: Int) throws(GzipError) -> Int {
    if symbol < 8 { return 3 + symbol }
    if symbol == 28 { return 258 }
    guard symbol < 28 else { throw .damaged }
    let extra = symbol / 4 - 1
    return 3 + (4 + symbol % 4) << extra + (try bits(extra))
  }

  /// Distances 1...32768: two symbols for each number of extra bits, four for none.
  private mutating func distance(_ symbol: Int) throws(GzipError) -> Int {
    if symbol < 4 { return 1 + symbol }
    guard symbol < 30 else { throw .damaged }
    let extra = symbol / 2 - 1
    return 1 + (2 + symbol % 2) << extra + (try bits(extra))
  }

  /// §3.2.7: the lengths of the codes' codes, then those of both codes, run by run.
  private mutating func inflateDynamic() throws(GzipError) {
    let literalCount = 257 + (try bits(5))
    let count = literalCount + 1 + (try bits(5))
    let lengthCount = 4 + (try bits(4))
    let order: InlineArray<19, UInt8> = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    var lengths = [UInt8](repeating: 0, count: 19)
    for index in 0..<lengthCount { lengths[Int(order[index])] = UInt8(try bits(3)) }
    let code = try PrefixCode(lengths[...])

    lengths = []
    while lengths.count < count {
      let symbol = try symbol(of: code)
      var run = 1
      var length = UInt8(truncatingIfNeeded: symbol)
      switch symbol {
      case 16:
        guard let last = lengths.last else { throw .damaged }
        length = last
        run = 3 + (try bits(2))
      case 17:
        length = 0
        run = 3 + (try bits(3))
      case 18:
        length = 0
        run = 11 + (try bits(7))
      default: break
      }
      for _ in 0..<run { lengths.append(length) }
    }
    guard lengths.count == count else { throw .damaged }
    try inflate(try PrefixCode(lengths[..<literalCount]), try PrefixCode(lengths[literalCount...]))
  }

  // MARK: Bytes and bits

  private mutating func append(_ byte: UInt8) throws(GzipError) {
    guard output.count < limit else { throw .tooLarge }
    output.append(byte)
  }

  /// The copy may overlap what it makes (§2.3).
  private mutating func copy(_ count: Int, from distance: Int) throws(GzipError) {
    guard distance <= output.count else { throw .damaged }
    for _ in 0..<count { try append(output[output.count - distance]) }
  }

  /// The number in the next `count` bits, 16 at most: lowest first (§3.1.1).
  private mutating func bits(_ count: Int) throws(GzipError) -> Int {
    while heldCount < count {
      guard offset < input.count else { throw .truncated }
      held |= UInt32(input[offset]) << UInt32(heldCount)
      heldCount += 8
      offset += 1
    }
    let number = held & (1 << UInt32(count) - 1)
    held >>= UInt32(count)
    heldCount -= count
    return Int(number)
  }

  /// The symbol whose code comes next, highest bit first.
  private mutating func symbol(of code: PrefixCode) throws(GzipError) -> Int {
    var search = PrefixCode.Search()
    while true {
      let bit = try bits(1)
      if let symbol = try code.symbol(at: &search, bit) { return symbol }
    }
  }
}
