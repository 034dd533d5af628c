import Platform
import Testing
import Wire

@testable import NetworkStack

/// RFC 4861 §6.3, RFC 4862 §5.5, RFC 7559 and RFC 8106.
@Suite struct `An IPv6 interface that listens to routers` {
  private typealias Bench = AutoconfigurationBench
  private static let outside = IPv6Address("2001:db8:ffff::1")!

  @Test func `asks at once, and then ever less often, up to about once an hour`() {
    var bench = Bench()
    var times: [UInt64] = []
    while times.count < 15 {
      let now = bench.host.nextDeadline
      for solicitation in bench.host.advance(to: now).solicitations {
        times.append(now.nanoseconds)
        let source = now < at(seconds: 1) ? .unspecified : bench.linkLocal
        #expect(solicitation == RouterSolicitation(source: source, hardware: Bench.hardware))
      }
    }
    #expect(times[0] == 0)
    var mean: Double = 4e9
    for index in 1..<times.count {
      let wait = Double(times[index] - times[index - 1])
      #expect(wait >= mean * 0.89 && wait <= mean * 1.11, "\(index)")
      mean = min(2 * wait, 3600e9)
    }
  }

  @Test func `asks no more when a router is known, and again when its time is up`() throws {
    var bench = Bench.started()
    try bench.advertise(lifetime: 0, at: at(seconds: 2))
    #expect(bench.run(until: at(seconds: 5)).solicitations.count == 1)
    #expect(bench.host.nextHop(to: Self.outside) == nil)
    try bench.advertise(lifetime: 1800, at: at(seconds: 6))
    #expect(bench.host.nextHop(to: Self.outside) == Bench.router)
    #expect(bench.run(until: at(seconds: 1805)).solicitations == [])
    #expect(bench.run(until: at(seconds: 1806)).solicitations.count == 1)
    #expect(bench.host.nextHop(to: Self.outside) == nil)
  }

  @Test func `forgets a router that says it is none, in either message`() throws {
    var bench = Bench.started()
    try bench.advertise(at: at(seconds: 2))
    #expect(try bench.advertise(lifetime: 0, at: at(seconds: 3)).solicitations.count == 1)
    #expect(bench.host.routers.isEmpty)
    try bench.advertise(at: at(seconds: 4))
    _ = bench.claim(Bench.router, at: at(seconds: 5))
    #expect(bench.host.routers.isEmpty && bench.run(until: at(seconds: 5)).solicitations.count == 1)
  }

  @Test func `makes an address of a prefix, probes for it, and uses it`() throws {
    var bench = Bench.started()
    let actions = try bench.advertise(Bench.prefix(), at: at(seconds: 2))
    let made = try #require(bench.made)
    #expect(actions.probed == [made.address] && Bench.prefix.contains(made.address))
    #expect(made.address.low != bench.linkLocal.low)
    #expect(bench.run(until: at(seconds: 3)).configured == [made.address])
    #expect(bench.host.isOnLink(IPv6Address(Bench.prefix, interfaceIdentifier: 9)))
    #expect(!bench.host.isOnLink(Self.outside) && bench.host.isOnLink(Bench.router))
    // The same once more changes only the lifetimes.
    #expect(try bench.advertise(Bench.prefix(), at: at(seconds: 4)) == [])
    #expect(bench.made?.validUntil == at(seconds: 4 + 86_400))
  }

  @Test func `an address grows old, and goes`() throws {
    var bench = Bench.started()
    try bench.advertise(Bench.prefix(valid: 9000, preferred: 100), lifetime: 9001, at: at(seconds: 2))
    bench.run(until: at(seconds: 101))
    let address = try #require(bench.made).address
    #expect(bench.made?.state == .preferred)
    bench.run(until: at(seconds: 102))
    #expect(bench.made?.state == .deprecated && bench.host.has(address))
    #expect(bench.run(until: at(seconds: 9001)) == [])
    let last = bench.run(until: at(seconds: 9002))
    #expect(last == [.deconfigure(address)] && bench.made == nil)
    #expect(!bench.host.isOnLink(IPv6Address(Bench.prefix, interfaceIdentifier: 9)))
  }

  @Test func `an address that grew old is young again when a router says so`() throws {
    var bench = Bench.started()
    try bench.advertise(Bench.prefix(preferred: 0), at: at(seconds: 2))
    bench.run(until: at(seconds: 3))
    #expect(bench.made?.state == .deprecated)
    try bench.advertise(Bench.prefix(preferred: 100), at: at(seconds: 4))
    #expect(bench.made?.state == .preferred)
  }

