import Platform
import Testing
import Wire

@testable import NetworkStack

/// A cache with an interface around it, on a test's clock.
struct CacheBench: ~Copyable {
  typealias Event = NeighbourCache.Event

  static let ours = IPv4Address(10, 0, 0, 1)
  static let network = IPv4Network(IPv4Address(10, 0, 0, 0), prefixLength: 8)
  static let here = EthernetAddress(2, 0, 0, 0, 0, 1)

  var cache = NeighbourCache()

  /// A neighbour's address, and what the cache calls it.
  static func host(_ index: Int) -> IPv4Address { IPv4Address(rawValue: 0x0a01_0000 + UInt32(index)) }
  static func peer(_ index: Int) -> IPv6Address { IPv6Address(mapped: host(index)) }
  /// Its hardware address, of one of several interfaces.
  static func hardware(_ index: Int, _ interface: UInt8 = 2) -> EthernetAddress {
    EthernetAddress(2, interface, 0, 0, UInt8(index >> 8), UInt8(index & 255))
  }

  mutating func lookup(_ index: Int, at now: Instant) -> NeighbourCache.Lookup {
    cache.lookup(Self.peer(index), at: now)
  }

  mutating func hold(_ packet: [UInt8], for index: Int) {
    cache.hold(packet.span.bytes, for: Self.peer(index))
  }

  /// A packet from a peer: its answer to us, unless something else is said.
  mutating func hear(
    _ operation: ARPPacket.Operation = .reply, from index: Int, interface: UInt8 = 2,
    target: IPv4Address = CacheBench.ours, at now: Instant
  ) -> [[UInt8]] {
    let packet = ARPPacket(
      operation: operation, senderHardware: Self.hardware(index, interface), sender: Self.host(index),
      targetHardware: .zero, target: target)
    return cache.receive(packet, ours: Self.ours, in: Self.network, at: now)
  }

  mutating func events(at now: Instant) -> [Event] {
    var events: [Event] = []
    while let event = cache.advance(to: now) { events.append(event) }
    return events
  }

  func state(_ index: Int) -> Neighbour.State? { cache.state(of: Self.peer(index)) }

  /// A peer that answered a lookup.
  mutating func resolve(_ index: Int, at now: Instant) {
    _ = lookup(index, at: now)
    _ = hear(from: index, at: now)
  }
}

@Suite struct `A neighbour cache` {
  private static let first = CacheBench.peer(1)
  private static let known = NeighbourCache.Lookup.known(CacheBench.hardware(1))

  @Test func `asks once for an unknown neighbour and knows it when it answers`() {
    var bench = CacheBench()
    #expect(bench.lookup(1, at: at(seconds: 1)) == .pending(request: true))
    #expect(bench.lookup(1, at: at(seconds: 1)) == .pending(request: false))
    #expect(bench.hear(from: 1, at: at(seconds: 1)) == [])
    #expect(bench.lookup(1, at: at(seconds: 1)) == Self.known)
    #expect(bench.state(1) == .reachable)
  }

  @Test func `gives packets back in order when the neighbour answers`() {
    var bench = CacheBench()
    _ = bench.lookup(1, at: at(seconds: 1))
    bench.hold([1], for: 1)
    bench.hold([2, 2], for: 1)
    #expect(bench.cache.heldCount == 2 && bench.cache.heldByteCount == 3)
    #expect(bench.hear(from: 1, at: at(seconds: 1)) == [[1], [2, 2]])
    #expect(bench.cache.heldCount == 0 && bench.cache.heldByteCount == 0)
  }

