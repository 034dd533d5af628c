/// A set of chunks: a bit for each, in 64 bits at a time.
struct ChunkSet: Equatable {
  private var words: [UInt64] = []
  private(set) var count = 0

  func contains(_ chunk: UInt16) -> Bool { word(Int(chunk) / 64) >> UInt64(chunk % 64) & 1 == 1 }

  mutating func insert(_ chunk: UInt16) {
    guard !contains(chunk) else { return }
    while words.count <= Int(chunk) / 64 { words.append(0) }
    words[Int(chunk) / 64] |= 1 << UInt64(chunk % 64)
    count += 1
  }

  mutating func remove(_ chunk: UInt16) {
    guard contains(chunk) else { return }
    words[Int(chunk) / 64] &= ~(1 << UInt64(chunk % 64))
    count -= 1
  }

  mutating func formUnion(_ other: ChunkSet) {
    while words.count < other.words.count { words.append(0) }
    count = 0
    for index in words.indices {
      words[index] |= other.word(index)
      count += words[index].nonzeroBitCount
    }
  }

  /// The lowest chunk of `1..<limit` that is in neither set. Cost: O(chunks / 64).
  static func lowestAbsent(_ first: ChunkSet, _ second: ChunkSet, below limit: Int) -> UInt16? {
    var index = 0
    while index * 64 < limit {
      // Chunk 0 holds the superblocks.
      let taken = first.word(index) | second.word(index) | (index == 0 ? 1 : 0)
      if taken != .max {
        let chunk = index * 64 + (~taken).trailingZeroBitCount
        return chunk < limit ? UInt16(chunk) : nil
      }
      index += 1
    }
    return nil
  }

  private func word(_ index: Int) -> UInt64 { index < words.count ? words[index] : 0 }
}