  @Test(
    arguments: [
      // Longer than two hours, or than what is left: taken.
      (86_400, 7201, 7201), (7300, 7300, 7300), (600, 700, 700),
      // Less than two hours when more was left: two hours.
      (86_400, 0, 7200), (86_400, 7200, 7200),
      // Less than what is left, which is less than two hours: not taken.
      (600, 0, 600), (600, 599, 600),
    ] as [(UInt32, UInt32, Int)])
  func `nobody ends an address at once (RFC 4862 §5-5-3)`(first: UInt32, second: UInt32, left: Int) throws {
    var bench = Bench.started()
    let now = at(seconds: 2)
    try bench.advertise(Bench.prefix(valid: first, preferred: 0), at: now)
    try bench.advertise(Bench.prefix(valid: second, preferred: 0), at: now)
    #expect(bench.made?.validUntil == at(seconds: 2 + left))
    // The network on the link has no such rule.
    #expect(bench.host.networks.isEmpty == (second == 0))
  }

  @Test func `for ever is for ever`() throws {
    var bench = Bench.started()
    try bench.advertise(Bench.prefix(valid: .max, preferred: .max), lifetime: 0, at: at(seconds: 2))
    #expect(bench.made?.validUntil == .never && bench.made?.preferredUntil == .never)
    #expect(bench.host.networks[0].until == .never)
  }

  @Test func `makes nothing of prefixes that are no good for it`() throws {
    var bench = Bench.started()
    let network = IPv6Network(IPv6Address("2001:db8::")!, prefixLength: 56)
    let options =
      Bench.prefix(isAutonomous: false) + Bench.prefix(network) + Bench.prefix(valid: 10, preferred: 11)
      + Bench.prefix(valid: 0, preferred: 0) + Bench.prefix(.linkLocal)
      + Bench.prefix(IPv6Network(.allNodes, prefixLength: 64))
      // Of all the world, or half a continent, nobody says that it is on the link.
      + Bench.prefix(IPv6Network(.unspecified, prefixLength: 0))
      + Bench.prefix(IPv6Network(IPv6Address("2001::")!, prefixLength: 31))
    try bench.advertise(options, at: at(seconds: 2))
    #expect(bench.made == nil && bench.host.addresses.count == 1)
    #expect(bench.host.networks.map(\.network) == [network])
  }

  @Test func `makes another address when somebody has the one of a prefix, with the same lifetimes`() throws {
    var bench = Bench.started()
    try bench.advertise(Bench.prefix(), at: at(seconds: 2))
    let first = try #require(bench.made)
    #expect(bench.claim(first.address, at: at(seconds: 2)) == [.duplicate(first.address)])
    let second = try #require(bench.made)
    #expect(second.address != first.address && second.validUntil == first.validUntil)
    #expect(bench.run(until: at(seconds: 4)).configured == [second.address])
  }

  @Test func `takes eight addresses and networks and no more`() throws {
    var bench = Bench.started()
    for index in 0..<20 as Range<UInt64> {
      let network = IPv6Network(IPv6Address(high: 0x2001_0db8 << 32 | index, low: 0), prefixLength: 64)
      try bench.advertise(Bench.prefix(network), at: at(seconds: 2))
    }
    #expect(bench.host.addresses.count == Autoconfiguration.maximumAddressCount)
    #expect(bench.host.networks.count == Autoconfiguration.maximumNetworkCount)
    #expect(bench.host.refusedCount == 13 + 12)
  }

  @Test func `takes four routers, of more the better ones, and the best is used`() throws {
    var bench = Bench.started()
    func router(_ index: UInt64) -> IPv6Address { IPv6Address(high: 0xfe80 << 48, low: index) }
    for index in 1...6 as ClosedRange<UInt64> {
      try bench.advertise(from: router(index), preference: index == 6 ? 1 : 0, at: at(seconds: 2))
    }
    #expect(bench.host.routers.map(\.address) == [6, 1, 2, 3].map(router))
    #expect(bench.host.nextHop(to: Self.outside) == router(6))
    // A router changes its mind.
    try bench.advertise(from: router(6), preference: 3, at: at(seconds: 3))
    #expect(bench.host.routers.map(\.address) == [1, 2, 3, 6].map(router))
    // One that does not answer gives way to the next, for good.
    bench.host.routerIsUnreachable(router(1))
    bench.host.routerIsUnreachable(router(77))
    #expect(bench.host.nextHop(to: Self.outside) == router(2))
    try bench.advertise(from: router(1), at: at(seconds: 4))
    #expect(bench.host.nextHop(to: Self.outside) == router(2))
  }

  @Test func `takes an MTU between 1280 and the device's`() throws {
    var bench = Bench.started()
    func limit(_ value: UInt32) -> [UInt8] { Bench.option(5, [0, 0] + Bench.bytes(value)) }
    #expect(try bench.advertise(limit(1400), at: at(seconds: 2)) == [.limitPackets(byteCount: 1400)])
    for value in [1400, 1279, 1501, 0, .max] as [UInt32] {
      #expect(try bench.advertise(limit(value), at: at(seconds: 2)) == [])
    }
    #expect(bench.host.maximumTransmissionUnit == 1400)
    #expect(try bench.advertise(limit(1500), at: at(seconds: 2)) == [.limitPackets(byteCount: 1500)])
  }

  @Test func `lets packets go more hops when a router says so, and never fewer`() throws {
    var bench = Bench.started()
    for (said, hops) in [(0, 64), (1, 64), (128, 128)] as [(UInt8, UInt8)] {
      try bench.advertise(hopLimit: said, at: at(seconds: 2))
      #expect(bench.host.hopLimit == hops)
    }
  }

