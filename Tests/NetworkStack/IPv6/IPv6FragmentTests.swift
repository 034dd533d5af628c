import Bytes
import Platform
import Testing
import Wire

@testable import NetworkStack

/// RFC 8200 §4.5, on the reassembler that IPv4 has too.
@Suite struct `A reassembler of IPv6` {
  private static let payload = ReassemblyBench.payload(3000)
  private static let cuts = [0..<1232, 1232..<2464, 2464..<3000]
  private static let here = IPv6Address("2001:db8::1")!
  private static let there = IPv6Address("2001:db8::2")!

  /// A packet that carries `payload` behind `between`, from and to the test's hosts.
  private static func packet(
    from source: IPv6Address = there, _ first: IPProtocol, _ between: [UInt8] = [], _ payload: [UInt8],
    trafficClass: UInt8 = 0
  ) -> [UInt8] {
    var header = IPv6Header(
      source: source, destination: here, protocol: first, payloadByteCount: between.count + payload.count)
    header.trafficClass = trafficClass
    var buffer = ByteBuffer()
    buffer.withFreeRoom(atLeast: 40 + between.count + payload.count) {
      header.write(into: &$0)
      $0.append(contentsOf: between.span.bytes)
      $0.append(contentsOf: payload.span.bytes)
    }
    return buffer.array()
  }

  /// A fragment of `payload`, behind hop-by-hop options that do nothing.
  private static func fragment(
    of payload: [UInt8] = payload, _ range: Range<Int>, id: UInt32 = 0x1234_5678,
    from source: IPv6Address = there, carrying: IPProtocol = .udp, trafficClass: UInt8 = 0
  ) -> [UInt8] {
    let header = IPv6FragmentHeader(
      protocol: carrying, byteOffset: range.lowerBound, moreFragments: range.upperBound < payload.count,
      identification: id)
    var buffer = ByteBuffer()
    buffer.withFreeRoom(atLeast: 16) {
      for byte: UInt8 in [44, 0, 1, 4, 0, 0, 0, 0] { $0.append(byte) }
      header.write(into: &$0)
    }
    return packet(
      from: source, .hopByHop, buffer.array(), Array(payload[range]), trafficClass: trafficClass)
  }

  private struct Bench: ~Copyable {
    var reassembler = Reassembler()
    /// The last packet that was complete.
    var packet: [UInt8] = []
    /// What was wrong with it.
    var error: WireError?

    mutating func insert(_ bytes: [UInt8], at now: Instant = at(seconds: 1)) throws -> Bool {
      let view = try IPv6Packet(validating: bytes.span.bytes)
      guard let whole = reassembler.insert(Fragment(view), isLinkGroup: false, at: now) else { return false }
      take(whole)
      return true
    }

    mutating func take(_ whole: borrowing ReassembledPacket) {
      let isIPv6 = whole.isIPv6
      #expect(isIPv6)
      do throws(WireError) {
        packet = try whole.withIPv6Packet { view in
          // Copied within the closure.
          view.wholePacket.withUnsafeBytes { Array($0) }
        }
        error = nil
      } catch {
        self.error = error
      }
    }
  }

