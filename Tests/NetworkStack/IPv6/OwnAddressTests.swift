import Platform
import Testing
import Wire

@testable import NetworkStack

/// RFC 4862 §5.4, RFC 7217, RFC 7527 and RFC 4429.
@Suite struct `An IPv6 interface that makes addresses` {
  private typealias Bench = AutoconfigurationBench

  @Test func `probes for its link-local address, uses it after a second, and says so`() {
    var bench = Bench()
    let first = bench.run(until: at(milliseconds: 999))
    let address = bench.linkLocal
    #expect(address.isLinkLocal && IPv6Network.linkLocal.contains(address))
    #expect(first.probed == [address] && first.configured == [])
    #expect(!bench.host.has(address) && bench.host.listens(to: address.solicitedNode))
    #expect(bench.host.listens(to: .allNodes) && !bench.host.listens(to: .allRouters))
    let second = bench.run(until: at(seconds: 1))
    let announcement = NeighbourMessage(
      .advertisement(isRouter: false, isSolicited: false, isOverride: true), source: address,
      destination: .allNodes, target: address, hardware: Bench.hardware)
    #expect(second == [.configure(address), .send(announcement)])
    #expect(bench.host.has(address) && bench.host.addresses[0].state == .preferred)
  }

  @Test func `has the same identifier in the same network, and another in any other, or with another key`() {
    let one = StableIdentifier(key: (1, 2))
    let other = StableIdentifier(key: (1, 3))
    let identifiers = [
      one.identifier(in: .linkLocal, hardware: Bench.hardware, duplicateCount: 0),
      one.identifier(in: .linkLocal, hardware: Bench.hardware, duplicateCount: 1),
      one.identifier(in: .linkLocal, hardware: Bench.other, duplicateCount: 0),
      one.identifier(in: Bench.prefix, hardware: Bench.hardware, duplicateCount: 0),
      other.identifier(in: .linkLocal, hardware: Bench.hardware, duplicateCount: 0),
    ]
    #expect(Set(identifiers).count == 5)
    #expect(
      StableIdentifier(key: (1, 2)).identifier(in: .linkLocal, hardware: Bench.hardware, duplicateCount: 0)
        == identifiers[0])
  }

  @Test(
    arguments: [
      (0, true), (1, false), (0xfdff_ffff_ffff_ff80, true), (0xfdff_ffff_ffff_ffff, true),
      (0xfdff_ffff_ffff_ff7f, false), (0x0200_5eff_fe00_0000, true), (0xffff_ffff_ffff_ffff, false),
    ] as [(UInt64, Bool)]) func `makes no identifier that is reserved`(identifier: UInt64, isReserved: Bool)
  {
    #expect(StableIdentifier.isReserved(identifier) == isReserved)
  }

  @Test func `makes another address when somebody has its first, and gives up after a few`() {
    var bench = Bench()
    var tried: [IPv6Address] = []
    for attempt in 0..<4 {
      let now = at(seconds: attempt)
      #expect(bench.run(until: now).probed == [bench.linkLocal])
      tried.append(bench.linkLocal)
      #expect(bench.claim(bench.linkLocal, at: now) == [.duplicate(tried[attempt])])
    }
    #expect(Set(tried).count == 4 && bench.host.addresses.isEmpty && bench.host.duplicateCount == 4)
    #expect(bench.run(until: at(seconds: 100)).configured == [])
  }

  @Test func `makes another address when somebody probes for its first, too`() {
    var bench = Bench()
    bench.run(until: at(seconds: 0))
    let address = bench.linkLocal
    #expect(bench.hear(.probe(for: address), at: at(milliseconds: 10)) == [.duplicate(address)])
    // The new one waits a second before it is probed for; another host's probe counts before, too.
    let second = bench.linkLocal
    #expect(second != address)
    #expect(bench.hear(.probe(for: second), at: at(milliseconds: 20)) == [.duplicate(second)])
  }

  @Test func `knows its own probe when it comes back (RFC 7527)`() throws {
    var bench = Bench()
    let sent = bench.run(until: at(seconds: 0))
    guard case .send(let probe) = sent[0] else { throw WireError.badValue }
    #expect(probe.nonce != 0)
    #expect(bench.hear(probe, at: at(milliseconds: 10)) == [])
    #expect(bench.run(until: at(seconds: 1)).configured == [bench.linkLocal])
  }

  @Test func `a question by somebody with an address says nothing about who has it`() {
    var bench = Bench()
    bench.run(until: at(seconds: 0))
    let question = NeighbourMessage.question(
      about: bench.linkLocal, from: Bench.router, hardware: Bench.other)
    #expect(bench.hear(question, at: at(milliseconds: 10)) == [])
    #expect(bench.host.answer(to: question) == nil)
    #expect(bench.run(until: at(seconds: 1)).configured == [bench.linkLocal])
    #expect(bench.host.answer(to: question) == question.answer(hardware: Bench.hardware))
  }

  @Test func `keeps an address that is its own, whoever probes for it or says to have it`() {
    var bench = Bench.started()
    let address = bench.linkLocal
    #expect(bench.hear(.probe(for: address, nonce: 7), at: at(seconds: 2)) == [])
    #expect(bench.claim(address, at: at(seconds: 2)) == [])
    #expect(bench.host.has(address) && bench.host.contestedCount == 1)
  }

  @Test func `uses a fixed address while it probes for it, and gives it up when somebody has it`() {
    var bench = Bench(obeysRouters: false)
    let fixed = IPv6Address("2001:db8::5")!
    let network = IPv6Network(fixed, prefixLength: 64)
    bench.host.add(fixed, in: network, gateway: Bench.router, at: at(seconds: 0))
    let first = bench.run(until: at(seconds: 0))
    #expect(first.configured == [fixed] && first.probed == [bench.linkLocal, fixed])
    #expect(first.solicitations == [])
    let question = NeighbourMessage.question(about: fixed, from: Bench.router, hardware: Bench.other)
    #expect(
      bench.host.answer(to: question)?.kind
        == .advertisement(isRouter: false, isSolicited: true, isOverride: false))
    #expect(bench.host.nextHop(to: IPv6Address("2001:db8::9")!) == IPv6Address("2001:db8::9")!)
    #expect(bench.host.nextHop(to: IPv6Address("2001:db8:9::9")!) == Bench.router)
    #expect(bench.claim(fixed, at: at(milliseconds: 500)) == [.deconfigure(fixed), .duplicate(fixed)])
    #expect(bench.run(until: at(seconds: 100)).probed == [] && !bench.host.has(fixed))
  }

  @Test func `a fixed address overrides what was known a second later`() {
    var bench = Bench(obeysRouters: false)
    let fixed = IPv6Address("2001:db8::5")!
    bench.host.add(fixed, in: IPv6Network(fixed, prefixLength: 64), gateway: nil, at: at(seconds: 0))
    bench.run(until: at(seconds: 1))
    let question = NeighbourMessage.question(about: fixed, from: Bench.router, hardware: Bench.other)
    #expect(bench.host.answer(to: question) == question.answer(hardware: Bench.hardware))
    #expect(bench.host.nextDeadline == .never)
    #expect(bench.host.nextHop(to: IPv6Address("2001:db8:9::9")!) == nil)
  }
}

