import Platform
import Testing
import Wire

@testable import NetworkStack

/// The same cache with an IPv6 interface around it.
private struct DiscoveryBench: ~Copyable {
  static let ours = IPv6Address("fe80::1")!
  static let peer = IPv6Address("fe80::2")!
  static let first = EthernetAddress(2, 0, 0, 0, 0, 2)
  static let second = EthernetAddress(2, 0, 0, 0, 0, 3)

  var cache = NeighbourCache()

  /// The peer says where it is.
  mutating func hear(
    _ hardware: EthernetAddress? = DiscoveryBench.first, isSolicited: Bool = true, isOverride: Bool = true,
    isForUs: Bool = true, at now: Instant
  ) -> [[UInt8]] {
    let message = NeighbourMessage(
      .advertisement(isRouter: false, isSolicited: isSolicited, isOverride: isOverride), source: Self.peer,
      destination: isForUs ? Self.ours : .allNodes, target: Self.peer, hardware: hardware)
    return cache.receive(message, isForUs: isForUs, isOnLink: true, at: now)
  }

  /// The peer asks.
  mutating func ask(
    _ hardware: EthernetAddress? = DiscoveryBench.first, isForUs: Bool = true, isOnLink: Bool = true,
    at now: Instant
  ) -> [[UInt8]] {
    let message = NeighbourMessage(
      .solicitation, source: Self.peer, destination: Self.ours.solicitedNode, target: Self.ours,
      hardware: hardware)
    return cache.receive(message, isForUs: isForUs, isOnLink: isOnLink, at: now)
  }

  mutating func lookup(at now: Instant) -> NeighbourCache.Lookup { cache.lookup(Self.peer, at: now) }
  var state: Neighbour.State? { cache.state(of: Self.peer) }

  mutating func events(at now: Instant) -> [NeighbourCache.Event] {
    var events: [NeighbourCache.Event] = []
    while let event = cache.advance(to: now) { events.append(event) }
    return events
  }

  mutating func resolve(at now: Instant) {
    _ = lookup(at: now)
    _ = hear(at: now)
  }
}

/// RFC 4861 §7.2, on the cache that ARP has too.
@Suite struct `A neighbour cache of IPv6` {
  private typealias Bench = DiscoveryBench
  private static let known = NeighbourCache.Lookup.known(Bench.first)

  @Test func `asks, is answered, and gives back what was held`() {
    var bench = Bench()
    #expect(bench.lookup(at: at(seconds: 1)) == .pending(request: true))
    let packet: [UInt8] = [6]
    bench.cache.hold(packet.span.bytes, for: Bench.peer)
    #expect(bench.events(at: at(seconds: 2)) == [.request(Bench.peer, to: nil)])
    #expect(bench.hear(at: at(seconds: 2)) == [[6]])
    #expect(bench.state == .reachable && bench.lookup(at: at(seconds: 2)) == Self.known)
  }

  @Test func `keeps hosts of both families apart whose addresses end alike`() {
    var bench = Bench()
    let four = IPv6Address(mapped: IPv4Address(10, 0, 0, 1))
    let six = IPv6Address(high: 0xfe80 << 48, low: four.low)
    #expect(bench.cache.lookup(four, at: at(seconds: 1)) == .pending(request: true))
    #expect(bench.cache.lookup(six, at: at(seconds: 1)) == .pending(request: true))
    #expect(bench.cache.count == 2)
  }

  @Test func `an unsolicited answer resolves, but is verified`() {
    var bench = Bench()
    _ = bench.lookup(at: at(seconds: 1))
    #expect(bench.hear(isSolicited: false, isForUs: false, at: at(seconds: 1)).isEmpty)
    #expect(bench.state == .stale)
    #expect(bench.lookup(at: at(seconds: 1)) == Self.known && bench.state == .delay)
  }

