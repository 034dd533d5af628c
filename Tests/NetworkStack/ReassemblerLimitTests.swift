import Platform
import Testing
import Wire

@testable import NetworkStack

@Suite struct `A reassembler at its limits` {
  typealias Bench = ReassemblyBench

  private static let now = at(seconds: 1)
  private static let limit = Reassembler.defaultByteLimit
  private static func source(_ index: Int) -> IPv4Address {
    IPv4Address(rawValue: 0x0a01_0000 + UInt32(index))
  }

  @Test func `keeps 16 packets of a source; its oldest gives way`() throws {
    var bench = Bench()
    let payload = Bench.payload(16)
    _ = try bench.insert(Bench.fragment(payload, 0..<8, from: Self.source(1)), at: Self.now)
    let count = Reassembler.maximumDatagramCountPerSource
    for id in 0...count { _ = try bench.insert(Bench.fragment(payload, 0..<8, id: UInt16(id)), at: Self.now) }
    #expect(bench.reassembler.datagramCount == count + 1)
    #expect(bench.reassembler.count(of: .evictedBySource) == 1)
    let oldest = try bench.insert(Bench.fragment(payload, 8..<16, id: 0), at: Self.now)
    let other = try bench.insert(Bench.fragment(payload, 8..<16, from: Self.source(1)), at: Self.now)
    #expect(!oldest && other)
  }

  @Test func `keeps 64 packets; the oldest gives way`() throws {
    var bench = Bench()
    let payload = Bench.payload(16)
    let count = Reassembler.maximumDatagramCount
    for index in 0...count {
      _ = try bench.insert(Bench.fragment(payload, 0..<8, from: Self.source(index)), at: Self.now)
    }
    #expect(bench.reassembler.datagramCount == count && bench.reassembler.count(of: .evicted) == 1)
    let second = try bench.insert(Bench.fragment(payload, 8..<16, from: Self.source(1)), at: Self.now)
    #expect(second)
  }

  @Test func `gives a source a quarter of its memory, at the cost of its own packets only`() throws {
    var bench = Bench()
    let payload = Bench.payload(60_000)
    let small = Bench.payload(16)
    _ = try bench.insert(Bench.fragment(small, 0..<8, from: Self.source(1)), at: Self.now)
    for id in 0..<10 as Range<UInt16> {
      for start in stride(from: 0, to: 59_200, by: 1480) {
        _ = try bench.insert(Bench.fragment(payload, start..<start + 1480, id: id), at: Self.now)
        #expect(bench.reassembler.byteCount <= Self.limit / 4 + 1000)
      }
    }
    #expect(bench.reassembler.count(of: .evictedBySource) == 9)
    let other = try bench.insert(Bench.fragment(small, 8..<16, from: Self.source(1)), at: Self.now)
    #expect(other)
  }

  @Test func `gives all sources no more than its memory, and the longest packet still fits`() throws {
    var bench = Bench()
    let payload = Bench.payload(65_515)
    for index in 0..<20 {
      for start in stride(from: 0, to: 59_200, by: 1480) {
        let fragment = Bench.fragment(payload, start..<start + 1480, from: Self.source(index))
        _ = try bench.insert(fragment, at: Self.now)
        #expect(bench.reassembler.byteCount <= Self.limit)
      }
    }
    #expect(bench.reassembler.count(of: .evicted) > 0)
    var isComplete = false
    for start in stride(from: 59_200, to: payload.count, by: 1480) {
      let range = start..<min(start + 1480, payload.count)
      isComplete = try bench.insert(Bench.fragment(payload, range, from: Self.source(19)), at: Self.now)
    }
    #expect(isComplete && Array(bench.packet[20...]) == payload)
  }

  @Test func `charges tiny fragments for their places`() throws {
    var bench = Bench()
    let payload = Bench.payload(2000)
    for start in 0..<100 {
      _ = try bench.insert(Bench.fragment(payload, start * 16..<start * 16 + 8), at: Self.now)
    }
    #expect(bench.reassembler.byteCount >= 100 * (8 + 24))
  }

  @Test func `a flood from one source keeps no other source out`() throws {
    var bench = Bench()
    let payload = Bench.payload(3000)
    for round in 0..<30 {
      let first = try bench.insert(Bench.fragment(payload, 0..<1480, id: UInt16(round)), at: Self.now)
      for id in 0..<50 {
        let flood = Bench.fragment(payload, 0..<1480, id: UInt16(round * 50 + id), from: Self.source(9))
        _ = try bench.insert(flood, at: Self.now)
      }
      let second = try bench.insert(Bench.fragment(payload, 1480..<3000, id: UInt16(round)), at: Self.now)
      #expect(!first && second)
    }
  }