  @Test func `asks once a second, three times, and then gives packets back as undeliverable`() {
    var bench = CacheBench()
    _ = bench.lookup(1, at: at(seconds: 1))
    bench.hold([1], for: 1)
    #expect(bench.cache.nextDeadline == at(seconds: 2))
    #expect(bench.events(at: at(milliseconds: 1999)) == [])
    #expect(bench.events(at: at(seconds: 2)) == [.request(Self.first, to: nil)])
    #expect(bench.events(at: at(seconds: 3)) == [.request(Self.first, to: nil)])
    #expect(bench.events(at: at(seconds: 4)) == [.unreachable(Self.first, held: [[1]])])
    #expect(bench.cache.nextDeadline == .never)
    #expect(bench.cache.failedCount == 1 && bench.cache.heldByteCount == 0)
  }

  @Test func `does not ask for a while after it failed, and then asks again`() {
    var bench = CacheBench()
    _ = bench.lookup(1, at: at(seconds: 1))
    for second in 2...4 { _ = bench.events(at: at(seconds: second)) }
    #expect(bench.lookup(1, at: at(milliseconds: 8_999)) == .failed)
    #expect(bench.lookup(1, at: at(seconds: 9)) == .pending(request: true))
    #expect(bench.events(at: at(seconds: 10)) == [.request(Self.first, to: nil)])
  }

  @Test func `knows a failed neighbour again as soon as it is heard`() {
    var bench = CacheBench()
    _ = bench.lookup(1, at: at(seconds: 1))
    for second in 2...4 { _ = bench.events(at: at(seconds: second)) }
    _ = bench.hear(.request, from: 1, at: at(seconds: 5))
    #expect(bench.lookup(1, at: at(seconds: 5)) == Self.known)
  }

  @Test func `asks a neighbour that is used after a minute at its own address, after a delay`() {
    var bench = CacheBench()
    bench.resolve(1, at: at(seconds: 0))
    #expect(bench.lookup(1, at: at(seconds: 59)) == Self.known && bench.state(1) == .reachable)
    #expect(bench.events(at: at(seconds: 59)) == [])
    #expect(bench.lookup(1, at: at(seconds: 60)) == Self.known && bench.state(1) == .delay)
    #expect(bench.cache.nextDeadline <= at(seconds: 65) && bench.events(at: at(seconds: 64)) == [])
    let request = CacheBench.Event.request(Self.first, to: CacheBench.hardware(1))
    #expect(bench.events(at: at(seconds: 65)) == [request])
    #expect(bench.lookup(1, at: at(seconds: 65)) == Self.known && bench.state(1) == .probe)
    _ = bench.hear(from: 1, at: at(seconds: 65))
    #expect(bench.state(1) == .reachable && bench.events(at: at(seconds: 70)) == [])
  }

  @Test func `does not ask a neighbour that nobody uses`() {
    var bench = CacheBench()
    bench.resolve(1, at: at(seconds: 0))
    #expect(bench.events(at: at(seconds: 5000)) == [] && bench.cache.nextDeadline == .never)
  }

  @Test func `asks everybody for a neighbour that was not used for ten minutes`() {
    var bench = CacheBench()
    bench.resolve(1, at: at(seconds: 0))
    #expect(bench.lookup(1, at: at(seconds: 661)) == .pending(request: true))
  }

  @Test func `forgets a neighbour that does not answer at its own address and asks everybody`() {
    var bench = CacheBench()
    bench.resolve(1, at: at(seconds: 0))
    _ = bench.lookup(1, at: at(seconds: 60))
    let requests = (65...67).map { bench.events(at: at(seconds: $0)) }
    #expect(requests == Array(repeating: [.request(Self.first, to: CacheBench.hardware(1))], count: 3))
    #expect(bench.events(at: at(seconds: 68)) == [] && bench.state(1) == nil)
    #expect(bench.lookup(1, at: at(seconds: 68)) == .pending(request: true))
  }

  @Test func `believes TCP that a neighbour answers, and does not ask`() {
    var bench = CacheBench()
    bench.resolve(1, at: at(seconds: 0))
    _ = bench.lookup(1, at: at(seconds: 60))
    bench.cache.confirm(Self.first, at: at(seconds: 61))
    #expect(bench.state(1) == .reachable && bench.events(at: at(seconds: 65)) == [])
    bench.cache.confirm(CacheBench.peer(2), at: at(seconds: 61))
    #expect(bench.state(2) == nil)
  }