  @Test(arguments: [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]])
  func `puts a packet together in any order, without the fragment header`(order: [Int]) throws {
    var bench = Bench()
    for (place, index) in order.enumerated() {
      let isComplete = try bench.insert(Self.fragment(Self.cuts[index]))
      #expect(isComplete == (place == 2))
    }
    #expect(bench.packet == Self.packet(.hopByHop, [17, 0, 1, 4, 0, 0, 0, 0], Self.payload))
    #expect(bench.reassembler.byteCount == 0 && bench.reassembler.datagramCount == 0)
  }

  @Test func `keeps packets apart by source and identification, and not by what they carry`() throws {
    var bench = Bench()
    _ = try bench.insert(Self.fragment(Self.cuts[0]))
    _ = try bench.insert(Self.fragment(Self.cuts[1], id: 2))
    _ = try bench.insert(Self.fragment(Self.cuts[1], from: IPv6Address("2001:db8::3")!))
    #expect(bench.reassembler.datagramCount == 3)
    // The first fragment says what is carried.
    _ = try bench.insert(Self.fragment(Self.cuts[1], carrying: .tcp))
    let isComplete = try bench.insert(Self.fragment(Self.cuts[2], carrying: .icmpv6))
    #expect(isComplete && bench.packet[40] == IPProtocol.udp.rawValue)
  }

  @Test func `a packet of IPv4 with the same numbers is another one`() throws {
    var bench = Bench()
    let mapped = IPv6Address(mapped: IPv4Address(10, 0, 0, 2))
    _ = try bench.insert(Self.fragment(Self.cuts[0], id: 17 << 16 | 1, from: mapped))
    let four = ReassemblyBench.fragment(Self.payload, 1232..<2464)
    let view = try IPv4Packet(validating: four.span.bytes)
    if bench.reassembler.insert(Fragment(view), isLinkGroup: false, at: at(seconds: 1)) != nil {
      Issue.record("two families were mixed")
    }
    #expect(bench.reassembler.datagramCount == 2)
  }

  @Test func `drops a packet whose fragments overlap, with all that follow (RFC 5722)`() throws {
    var bench = Bench()
    _ = try bench.insert(Self.fragment(Self.cuts[0]))
    _ = try bench.insert(Self.fragment(1224..<2464))
    for cut in Self.cuts {
      let isComplete = try bench.insert(Self.fragment(cut))
      #expect(!isComplete)
    }
    #expect(bench.reassembler.count(of: .overlap) == 1 && bench.reassembler.count(of: .ofDiscarded) == 3)
  }

  @Test func `the longest packet is put together, and a longer one is not`() throws {
    for (count, isWhole) in [(65_527, true), (65_528, false)] {
      var bench = Bench()
      let payload = ReassemblyBench.payload(count)
      // The last fragment has no extension header, so that only the whole is too long.
      let header = IPv6FragmentHeader(
        protocol: .udp, byteOffset: 65_520, moreFragments: false, identification: 0x1234_5678)
      var buffer = ByteBuffer()
      buffer.withFreeRoom(atLeast: 8) { header.write(into: &$0) }
      _ = try bench.insert(Self.packet(.fragment, buffer.array(), Array(payload[65_520...])))
      _ = try bench.insert(Self.fragment(of: payload, 0..<32_768))
      let isComplete = try bench.insert(Self.fragment(of: payload, 32_768..<65_520))
      #expect(isComplete == isWhole)
      #expect(bench.reassembler.count(of: .tooLong) == (isWhole ? 0 : 1))
      #expect(bench.packet.count == (isWhole ? 40 + 65_535 : 0))
    }
  }

  @Test func `what is wrong behind the fragment header is found when the packet is whole`() throws {
    var bench = Bench()
    // Destination options whose length leads behind the packet.
    let broken: [UInt8] = [17, 255] + [UInt8](repeating: 0, count: 22)
    _ = try bench.insert(Self.fragment(of: broken, 0..<8, carrying: .destinationOptions))
    _ = try bench.insert(Self.fragment(of: broken, 8..<24, carrying: .destinationOptions))
    #expect(bench.error == .truncated)
    // A fragment in a fragment stays one, which nobody puts together again.
    let nested: [UInt8] = [17, 0, 0, 1, 0, 0, 0, 9] + [UInt8](repeating: 0, count: 16)
    _ = try bench.insert(Self.fragment(of: nested, 0..<8, carrying: .fragment))
    _ = try bench.insert(Self.fragment(of: nested, 8..<24, carrying: .fragment))
    let view = try IPv6Packet(validating: bench.packet.span.bytes)
    let isFragment = view.isFragment
    #expect(bench.error == nil && isFragment)
  }

  @Test(arguments: 132...138 as ClosedRange<UInt8>)
  func `neighbour discovery does not come in fragments (RFC 6980)`(type: UInt8) throws {
    var bench = Bench()
    let message = [type] + [UInt8](repeating: 0, count: 31)
    _ = try bench.insert(Self.fragment(of: message, 0..<16, carrying: .icmpv6))
    _ = try bench.insert(Self.fragment(of: message, 16..<32, carrying: .icmpv6))
    #expect(bench.error == ((133...137).contains(type) ? .badValue : nil))
  }

  @Test func `hands out the first fragment as it came when the rest does not come`() throws {
    var bench = Bench()
    let first = Self.fragment(Self.cuts[0])
    _ = try bench.insert(first)
    if let expired = bench.reassembler.nextExpired(at: at(seconds: 31)) { bench.take(expired) }
    #expect(bench.packet == first && bench.reassembler.datagramCount == 0)
  }

  @Test(
    arguments: [([0, 0, 0], 0), ([2, 3, 2], 3), ([1, 1, 3], 3), ([0, 2, 2], 0)] as [([UInt8], UInt8)])
  func `keeps what routers said about congestion (RFC 3168 §5-3)`(marks: [UInt8], result: UInt8) throws {
    var bench = Bench()
    for (cut, mark) in zip(Self.cuts, marks) {
      _ = try bench.insert(Self.fragment(cut, trafficClass: 0xa8 | mark))
    }
    let view = try IPv6Packet(validating: bench.packet.span.bytes)
    let trafficClass = view.trafficClass
    #expect(trafficClass == 0xa8 | result)
  }
}