  @Test func `takes three DNS servers for as long as they are good`() throws {
    var bench = Bench.started()
    let servers = (1...5).map { IPv6Address(high: 0x2001_0db8 << 32, low: $0) }
    let first = try bench.advertise(Bench.resolvers(Array(servers[..<2])), at: at(seconds: 2))
    #expect(first == [.useResolvers] && bench.host.namedResolvers == Array(servers[..<2]))
    #expect(try bench.advertise(Bench.resolvers(Array(servers[..<2])), at: at(seconds: 3)) == [])
    let second = try bench.advertise(Bench.resolvers(servers, seconds: 900), at: at(seconds: 3))
    #expect(second == [.useResolvers] && bench.host.namedResolvers == Array(servers[..<3]))
    let third = try bench.advertise(Bench.resolvers([servers[0]], seconds: 0), at: at(seconds: 4))
    #expect(third == [.useResolvers] && bench.host.namedResolvers == [servers[1], servers[2]])
    #expect(bench.run(until: at(seconds: 903)).contains(.useResolvers))
    #expect(bench.host.namedResolvers.isEmpty)
    #expect(try bench.advertise(Bench.resolvers([.allNodes, .unspecified]), at: at(seconds: 904)) == [])
  }

  @Test func `believes no router when it was told not to`() throws {
    var bench = Bench(obeysRouters: false)
    bench.run(until: at(seconds: 1))
    #expect(try bench.advertise(Bench.prefix() + Bench.resolvers([Bench.router]), at: at(seconds: 2)) == [])
    #expect(bench.host.addresses.count == 1 && bench.host.routers.isEmpty && bench.host.networks.isEmpty)
    #expect(bench.run(until: at(seconds: 10_000)).solicitations == [])
  }

  @Test(arguments: 0..<10 as Range<UInt64>)
  func `keeps its limits whatever routers and neighbours say`(seed: UInt64) throws {
    var random = SeededNumbers(seed: seed)
    var bench = Bench()
    var now = at(seconds: 0)
    var assigned: Set<IPv6Address> = []
    for _ in 0..<3000 {
      now = now.advanced(byNanoseconds: random.next() % 100_000_000_000)
      var actions: [IPv6Action] = []
      let network = IPv6Network(
        IPv6Address(high: 0x2001_0db8 << 32 | random.next() % 12, low: 0),
        prefixLength: random.next() % 8 == 0 ? 60 : 64)
      let seconds = [0, 1, 30, 600, 7200, 7201, 100_000, .max] as [UInt32]
      switch random.next() % 6 {
      case 0...2:
        var options: [UInt8] = []
        for _ in 0..<random.next() % 4 {
          options += Bench.prefix(
            network, isOnLink: random.next() % 2 == 0, isAutonomous: random.next() % 4 > 0,
            valid: seconds[Int(random.next() % 8)], preferred: seconds[Int(random.next() % 8)])
        }
        if random.next() % 3 == 0 {
          options += Bench.resolvers(
            [IPv6Address(high: 0x2001_0db8 << 32, low: random.next() % 6)],
            seconds: seconds[Int(random.next() % 8)])
        }
        actions = try bench.advertise(
          options, from: IPv6Address(high: 0xfe80 << 48, low: random.next() % 7 + 1),
          lifetime: UInt16(truncatingIfNeeded: random.next() % 3 * 900), hopLimit: 0,
          preference: UInt8(random.next() % 4), at: now)
      case 3:
        if let own = bench.host.addresses.randomElement(using: &random) {
          actions = bench.claim(own.address, at: now)
        }
      case 4:
        if let own = bench.host.addresses.randomElement(using: &random) {
          actions = bench.hear(.probe(for: own.address, nonce: random.next()), at: now)
        }
      default: bench.host.routerIsUnreachable(IPv6Address(high: 0xfe80 << 48, low: random.next() % 7 + 1))
      }
      if bench.host.nextDeadline <= now { actions += bench.host.advance(to: now) }
      for action in actions {
        switch action {
        case .configure(let address): #expect(assigned.insert(address).inserted, "seed \(seed)")
        case .deconfigure(let address): #expect(assigned.remove(address) != nil, "seed \(seed)")
        default: break
        }
      }
      let host = bench.host
      let isKept =
        host.nextDeadline > now && host.addresses.count <= Autoconfiguration.maximumAddressCount
        && host.networks.count <= Autoconfiguration.maximumNetworkCount
        && host.routers.count <= Autoconfiguration.maximumRouterCount
        && host.resolvers.count <= Autoconfiguration.maximumResolverCount
        && Set(host.addresses.filter(\.isAssigned).map(\.address)) == assigned
        && (host.routers.isEmpty == (host.solicitationAt != .never))
      guard isKept else {
        Issue.record("seed \(seed)")
        return
      }
    }
    #expect(bench.host.advertisementCount > 1000)
  }
}
