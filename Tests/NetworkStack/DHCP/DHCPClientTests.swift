import Platform
import Testing
import Wire

@testable import NetworkStack

@Suite struct `A DHCP client` {
  @Test func `asks everybody, takes the first offer, and has the address once nobody else answers for it`()
    throws
  {
    var bench = DHCPBench()
    #expect(bench.client.nextDeadline == bench.now && bench.client.state == .initial)
    bench.wait()
    let discover = try #require(bench.sent)
    #expect(discover.type == .discover && discover.wantsBroadcast && discover.seconds == 0)
    #expect(discover.source == .unspecified && discover.destination == .broadcast)
    #expect(discover.clientAddress == .unspecified && discover.requested == nil && discover.server == nil)
    #expect(bench.client.state == .selecting)

    bench.hear(.offer)
    let request = try #require(bench.sent)
    #expect(request.type == .request && request.transaction == discover.transaction)
    #expect(request.requested == DHCPBench.address && request.server == DHCPBench.server)
    #expect(request.source == .unspecified && request.destination == .broadcast)
    #expect(request.clientAddress == .unspecified && bench.client.state == .requesting)

    bench.hear(.ack)
    #expect(bench.actions == [.probe(DHCPBench.address)] && bench.client.state == .checking)
    bench.actions = bench.client.addressIsFree(at: bench.now)
    let lease = try #require(bench.client.lease)
    #expect(bench.actions == [.configure(lease)] && bench.client.state == .bound)
    #expect(lease.address == DHCPBench.address && lease.server == DHCPBench.server)
    #expect(lease.network.description == "10.0.0.0/24" && lease.mtu == 1500)
    #expect(lease.router == IPv4Address(10, 0, 0, 1))
    #expect(lease.domainNameServers == [IPv6Address(mapped: IPv4Address(10, 0, 0, 53))])
    #expect(lease.expiry == DHCPBench.start + .seconds(3600))
    #expect(lease.renewal == DHCPBench.start + .seconds(1800))
    #expect(lease.rebinding == DHCPBench.start + .seconds(3150))
    #expect(bench.client.refusals.total == 0)
  }

  @Test func `waits 4, 8, 16, 32, 64, 64 s, give or take one, while nobody answers`() {
    var spread = Set<Duration>()
    for seed in 0..<20 as Range<UInt64> {
      var bench = DHCPBench(seed: seed)
      bench.wait()
      for seconds in [4, 8, 16, 32, 64, 64, 64] {
        let waited = bench.wait()
        #expect(waited >= .seconds(seconds - 1) && waited <= .seconds(seconds + 1), "seed \(seed)")
        #expect(bench.sent?.type == .discover)
        spread.insert(waited)
      }
    }
    #expect(spread.count == 140)
  }

  @Test func `keeps the exchange while it repeats, and says how long it has tried`() throws {
    var bench = DHCPBench()
    bench.wait()
    let first = try #require(bench.sent)
    bench.wait()
    let second = try #require(bench.sent)
    #expect(second.transaction == first.transaction && (3...5).contains(second.seconds))
    bench.pass(.seconds(1))
    bench.hear(.offer)
    #expect(bench.sent?.seconds == second.seconds)
  }

  @Test func `does nothing before its deadline`() {
    var bench = DHCPBench()
    bench.wait()
    bench.pass(.seconds(2))
    #expect(bench.actions.isEmpty && bench.client.state == .selecting)
  }

  @Test func `searches again when 4 requests for an offer were not answered`() {
    var bench = DHCPBench()
    bench.wait()
    bench.hear(.offer)
    let exchange = bench.client.transaction
    for _ in 1..<DHCPClient.maximumRequestCount {
      bench.wait()
      #expect(bench.sent?.type == .request)
    }
    bench.wait()
    #expect(bench.sent?.type == .discover && bench.client.state == .selecting)
    #expect(bench.client.transaction != exchange)
  }

  @Test func `asks for its previous address first, naming no server`() {
    var bench = DHCPBench(previousAddress: DHCPBench.address)
    bench.wait()
    #expect(bench.client.state == .rebooting && bench.sent?.type == .request)
    #expect(bench.sent?.requested == DHCPBench.address && bench.sent?.server == nil)
    #expect(bench.sent?.clientAddress == .unspecified && bench.sent?.destination == .broadcast)
    bench.hear(.ack)
    #expect(bench.actions == [.probe(DHCPBench.address)])
  }

