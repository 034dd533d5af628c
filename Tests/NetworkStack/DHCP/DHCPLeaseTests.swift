import Platform
import Testing
import Wire

@testable import NetworkStack

@Suite struct `What a DHCP server says` {
  /// The lease of a bound client, or why the offer was refused.
  private func offered(_ change: (inout ServerWords) -> Void) -> (DHCPLease?, DHCPRefusal?) {
    var bench = DHCPBench()
    bench.wait()
    bench.hear(.offer, change)
    let refusal = DHCPRefusal.allCases.first { bench.client.refusals[$0] > 0 }
    #expect((bench.client.state == .requesting) == (refusal == nil))
    #expect(bench.client.refusals.total <= 1)
    if refusal != nil { return (nil, refusal) }
    bench.hear(.ack, change)
    return (bench.client.lease, nil)
  }

  @Test func `is refused without a lease, a server, a mask, or an address that a host can have`() {
    let wrong: [(DHCPRefusal, (inout ServerWords) -> Void)] = [
      (.badLease, { $0.leaseSeconds = nil }), (.badLease, { $0.leaseSeconds = 0 }),
      (.badServer, { $0.server = nil }), (.badServer, { $0.server = .unspecified }),
      (.badServer, { $0.server = .broadcast }), (.badServer, { $0.server = .loopback }),
      (.badMask, { $0.mask = nil }), (.badMask, { $0.mask = IPv4Address(255, 0, 255, 0) }),
      (.badMask, { $0.mask = IPv4Address(254, 0, 0, 0) }), (.badMask, { $0.mask = .unspecified }),
      (.badAddress, { $0.address = .unspecified }), (.badAddress, { $0.address = .broadcast }),
      (.badAddress, { $0.address = .loopback }), (.badAddress, { $0.address = IPv4Address(224, 0, 0, 5) }),
      (.badAddress, { $0.address = IPv4Address(240, 0, 0, 5) }),
      (.badAddress, { $0.address = IPv4Address(169, 254, 0, 5) }),
      (.badAddress, { $0.address = IPv4Address(10, 0, 0, 0) }),
      (.badAddress, { $0.address = IPv4Address(10, 0, 0, 255) }),
      (.badAddress, { $0.address = DHCPBench.server }),
      (.otherHardware, { $0.hardware = EthernetAddress(2, 0, 0, 0, 0, 9) }),
      (.notAReply, { $0.isReply = false }), (.unexpected, { $0.type = .ack }),
      (.unexpected, { $0.type = .nak }), (.unexpected, { $0.type = .discover }),
    ]
    for (reason, change) in wrong { #expect(offered(change).1 == reason) }
  }

  @Test func `counts only in the exchange that waits for it`() {
    var bench = DHCPBench()
    bench.hear(.offer)
    #expect(bench.client.refusals[.otherTransaction] == 1)
    bench.wait()
    bench.hear(.offer, transaction: bench.client.transaction ^ 1)
    #expect(bench.client.refusals[.otherTransaction] == 2 && bench.client.state == .selecting)
    bench.hear([1, 2, 3])
    #expect(bench.client.refusals[.malformed] == 1)
    bench.bind()
    bench.hear(.ack)
    bench.hear(.nak)
    bench.hear(.offer)
    #expect(bench.client.refusals[.unexpected] == 3 && bench.client.state == .bound)
  }

  @Test func `counts only from the server that was asked`() {
    let other = IPv4Address(10, 0, 0, 9)
    var bench = DHCPBench()
    bench.wait()
    bench.hear(.offer)
    bench.hear(.ack) { $0.server = other }
    bench.hear(.nak) { $0.server = other }
    #expect(bench.client.refusals[.otherServer] == 2 && bench.client.state == .requesting)
    bench.hear(.nak) { $0.server = nil }
    #expect(bench.client.refusals[.badServer] == 1)
    bench.hear(.ack)
    _ = bench.client.addressIsFree(at: bench.now)
    bench.wait()
    bench.hear(.ack) { $0.server = other }
    bench.hear(.nak) { $0.server = other }
    #expect(bench.client.refusals[.otherServer] == 4 && bench.client.state == .renewing)
  }

  @Test func `cannot change the address that was asked for`() {
    let other = IPv4Address(10, 0, 0, 51)
    var bench = DHCPBench()
    bench.wait()
    bench.hear(.offer)
    bench.hear(.ack) { $0.address = other }
    #expect(bench.client.refusals[.otherAddress] == 1 && bench.client.state == .requesting)
    bench.hear(.ack)
    _ = bench.client.addressIsFree(at: bench.now)
    bench.wait()
    bench.hear(.ack) { $0.address = other }
    #expect(bench.client.refusals[.otherAddress] == 2 && bench.client.lease?.address == DHCPBench.address)
  }

  @Test func `is too late when the lease has ended already`() {
    var bench = DHCPBench()
    bench.wait()
    bench.hear(.offer) { $0.leaseSeconds = 30 }
    while bench.now < DHCPBench.start + .seconds(50) { bench.pass(.seconds(1)) }
    #expect(bench.client.state == .requesting)
    bench.hear(.ack) { $0.leaseSeconds = 30 }
    #expect(bench.client.refusals[.expired] == 1 && bench.client.state == .requesting)
  }

  @Test func `cannot make a lease shorter than half a minute`() {
    for seconds in 1...DHCPLease.minimumLeaseSeconds {
      let (lease, _) = offered { $0.leaseSeconds = seconds }
      #expect(lease?.renewal == DHCPBench.start + .seconds(15))
      #expect(lease?.expiry == DHCPBench.start + .seconds(30))
    }
    let (longer, _) = offered { $0.leaseSeconds = DHCPLease.minimumLeaseSeconds + 2 }
    #expect(longer?.expiry == DHCPBench.start + .seconds(32))
  }

  @Test func `sets T1 and T2 when they stand in order and not too near`() {
    func times(_ first: UInt32?, _ second: UInt32?) -> [Duration] {
      let (lease, _) = offered { ($0.renewalSeconds, $0.rebindingSeconds) = (first, second) }
      return lease.map { [$0.renewal - DHCPBench.start, $0.rebinding - DHCPBench.start] } ?? []
    }
    let standard: [Duration] = [.seconds(1800), .seconds(3150)]
    #expect(times(nil, nil) == standard)
    #expect(times(100, 200) == [.seconds(100), .seconds(200)])
    #expect(times(15, 200) == [.seconds(15), .seconds(200)])
    #expect(times(900, nil) == [.seconds(900), .seconds(3150)])
    #expect(times(nil, 2000) == [.seconds(1800), .seconds(2000)])
    for (first, second) in [(0, 0), (14, 200), (200, 100), (100, 100), (100, 3600), (4000, 5000)]
      as [(UInt32, UInt32)]
    {
      #expect(times(first, second) == standard)
    }
  }

  @Test func `sets an MTU between 576 and the device's`() {
    for (offered, used) in [
      (nil, 1500), (0, 1500), (68, 1500), (575, 1500), (576, 576), (1400, 1400), (1500, 1500), (9000, 1500),
    ] as [(UInt16?, Int)] {
      #expect(self.offered { $0.mtu = offered }.0?.mtu == used)
    }
  }

  @Test func `names the first router that lies within the network`() {
    let outside = [
      IPv4Address(10, 0, 1, 1), .unspecified, .broadcast, .loopback, IPv4Address(10, 0, 0, 255),
      IPv4Address(10, 0, 0, 0), DHCPBench.address,
    ]
    let inside = (1...6).map { IPv4Address(10, 0, 0, $0) }
    let (none, _) = offered { $0.routers = outside }
    #expect(none != nil && none?.router == nil)
    #expect(offered { $0.routers = outside + inside }.0?.router == inside[0])
  }

  @Test func `names resolvers that are hosts, and 3 at most`() {
    let wrong = [IPv4Address.unspecified, .broadcast, .loopback, IPv4Address(224, 0, 0, 251)]
    let right = (1...5).map { IPv4Address(192, 0, 2, $0) }
    #expect(offered { $0.resolvers = [] }.0?.domainNameServers == [])
    #expect(
      offered { $0.resolvers = wrong + right }.0?.domainNameServers
        == right.prefix(DHCPLease.maximumResolverCount).map { IPv6Address(mapped: $0) })
  }

