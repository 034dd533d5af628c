// RFC 1951 (DEFLATE 1.3) before changing this file.

/// Reads a compressed stream, block by block. It is made for few texts of some ten thousand bytes: small rather than
/// quick, about 12 instructions for a bit of the stream.
///
/// What is wrong with the stream is remembered and asked for once, as it may be wrong at every bit.
struct Inflater: ~Escapable {
  private(set) var output: [UInt8] = []
  /// What was wrong first. From then on what is read and what is put out mean nothing.
  private(set) var failure: GzipError?
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
  mutating func run() {
    var isLast = false
    while !isLast, failure == nil {
      isLast = bits(1) == 1
      switch bits(2) {
      case 0: copyStored()
      case 1: inflate(.fixedLiterals, .fixedDistances)
      case 2: inflateDynamic()
      default: fail(.damaged)
      }
    }
  }

  // MARK: Blocks

  /// §3.2.4: the rest of the byte is skipped, then come the length, its complement, and as many bytes.
  private mutating func copyStored() {
    held = 0
    heldCount = 0
    let count = bits(16)
    guard bits(16) == count ^ 0xffff else { return fail(.damaged) }
    for _ in 0..<count { append(UInt8(bits(8))) }
  }

  /// §3.2.5: literals, and copies of what was there before.
  @inline(never)
  private mutating func inflate(_ literals: PrefixCode, _ distances: PrefixCode) {
    guard literals.isPossible, distances.isPossible else { return fail(.damaged) }
    while failure == nil {
      let symbol = symbol(of: literals)
      if symbol < 256 {
        append(UInt8(symbol))
      } else if symbol == 256 {
        return
      } else {
        let length = length(symbol - 257)
        copy(length, from: distance(self.symbol(of: distances)))
      }
    }
  }

  /// Lengths 3...258: four symbols for each number of extra bits, eight for none, and one for the longest.
  private mutating func length(_ symbol: Int) -> Int {
    if symbol < 8 { return 3 + symbol }
    guard symbol < 28 else {
      if symbol > 28 { fail(.damaged) }
      return 258
    }
    let extra = symbol / 4 - 1
    return 3 + (4 + symbol % 4) << extra + bits(extra)
  }

  /// Distances 1...32768: two symbols for each number of extra bits, four for none. What is no distance is beyond them
  /// all.
  private mutating func distance(_ symbol: Int) -> Int {
    if symbol < 4 { return 1 + symbol }
    guard symbol < 30 else { return .max }
    let extra = symbol / 2 - 1
    return 1 + (2 + symbol % 2) << extra + bits(extra)
  }

  /// §3.2.7: the lengths of the codes' codes, then those of both codes, run by run.
  private mutating func inflateDynamic() {
    let literalCount = 257 + bits(5)
    let count = literalCount + 1 + bits(5)
    let lengthCount = 4 + bits(4)
    let order: InlineArray<19, UInt8> = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    var lengths = [UInt8](repeating: 0, count: 19)
    for index in 0..<lengthCount { lengths[Int(order[index])] = UInt8(bits(3)) }
    let code = PrefixCode(lengths.span)
    guard code.isPossible else { return fail(.damaged) }

    lengths = []
    var length: UInt8 = 0
    while lengths.count < count {
      let symbol = symbol(of: code)
      var run = 1
      switch symbol {
      case 16:
        if lengths.isEmpty { fail(.damaged) }
        run = 3 + bits(2)
      case 17:
        length = 0
        run = 3 + bits(3)
      case 18:
        length = 0
        run = 11 + bits(7)
      default: length = UInt8(truncatingIfNeeded: symbol)
      }
      for _ in 0..<run { lengths.append(length) }
    }
    guard lengths.count == count else { return fail(.damaged) }
    inflate(
      PrefixCode(lengths.span.extracting(..<literalCount)),
      PrefixCode(lengths.span.extracting(literalCount...)))
  }

  // MARK: Bytes and bits

  @inline(never)
  private mutating func fail(_ reason: GzipError) { failure = failure ?? reason }

  @inline(never)
  private mutating func append(_ byte: UInt8) {
    guard output.count < limit else { return fail(.tooLarge) }
    output.append(byte)
  }

  /// The copy may overlap what it makes (§2.3).
  private mutating func copy(_ count: Int, from distance: Int) {
    guard distance <= output.count else { return fail(.damaged) }
    for _ in 0..<count { append(output[output.count - distance]) }
  }

  /// The number in the next `count` bits, 16 at most: lowest first (§3.1.1).
  @inline(never)
  private mutating func bits(_ count: Int) -> Int {
    while heldCount < count {
      guard failure == nil, offset < input.count else {
        fail(.truncated)
        return 0
      }
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
  @inline(never)
  private mutating func symbol(of code: PrefixCode) -> Int {
    // What was read, less the first code of its length; and the symbols with shorter codes.
    var (number, shorter) = (0, 0)
    for count in code.counts {
      number = number * 2 + bits(1)
      if number < count { return code.symbols[shorter + number] }
      number -= count
      shorter += count
    }
    fail(.damaged)
    return 0
  }
}