  @Test func `searches when nobody knows its previous address, or somebody refuses it`() {
    var silent = DHCPBench(previousAddress: DHCPBench.address)
    for _ in 0..<DHCPClient.maximumRebootRequestCount {
      silent.wait()
      #expect(silent.sent?.type == .request)
    }
    silent.wait()
    #expect(silent.sent?.type == .discover)

    var refused = DHCPBench(previousAddress: DHCPBench.address)
    refused.wait()
    refused.hear(.nak)
    #expect(refused.sent?.type == .discover && refused.client.state == .selecting)
  }

  @Test func `ignores a previous address that no host can have`() {
    var bench = DHCPBench(previousAddress: IPv4Address(224, 0, 0, 1))
    bench.wait()
    #expect(bench.sent?.type == .discover)
  }

  @Test func `renews with its server at T1, and keeps the address longer`() throws {
    var bench = DHCPBench()
    bench.bind()
    #expect(bench.wait() == .seconds(1800))
    #expect(bench.client.state == .renewing)
    let renew = try #require(bench.sent)
    #expect(renew.type == .request && renew.source == DHCPBench.address)
    #expect(renew.destination == DHCPBench.server && renew.clientAddress == DHCPBench.address)
    #expect(renew.requested == nil && renew.server == nil && !renew.wantsBroadcast)
    bench.pass(.seconds(1))
    bench.hear(.ack) { $0.leaseSeconds = 7200 }
    let lease = try #require(bench.client.lease)
    #expect(bench.actions == [.configure(lease)] && bench.client.state == .bound)
    // Counted from the request, not from the answer.
    #expect(lease.expiry == bench.now + .seconds(7199))
  }