  @Test func `an answer without a hardware address does not resolve, but confirms`() {
    var bench = Bench()
    _ = bench.lookup(at: at(seconds: 0))
    _ = bench.hear(nil, at: at(seconds: 0))
    #expect(bench.state == .incomplete)
    _ = bench.hear(at: at(seconds: 0))
    _ = bench.lookup(at: at(seconds: 60))
    #expect(bench.events(at: at(seconds: 65)) == [.request(Bench.peer, to: Bench.first)])
    #expect(bench.state == .probe)
    _ = bench.hear(nil, at: at(seconds: 65))
    #expect(bench.state == .reachable && bench.lookup(at: at(seconds: 66)) == Self.known)
  }

  @Test func `an answer that does not override makes a reachable neighbour stale, and is not believed`() {
    var bench = Bench()
    bench.resolve(at: at(seconds: 0))
    _ = bench.hear(Bench.second, isOverride: false, at: at(seconds: 5))
    #expect(bench.state == .stale && bench.lookup(at: at(seconds: 5)) == Self.known)
    _ = bench.hear(Bench.second, isOverride: true, at: at(seconds: 6))
    #expect(bench.lookup(at: at(seconds: 6)) == .known(Bench.second))
  }

  @Test func `an answer makes no entry`() {
    var bench = Bench()
    _ = bench.hear(at: at(seconds: 1))
    _ = bench.hear(isSolicited: false, isForUs: false, at: at(seconds: 1))
    #expect(bench.cache.count == 0)
  }

  @Test func `a question for us makes one, unless it says not where it comes from or comes from elsewhere`() {
    var bench = Bench()
    _ = bench.ask(isForUs: false, at: at(seconds: 1))
    _ = bench.ask(nil, at: at(seconds: 1))
    _ = bench.ask(isOnLink: false, at: at(seconds: 1))
    #expect(bench.cache.count == 0)
    _ = bench.ask(at: at(seconds: 1))
    #expect(bench.state == .stale && bench.lookup(at: at(seconds: 1)) == Self.known)
  }

  @Test func `a question with another hardware address is believed once a second, and verified`() {
    var bench = Bench()
    bench.resolve(at: at(seconds: 0))
    _ = bench.ask(Bench.second, at: at(milliseconds: 999))
    #expect(bench.lookup(at: at(milliseconds: 999)) == Self.known && bench.cache.refusedChangeCount == 1)
    _ = bench.ask(Bench.second, at: at(seconds: 1))
    #expect(bench.state == .stale && bench.lookup(at: at(seconds: 1)) == .known(Bench.second))
  }

  @Test func `a router says where it is`() {
    var bench = Bench()
    #expect(bench.cache.receive(router: Bench.peer, hardware: Bench.first, at: at(seconds: 1)).isEmpty)
    #expect(bench.state == .stale && bench.lookup(at: at(seconds: 1)) == Self.known)
  }

  @Test func `a scan of a /64 from outside keeps to the limit of those asked for (RFC 6583)`() {
    var bench = Bench()
    bench.resolve(at: at(seconds: 0))
    var requests = 0
    for index in 0..<10_000 {
      let address = IPv6Address(high: 0x2001_0db8 << 32, low: UInt64(index) &* 0x9e37_79b9_7f4a_7c15)
      if bench.cache.lookup(address, at: at(seconds: 1)) == .pending(request: true) { requests += 1 }
    }
    #expect(requests == NeighbourCache.maximumIncompleteCount)
    #expect(bench.lookup(at: at(seconds: 1)) == Self.known)
  }

  @Test func `made-up questioners push out nobody in use`() {
    var bench = Bench()
    bench.resolve(at: at(seconds: 0))
    for index in 0..<1000 {
      let message = NeighbourMessage(
        .solicitation, source: IPv6Address(high: 0xfe80 << 48, low: UInt64(1000 + index)),
        destination: Bench.ours.solicitedNode, target: Bench.ours, hardware: Bench.second)
      _ = bench.cache.receive(message, isForUs: true, isOnLink: true, at: at(seconds: 1))
    }
    #expect(
      bench.cache.count == NeighbourCache.maximumCount && bench.lookup(at: at(seconds: 1)) == Self.known)
  }
}
