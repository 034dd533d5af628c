import Bytes
import Platform
import Testing
import Wire

@testable import NetworkStack

@Suite struct `A reassembler` {
  typealias Bench = ReassemblyBench

  private static let payload = Bench.payload(3000)
  private static let cuts = [0..<1480, 1480..<2960, 2960..<3000]
  private static let now = at(seconds: 1)

  @Test(arguments: [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]])
  func `puts a packet together in any order`(order: [Int]) throws {
    var bench = Bench()
    for index in order.dropLast() {
      let isComplete = try bench.insert(Bench.fragment(Self.payload, Self.cuts[index]), at: Self.now)
      #expect(!isComplete)
    }
    let isComplete = try bench.insert(Bench.fragment(Self.payload, Self.cuts[order[2]]), at: Self.now)
    #expect(isComplete)
    #expect(bench.packet == ipv4(Self.payload) { $0.identification = 1 })
    #expect(bench.reassembler.byteCount == 0 && bench.reassembler.datagramCount == 0)
    #expect(bench.reassembler.completedCount == 1 && bench.reassembler.nextDeadline == .never)
  }

  @Test func `hands out a packet that passes every check, with the first fragment's options`() throws {
    var bench = Bench()
    _ = try bench.insert(Bench.fragment(Self.payload, 1480..<3000), at: Self.now)
    _ = try bench.insert(Bench.fragment(Self.payload, 0..<1480, options: 8), at: Self.now)
    let view = try IPv4Packet(validating: bench.packet.span.bytes)
    let fields = (view.headerByteCount, view.totalByteCount, view.isFragment, view.protocol)
    #expect(fields == (28, 3028, false, .udp))
    #expect(Array(bench.packet[28...]) == Self.payload)
  }

  @Test func `keeps packets apart by source, destination, protocol and identification`() throws {
    var bench = Bench()
    let second = Array(Self.payload[8..<16])
    _ = try bench.insert(Bench.fragment(Self.payload, 0..<8), at: Self.now)
    let others = [
      ipv4(from: IPv4Address(10, 0, 0, 3), .udp, second) { $0.identification = 1 },
      ipv4(to: IPv4Address(10, 0, 0, 3), .udp, second) { $0.identification = 1 },
      ipv4(.icmp, second) { $0.identification = 1 },
      ipv4(.udp, second) { $0.identification = 2 },
    ]
    for other in others {
      var fragment = other
      fragment[7] = 1  // The place 8.
      let isComplete = try bench.insert(fragment, at: Self.now)
      #expect(!isComplete)
    }
    #expect(bench.reassembler.datagramCount == 5)
    let isComplete = try bench.insert(Bench.fragment(Self.payload, 8..<16, isLast: true), at: Self.now)
    #expect(isComplete)
  }

  @Test(arguments: [0, 1]) func `remembers that a fragment came in a broadcast frame`(broadcast: Int) throws {
    var bench = Bench()
    for (index, range) in [0..<1480, 1480..<3000].enumerated() {
      let fragment = Bench.fragment(Self.payload, range)
      _ = try bench.insert(fragment, isLinkGroup: index == broadcast, at: Self.now)
    }
    #expect(bench.wasLinkGroup == true)
  }

  @Test func `has a counter for every reason`() {
    let bench = Bench()
    for drop in ReassemblyDrop.allCases { #expect(bench.reassembler.count(of: drop) == 0) }
  }

  @Test func `ignores the same fragment once more`() throws {
    var bench = Bench()
    for _ in 0..<3 { _ = try bench.insert(Bench.fragment(Self.payload, 0..<1480), at: Self.now) }
    #expect(bench.reassembler.count(of: .duplicate) == 2)
    let isComplete = try bench.insert(Bench.fragment(Self.payload, 1480..<3000), at: Self.now)
    #expect(isComplete)
  }

  @Test(arguments: [8..<24, 0..<24, 16..<40, 24..<32, 8..<40, 0..<48])
  func `drops a packet whose fragments overlap, and the rest of it (RFC 5722 §4)`(range: Range<Int>) throws {
    var bench = Bench()
    _ = try bench.insert(Bench.fragment(Self.payload, 16..<32), at: Self.now)
    _ = try bench.insert(Bench.fragment(Self.payload, range), at: Self.now)
    #expect(bench.reassembler.count(of: .overlap) == 1)
    for cut in Self.cuts {
      let isComplete = try bench.insert(Bench.fragment(Self.payload, cut), at: Self.now)
      #expect(!isComplete)
    }
    #expect(bench.reassembler.count(of: .ofDiscarded) == 3)
    #expect(bench.reassembler.byteCount == PartialDatagram.emptyByteCount)
    let count = bench.expire(at: at(seconds: 31))
    #expect(count == 0 && bench.reassembler.datagramCount == 0)
    #expect(bench.reassembler.byteCount == 0 && bench.reassembler.count(of: .timeout) == 0)
  }

  @Test func `drops a packet when a place comes again with other bytes, or as the last`() throws {
    var bench = Bench()
    _ = try bench.insert(Bench.fragment(Self.payload, 0..<8), at: Self.now)
    _ = try bench.insert(Bench.fragment(Bench.payload(16, seed: 1), 0..<8), at: Self.now)
    #expect(bench.reassembler.count(of: .overlap) == 1)
    _ = try bench.insert(Bench.fragment(Self.payload, 8..<16, id: 2), at: Self.now)
    _ = try bench.insert(Bench.fragment(Self.payload, 8..<16, id: 2, isLast: true), at: Self.now)
    #expect(bench.reassembler.count(of: .overlap) == 2)
  }

  @Test func `drops a packet with bytes behind its last fragment, or with two last ones`() throws {
    var bench = Bench()
    let pairs = [
      ((8..<16, true), (16..<24, false)), ((16..<24, false), (8..<16, true)),
      ((8..<16, true), (24..<32, true)),
      ((24..<32, true), (8..<16, true)),
    ]
    for (index, pair) in pairs.enumerated() {
      let id = UInt16(index)
      let (first, second) = pair
      _ = try bench.insert(Bench.fragment(Self.payload, first.0, id: id, isLast: first.1), at: Self.now)
      _ = try bench.insert(Bench.fragment(Self.payload, second.0, id: id, isLast: second.1), at: Self.now)
    }
    #expect(bench.reassembler.count(of: .contradiction) == 4)
  }

  @Test func `drops a packet with an empty last fragment`() throws {
    var bench = Bench()
    _ = try bench.insert(Bench.fragment(Self.payload, 8..<8, isLast: true), at: Self.now)
    #expect(bench.reassembler.count(of: .contradiction) == 1)
  }

  @Test func `drops a packet that is longer than 65,535 bytes with its first fragment's options`() throws {
    var bench = Bench()
    let payload = Bench.payload(65_515)
    _ = try bench.insert(Bench.fragment(payload, 32_768..<65_515), at: Self.now)
    let isComplete = try bench.insert(Bench.fragment(payload, 0..<32_768, options: 40), at: Self.now)
    #expect(!isComplete && bench.reassembler.count(of: .tooLong) == 1)
    #expect(bench.reassembler.byteCount == 0)
  }

  @Test func `puts the longest packet together from 128 fragments, and drops one of more`() throws {
    var bench = Bench()
    let payload = Bench.payload(65_515)
    let step = 512
    var isComplete = false
    for start in stride(from: 0, to: payload.count, by: step).reversed() {
      let range = start..<min(start + step, payload.count)
      isComplete = try bench.insert(Bench.fragment(payload, range), at: Self.now)
    }
    #expect(isComplete && Array(bench.packet[20...]) == payload)
    #expect(payload.count / step + 1 == Reassembler.maximumFragmentCount)
    for start in 0...Reassembler.maximumFragmentCount {
      _ = try bench.insert(Bench.fragment(payload, start * 8..<start * 8 + 8, id: 2), at: Self.now)
    }
    #expect(bench.reassembler.count(of: .tooManyFragments) == 1)
  }

  @Test func `waits 30 seconds from the first fragment and hands the first one out for ICMP`() throws {
    var bench = Bench()
    _ = try bench.insert(Bench.fragment(Self.payload, 1480..<2960), at: Self.now)
    let first = Bench.fragment(Self.payload, 0..<1480)
    _ = try bench.insert(first, at: at(seconds: 20))
    #expect(bench.reassembler.nextDeadline == at(seconds: 31))
    let early = bench.expire(at: at(milliseconds: 30_999))
    #expect(early == 0)
    let late = bench.expire(at: at(seconds: 31))
    #expect(late == 1 && bench.packet == first)
    #expect(bench.reassembler.count(of: .timeout) == 1 && bench.reassembler.byteCount == 0)
  }

  @Test func `says nothing about a packet whose first fragment did not come (RFC 792)`() throws {
    var bench = Bench()
    _ = try bench.insert(Bench.fragment(Self.payload, 1480..<2960), at: Self.now)
    let count = bench.expire(at: at(seconds: 31))
    #expect(count == 0 && bench.reassembler.count(of: .timeout) == 1 && bench.reassembler.byteCount == 0)
  }

  @Test(
    arguments: [
      ([0, 0, 0], 0), ([2, 2, 2], 2), ([2, 3, 2], 3), ([1, 1, 3], 3), ([3, 3, 3], 3), ([0, 2, 2], 0),
    ] as [([UInt8], UInt8)])
  func `keeps what routers said about congestion (RFC 3168 §5-3)`(marks: [UInt8], result: UInt8) throws {
    var bench = Bench()
    for (cut, mark) in zip(Self.cuts, marks) {
      _ = try bench.insert(Bench.fragment(Self.payload, cut, trafficClass: 0x20 | mark), at: Self.now)
    }
    let view = try IPv4Packet(validating: bench.packet.span.bytes)
    let trafficClass = view.trafficClass
    #expect(trafficClass == 0x20 | result)
  }

  @Test func `drops a packet that was congested and whose sender does not care in part (RFC 3168 §5-3)`()
    throws
  {
    var bench = Bench()
    for (cut, mark) in zip(Self.cuts, [3, 0, 3] as [UInt8]) {
      let isComplete = try bench.insert(Bench.fragment(Self.payload, cut, trafficClass: mark), at: Self.now)
      #expect(!isComplete)
    }
    #expect(bench.reassembler.count(of: .mixedCongestion) == 1)
  }
}