  @Test func `a flood from made-up sources lets packets through whose fragments come together`() throws {
    var bench = Bench()
    let payload = Bench.payload(3000)
    for round in 0..<30 {
      _ = try bench.insert(Bench.fragment(payload, 0..<1480, id: UInt16(round)), at: Self.now)
      for index in 0..<60 {
        let flood = Bench.fragment(payload, 0..<1480, from: Self.source(round * 60 + index))
        _ = try bench.insert(flood, at: Self.now)
        #expect(bench.reassembler.byteCount <= Self.limit)
      }
      let isComplete = try bench.insert(
        Bench.fragment(payload, 1480..<3000, id: UInt16(round)), at: Self.now)
      #expect(isComplete)
    }
  }
}

@Suite struct `A reassembler of random fragments` {
  typealias Bench = ReassemblyBench

  /// A payload's fragments, cut at random places.
  private func cuts(_ count: Int, _ random: inout SeededNumbers) -> [Range<Int>] {
    var cuts: [Range<Int>] = []
    var start = 0
    while start < count {
      let size = 8 * Int.random(in: 1...max(1, min(185, count / 16)), using: &random)
      cuts.append(start..<min(start + size, count))
      start += size
    }
    return cuts
  }

  @Test(arguments: 0..<12 as Range<UInt64>)
  func `gives the originals whatever the cuts, orders and duplicates`(seed: UInt64) throws {
    var random = SeededNumbers(seed: seed)
    var bench = Bench()
    var expected = 0
    for round in 0..<30 {
      // Three packets at a time, their fragments mixed.
      var fragments: [(Int, [UInt8])] = []
      let payloads = (0..<3).map { index in
        Bench.payload(Int.random(in: 9..<9000, using: &random), seed: round * 3 + index)
      }
      for (index, payload) in payloads.enumerated() {
        let cuts = cuts(payload.count, &random)
        let from = IPv4Address(10, 0, 0, UInt8(2 + index % 2))
        let pieces = cuts.map { Bench.fragment(payload, $0, id: UInt16(round * 3 + index), from: from) }
        guard pieces.count > 1 else { continue }
        expected += 1
        fragments += pieces.map { (index, $0) }
      }
      fragments.shuffle(using: &random)
      var done: Set<Int> = []
      for (index, fragment) in fragments where !done.contains(index) {
        let isComplete = try bench.insert(fragment, at: at(seconds: round))
        if isComplete {
          #expect(Array(bench.packet[20...]) == payloads[index], "seed \(seed)")
          done.insert(index)
        } else if Bool.random(using: &random) {
          let again = try bench.insert(fragment, at: at(seconds: round))
          #expect(!again, "seed \(seed)")
        }
      }
    }
    #expect(bench.reassembler.completedCount == UInt64(expected), "seed \(seed)")
    #expect(bench.reassembler.byteCount == 0, "seed \(seed)")
  }

  /// What a packet's fragments amount to, kept byte by byte.
  private struct Model {
    var bytes: [UInt8?] = []
    var starts: [Int: Bench.Cut] = [:]
    var end: Int?
    var isDiscarded = false

    /// Whether the fragment completes the packet.
    mutating func insert(_ cut: Bench.Cut, _ payload: [UInt8]) -> Bool {
      guard !isDiscarded else { return false }
      if starts[cut.range.lowerBound] == cut { return false }
      while bytes.count < cut.range.upperBound { bytes.append(nil) }
      let isFree = cut.range.allSatisfy { bytes[$0] == nil }
      let isInside = end.map { cut.range.upperBound <= $0 && !cut.isLast } ?? true
      let isBehind = !cut.isLast || bytes.count == cut.range.upperBound
      guard isFree && isInside && isBehind else {
        isDiscarded = true
        return false
      }
      for place in cut.range { bytes[place] = payload[place] }
      starts[cut.range.lowerBound] = cut
      if cut.isLast { end = cut.range.upperBound }
      return end.map { $0 == bytes.count && !bytes.contains(nil) } ?? false
    }
  }

  @Test(arguments: 0..<12 as Range<UInt64>)
  func `agrees with a model that keeps every byte, on fragments that make no sense`(seed: UInt64) throws {
    var random = SeededNumbers(seed: 1000 + seed)
    var bench = Bench()
    let payload = Bench.payload(64)
    var completed = 0
    for id in 0..<600 {
      var model = Model()
      for _ in 0..<Int.random(in: 2...8, using: &random) {
        let start = 8 * Int.random(in: 0..<5, using: &random)
        let end = start + 8 * Int.random(in: 1...3, using: &random)
        let isLast = Int.random(in: 0..<3, using: &random) == 0
        if start == 0 && isLast { continue }  // Not a fragment.
        let fragment = Bench.fragment(payload, start..<end, id: UInt16(id), isLast: isLast)
        let isComplete = try bench.insert(fragment, at: at(seconds: 1))
        let cut = Bench.Cut(range: start..<end, isLast: isLast)
        #expect(isComplete == model.insert(cut, payload), "seed \(seed), packet \(id), \(cut)")
        if isComplete {
          completed += 1
          #expect(Array(bench.packet[20...]) == model.bytes.compactMap { $0 }, "seed \(seed)")
          break
        }
      }
    }
    #expect(completed > 10, "seed \(seed)")
  }
}
