import Platform
import Testing
import Wire

@testable import NetworkStack

@Suite struct `A neighbour cache at its limits` {
  private static let limit = NeighbourCache.maximumCount

  @Test func `holds four packets for a neighbour and drops the oldest for a fifth`() {
    var bench = CacheBench()
    _ = bench.lookup(1, at: at(seconds: 0))
    for byte in 1...5 { bench.hold([UInt8(byte)], for: 1) }
    #expect(bench.cache.droppedHeldCount == 1)
    #expect(bench.hear(from: 1, at: at(seconds: 0)) == [[2], [3], [4], [5]])
  }

  @Test func `holds no more bytes than its limit and drops the oldest of all`() {
    var bench = CacheBench()
    let packet = [UInt8](repeating: 0, count: 1500)
    let count = HeldPackets.maximumByteCount / packet.count + 1
    for index in 0..<count {
      _ = bench.lookup(index / 4, at: at(seconds: 0))
      bench.hold(packet, for: index / 4)
    }
    #expect(bench.cache.heldByteCount <= HeldPackets.maximumByteCount)
    #expect(bench.cache.droppedHeldCount == 1)
    #expect(bench.hear(from: 0, at: at(seconds: 0)).count == 3)
    #expect(bench.hear(from: 1, at: at(seconds: 0)).count == 4)
  }

  @Test
  func `does not hold a packet that is longer than all it may hold, nor one for a neighbour not pending`() {
    var bench = CacheBench()
    _ = bench.lookup(1, at: at(seconds: 0))
    bench.hold([UInt8](repeating: 0, count: HeldPackets.maximumByteCount + 1), for: 1)
    bench.hold([1], for: 2)
    #expect(bench.cache.heldCount == 0 && bench.cache.droppedHeldCount == 2)
  }

  @Test func `asks for 64 neighbours at a time, and for another when a second is over`() {
    var bench = CacheBench()
    let count = NeighbourCache.maximumIncompleteCount
    for index in 0..<count { #expect(bench.lookup(index, at: at(seconds: 1)) == .pending(request: true)) }
    #expect(bench.lookup(count, at: at(milliseconds: 1999)) == .failed)
    #expect(bench.cache.refusedCount == 1)
    #expect(bench.lookup(count, at: at(seconds: 2)) == .pending(request: true))
    #expect(bench.state(0) == nil && bench.cache.incompleteCount == count)
  }

  @Test func `a neighbour that gave way loses its held packets, and they are counted`() {
    var bench = CacheBench()
    for index in 0..<NeighbourCache.maximumIncompleteCount { _ = bench.lookup(index, at: at(seconds: 1)) }
    bench.hold([1], for: 0)
    _ = bench.lookup(1000, at: at(seconds: 2))
    #expect(bench.state(0) == nil && bench.cache.heldCount == 0 && bench.cache.droppedHeldCount == 1)
  }

  @Test func `made-up senders push out no neighbour in use`() {
    var bench = CacheBench()
    bench.resolve(0, at: at(seconds: 0))
    for index in 1..<1000 { _ = bench.hear(.request, from: index, at: at(seconds: 1)) }
    #expect(bench.cache.count == Self.limit)
    #expect(bench.lookup(0, at: at(seconds: 1)) == .known(CacheBench.hardware(0)))
    #expect(bench.lookup(9999, at: at(seconds: 1)) == .pending(request: true))
  }

  @Test func `a full cache of neighbours in use takes no sender and no lookup`() {
    var bench = CacheBench()
    for index in 0..<Self.limit { bench.resolve(index, at: at(seconds: 0)) }
    _ = bench.hear(.request, from: 1000, at: at(seconds: 1))
    #expect(bench.state(1000) == nil && bench.cache.refusedCount == 1)
    #expect(bench.lookup(1001, at: at(seconds: 1)) == .failed && bench.cache.refusedCount == 2)
  }

  @Test func `the neighbour used longest ago gives way to a lookup after a minute`() {
    var bench = CacheBench()
    for index in 0..<Self.limit { bench.resolve(index, at: at(milliseconds: index)) }
    #expect(bench.lookup(0, at: at(seconds: 30)) == .known(CacheBench.hardware(0)))
    #expect(bench.lookup(1000, at: at(milliseconds: 60_001)) == .pending(request: true))
    #expect(bench.state(1) == nil && bench.state(0) == .reachable && bench.cache.count == Self.limit)
  }

  @Test func `a scan of the link pushes out no neighbour in use and stays within its rate`() {
    var bench = CacheBench()
    bench.resolve(0, at: at(seconds: 0))
    var requests = 0
    for millisecond in 0..<4_000 {
      let now = at(milliseconds: millisecond)
      if bench.lookup(100 + millisecond, at: now) == .pending(request: true) { requests += 1 }
      for case .request in bench.events(at: now) { requests += 1 }
      if millisecond % 1000 == 0 { #expect(bench.lookup(0, at: now) == .known(CacheBench.hardware(0))) }
    }
    #expect(requests <= 4 * NeighbourCache.maximumIncompleteCount)
    #expect(bench.cache.count <= Self.limit)
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func `keeps its limits and its rates whatever happens`(seed: UInt64) {
    var random = SeededNumbers(seed: seed)
    var bench = CacheBench()
    var now = at(seconds: 1)
    var askedAt: [IPv6Address: Instant] = [:]
    var held = 0
    func note(_ address: IPv6Address) {
      if let last = askedAt[address], now < last.advanced(byNanoseconds: NeighbourCache.requestInterval) {
        Issue.record("seed \(seed)")
      }
      askedAt[address] = now
    }
    for _ in 0..<8_000 {
      now = now.advanced(byNanoseconds: random.next() % 40_000_000)
      let index = Int.random(in: 0..<(Bool.random(using: &random) ? 40 : 700), using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0...4:
        let wasResolved = bench.state(index).map { $0 == .reachable || $0 == .stale } ?? false
        switch bench.lookup(index, at: now) {
        case .known(let hardware):
          #expect(hardware == CacheBench.hardware(index), "seed \(seed)")
        case .pending(let request):
          #expect(!wasResolved || request, "seed \(seed)")
          if request { note(CacheBench.peer(index)) }
          bench.hold([UInt8](repeating: 0, count: Int.random(in: 20..<3000, using: &random)), for: index)
          held += 1
        case .failed: break
        }
      case 5, 6: held -= bench.hear(from: index, at: now).count
      case 7: held -= bench.hear(.request, from: index, at: now).count
      case 8: bench.cache.confirm(CacheBench.peer(index), at: now)
      default: held -= bench.hear(.request, from: index, target: CacheBench.host(index), at: now).count
      }
      if bench.cache.nextDeadline <= now {
        for event in bench.events(at: now) {
          switch event {
          case .request(let address, _): note(address)
          case .unreachable(_, let packets): held -= packets.count
          }
        }
      }
      let isKept =
        bench.cache.nextDeadline > now && bench.cache.count <= NeighbourCache.maximumCount
        && bench.cache.incompleteCount <= NeighbourCache.maximumIncompleteCount
        && bench.cache.heldByteCount <= HeldPackets.maximumByteCount
        && held - Int(bench.cache.droppedHeldCount) == bench.cache.heldCount
      guard isKept else {
        Issue.record("seed \(seed)")
        return
      }
    }
    let incomplete = bench.cache.entries.filter { $0.state == .incomplete }.count
    #expect(bench.cache.incompleteCount == incomplete, "seed \(seed)")
    #expect(Set(bench.cache.entries.map(\.address)).count == bench.cache.count, "seed \(seed)")
  }
}