  @Test func `repeats a renewal after half of what is left, but not within a minute`() {
    var bench = DHCPBench()
    bench.bind()
    bench.wait()
    // 1350 s from T1 to T2: 675, 337.5, 168.75, 84.375, then a minute; T2 cuts the last.
    let waits = (0..<5).map { _ in bench.wait() }
    #expect(
      waits == [
        .seconds(675), .milliseconds(337_500), .milliseconds(168_750), .milliseconds(84_375), .seconds(60),
      ])
    #expect(bench.client.state == .renewing)
    bench.wait()
    #expect(bench.now == DHCPBench.start + .seconds(3150) && bench.client.state == .rebinding)
  }

  @Test func `asks any server from T2 on, and takes the answer of another`() throws {
    var bench = DHCPBench()
    bench.bind()
    bench.pass(.seconds(3150))
    #expect(bench.client.state == .rebinding)
    let rebind = try #require(bench.sent)
    #expect(rebind.destination == .broadcast && rebind.source == DHCPBench.address)
    #expect(rebind.clientAddress == DHCPBench.address && rebind.server == nil)
    bench.hear(.ack) { $0.server = IPv4Address(10, 0, 0, 3) }
    #expect(bench.client.state == .bound && bench.client.lease?.server == IPv4Address(10, 0, 0, 3))
  }

  @Test func `gives the address up when the lease ends, and searches`() {
    var bench = DHCPBench()
    bench.bind()
    while bench.client.state != .selecting { bench.wait() }
    #expect(bench.now == DHCPBench.start + .seconds(3600))
    #expect(bench.actions.first == .deconfigure && bench.actions.count == 2)
    #expect(bench.sent?.type == .discover && bench.client.lease == nil)
  }

  @Test func `goes straight to the right state after a long sleep`() {
    for (seconds, state) in [(1900, DHCPState.renewing), (3200, .rebinding), (4000, .selecting)] {
      var bench = DHCPBench()
      bench.bind()
      bench.pass(.seconds(seconds))
      #expect(bench.client.state == state)
    }
  }

  @Test func `never asks again when the lease is for ever`() {
    var bench = DHCPBench()
    bench.bind { $0.leaseSeconds = .max }
    #expect(bench.client.lease?.expiry == .never && bench.client.nextDeadline == .never)
    bench.pass(.seconds(100_000_000))
    #expect(bench.actions.isEmpty && bench.client.state == .bound)
  }

  @Test func `gives its address back when it stops, and is silent ever after`() throws {
    var bench = DHCPBench()
    bench.bind()
    bench.actions = bench.client.release(at: bench.now)
    let release = try #require(SentDHCP(bench.actions.first))
    #expect(release.type == .release && release.clientAddress == DHCPBench.address)
    #expect(release.source == DHCPBench.address && release.destination == DHCPBench.server)
    #expect(release.server == DHCPBench.server && release.requested == nil)
    #expect(bench.actions.last == .deconfigure && bench.client.nextDeadline == .never)
    #expect(bench.client.release(at: bench.now).isEmpty && bench.client.addressIsTaken(at: bench.now).isEmpty)
    bench.hear(.ack)
    bench.hear(.offer)
    #expect(bench.actions.isEmpty && bench.client.state == .stopped)
  }

  @Test func `stops without a word when it has no address`() {
    var bench = DHCPBench()
    bench.wait()
    #expect(bench.client.release(at: bench.now).isEmpty && bench.client.state == .stopped)
  }

  @Test func `declines an address that somebody has, and starts again after 10 s`() throws {
    var bench = DHCPBench()
    bench.wait()
    bench.hear(.offer)
    bench.hear(.ack)
    bench.actions = bench.client.addressIsTaken(at: bench.now)
    #expect(bench.actions.count == 1)
    let decline = try #require(bench.sent)
    #expect(decline.type == .decline && decline.requested == DHCPBench.address)
    #expect(decline.server == DHCPBench.server && decline.clientAddress == .unspecified)
    #expect(decline.source == .unspecified && decline.destination == .broadcast)
    #expect(bench.client.lease == nil)
    #expect(bench.wait() == .nanoseconds(DHCPClient.declineWait) && bench.sent?.type == .discover)
  }

  @Test func `gives up an address in use that somebody takes`() {
    var bench = DHCPBench()
    bench.bind()
    bench.actions = bench.client.addressIsTaken(at: bench.now)
    #expect(bench.actions.first == .deconfigure && bench.sent?.type == .decline)
  }

  @Test func `searches anew when nobody says in time whether an address is free`() {
    var bench = DHCPBench()
    bench.wait()
    bench.hear(.offer)
    bench.hear(.ack)
    bench.wait()
    #expect(bench.actions.count == 1 && bench.sent?.type == .discover)
  }

  @Test func `starts again at once after the first refusal, and ever later after more`() {
    var bench = DHCPBench()
    bench.wait()
    var waits: [Duration] = []
    for _ in 0..<8 {
      bench.hear(.offer)
      bench.hear(.nak)
      let before = bench.now
      while bench.client.state != .selecting { bench.wait() }
      waits.append(bench.now - before)
    }
    #expect(waits[0] == .zero && bench.client.negativeAcknowledgementCount == 8)
    for (wait, seconds) in zip(waits.dropFirst(), [4, 8, 16, 32, 64, 64, 64]) {
      #expect(wait >= .seconds(seconds - 1) && wait <= .seconds(seconds + 1))
    }
    bench.bind()
    bench.wait()
    bench.hear(.nak)
    #expect(bench.actions.first == .deconfigure && bench.sent?.type == .discover)
  }

  @Test func `tells its name and keeps messages within what relays take`() throws {
    var bench = DHCPBench { $0.hostName = String(repeating: "n", count: 63) }
    bench.wait()
    guard case .send(let payload, _, _) = bench.actions.first else {
      Issue.record("nothing sent")
      return
    }
    let message = try DHCPv4Message(validating: payload.span.bytes)
    let name = message.option(.hostName)?.byteCount
    let identifier = message.option(.clientIdentifier)?.byteCount
    #expect(name == 63 && identifier == 7)
    #expect((DHCPv4Header.minimumMessageByteCount...548).contains(payload.count))
  }

  @Test func `asks for unicast answers when it is told to`() {
    var bench = DHCPBench { $0.wantsBroadcast = false }
    bench.wait()
    #expect(bench.sent?.wantsBroadcast == false)
  }
}