  @Test func `learns from a request for our address (RFC 826) and no other packet`() {
    var bench = CacheBench()
    let now = at(seconds: 1)
    _ = bench.hear(.reply, from: 1, at: now)
    _ = bench.hear(.request, from: 2, target: CacheBench.host(9), at: now)
    _ = bench.hear(.request, from: 3, target: CacheBench.host(3), at: now)
    #expect(bench.cache.count == 0)
    _ = bench.hear(.request, from: 4, at: now)
    #expect(bench.cache.count == 1 && bench.state(4) == .stale)
    #expect(bench.lookup(4, at: now) == .known(CacheBench.hardware(4)))
  }

  @Test func `learns nothing from probes, from our own address, or from outside the network`() {
    var bench = CacheBench()
    for sender in [
      IPv4Address.unspecified, CacheBench.ours, IPv4Address(192, 0, 2, 1), CacheBench.network.address,
      CacheBench.network.broadcast,
    ] {
      let packet = ARPPacket(
        operation: .request, senderHardware: CacheBench.hardware(1), sender: sender, targetHardware: .zero,
        target: CacheBench.ours)
      _ = bench.cache.receive(packet, ours: CacheBench.ours, in: CacheBench.network, at: at(seconds: 1))
    }
    #expect(bench.cache.count == 0)
  }

  @Test func `learns a hardware address that changed from an announcement and verifies it`() {
    var bench = CacheBench()
    bench.resolve(1, at: at(seconds: 0))
    _ = bench.hear(.request, from: 1, interface: 7, target: CacheBench.host(1), at: at(seconds: 2))
    #expect(bench.state(1) == .stale && bench.cache.changedCount == 1)
    let moved = CacheBench.hardware(1, 7)
    #expect(bench.lookup(1, at: at(seconds: 2)) == .known(moved))
    #expect(bench.events(at: at(seconds: 7)) == [.request(Self.first, to: moved)])
  }

  @Test func `does not let two hosts with one address take turns within a second`() {
    var bench = CacheBench()
    bench.resolve(1, at: at(seconds: 0))
    _ = bench.hear(from: 1, interface: 7, at: at(milliseconds: 999))
    #expect(bench.lookup(1, at: at(milliseconds: 999)) == Self.known)
    #expect(bench.cache.refusedChangeCount == 1 && bench.cache.changedCount == 0)
    _ = bench.hear(from: 1, interface: 7, at: at(seconds: 1))
    #expect(bench.lookup(1, at: at(seconds: 1)) == .known(CacheBench.hardware(1, 7)))
  }

  @Test func `an unsolicited packet with the same hardware address confirms nothing`() {
    var bench = CacheBench()
    bench.resolve(1, at: at(seconds: 0))
    _ = bench.hear(from: 1, at: at(seconds: 50))
    _ = bench.lookup(1, at: at(seconds: 60))
    #expect(bench.state(1) == .delay)
  }

  @Test func `sends held packets to a neighbour that asks for us before it answers, and verifies it`() {
    var bench = CacheBench()
    _ = bench.lookup(1, at: at(seconds: 0))
    bench.hold([1], for: 1)
    #expect(bench.hear(.request, from: 1, at: at(seconds: 0)) == [[1]])
    #expect(bench.state(1) == .delay)
  }

  @Test func `forgets everything when the interface goes down`() {
    var bench = CacheBench()
    bench.resolve(1, at: at(seconds: 0))
    _ = bench.lookup(2, at: at(seconds: 0))
    bench.hold([1], for: 2)
    bench.cache.removeAll()
    #expect(bench.cache.count == 0 && bench.cache.heldCount == 0 && bench.cache.droppedHeldCount == 1)
    #expect(bench.events(at: at(seconds: 9)) == [] && bench.lookup(1, at: at(seconds: 9)) != Self.known)
  }
}