/// RFC 6724 §5.
@Suite struct `Our address for a destination` {
  private func own(_ text: String, _ state: IPv6OwnAddress.State = .preferred) -> IPv6OwnAddress {
    let address = IPv6Address(text)!
    return IPv6OwnAddress(
      address: address, network: IPv6Network(address, prefixLength: 64), origin: .router, state: state,
      probeAt: .never)
  }

  @Test(
    arguments: [
      // The destination itself.
      ("2001:db8::2", ["2001:db8::1", "2001:db8::2"], "2001:db8::2"),
      // The right scope.
      ("fe80::9", ["2001:db8::1", "fe80::1"], "fe80::1"),
      ("2001:db8:1::9", ["fe80::1", "2001:db8::1"], "2001:db8::1"),
      ("ff02::1", ["2001:db8::1", "fe80::1"], "fe80::1"),
      ("ff0e::1", ["fe80::1", "2001:db8::1"], "2001:db8::1"),
      // The only one, though it does not reach far enough.
      ("2001:db8::1", ["fe80::1"], "fe80::1"),
      // The label.
      ("2001:db8::1", ["fd00::1", "2400::1"], "2400::1"), ("fd12::1", ["2001:db8::1", "fd00::1"], "fd00::1"),
      // The longest prefix.
      ("2001:db8:3::1", ["2001:db8:8::1", "2001:db8:2::1"], "2001:db8:2::1"),
    ] as [(String, [String], String)])
  func `is chosen by RFC 6724`(destination: String, candidates: [String], chosen: String) {
    for order in [candidates, candidates.reversed()] {
      var bench = AutoconfigurationBench()
      bench.host.addresses = order.map { own($0) }
      #expect(bench.host.source(for: IPv6Address(destination)!) == IPv6Address(chosen)!)
    }
  }

  @Test func `is deprecated only when there is no other, and never tentative`() {
    var bench = AutoconfigurationBench()
    let destination = IPv6Address("2001:db8::9")!
    bench.host.addresses = [own("2001:db8::1", .deprecated), own("2400::1")]
    #expect(bench.host.source(for: destination) == IPv6Address("2400::1")!)
    bench.host.addresses = [own("2001:db8::1", .tentative), own("2400::1", .deprecated)]
    #expect(bench.host.source(for: destination) == IPv6Address("2400::1")!)
    bench.host.addresses = [own("2001:db8::1", .tentative)]
    #expect(bench.host.source(for: destination) == nil)
  }
}