  @Test func `may give a network of two hosts, or of one`() {
    let (pair, _) = offered {
      $0.mask = IPv4Address(255, 255, 255, 254)
      $0.routers = [IPv4Address(10, 0, 0, 51)]
    }
    #expect(pair?.router == IPv4Address(10, 0, 0, 51))
    let (one, _) = offered { $0.mask = .broadcast }
    #expect(one?.network.prefixLength == 32 && one?.router == nil)
  }

  @Test func `is read without a trap whichever bit is flipped`() {
    for type in [DHCPv4MessageType.offer, .ack, .nak] {
      var bench = DHCPBench()
      bench.wait()
      if type != .offer { bench.hear(.offer) }
      var words = ServerWords()
      words.type = type
      (words.mtu, words.renewalSeconds, words.rebindingSeconds) = (1400, 100, 200)
      let bytes = words.bytes(transaction: bench.client.transaction)
      for bit in 0..<bytes.count * 8 {
        var flipped = bytes
        flipped[bit / 8] ^= 1 << UInt8(bit % 8)
        var copy = bench
        copy.hear(flipped)
        guard let lease = copy.client.lease else { continue }
        #expect(lease.address.isAssignable && lease.network.mayHold(host: lease.address), "bit \(bit)")
        #expect(
          (576...1500).contains(lease.mtu) && lease.renewal < lease.expiry || lease.expiry == .never,
          "bit \(bit)")
      }
      for count in 0..<bytes.count {
        var copy = bench
        copy.hear(Array(bytes[..<count]))
      }
    }
  }
}
