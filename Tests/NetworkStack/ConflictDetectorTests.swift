import Platform
import Testing
import Wire

@testable import NetworkStack

@Suite struct `A conflict detector` {
  typealias Action = ConflictDetector.Action

  private static let address = IPv4Address(10, 0, 0, 1)
  private static let here = EthernetAddress(2, 0, 0, 0, 0, 1)
  private static let there = EthernetAddress(2, 0, 0, 0, 0, 2)
  private static let probe = arp(here, .unspecified, address)
  private static let announcement = arp(here, address, address)

  private static func arp(
    _ hardware: EthernetAddress, _ sender: IPv4Address, _ target: IPv4Address,
    _ operation: ARPPacket.Operation = .request
  ) -> ARPPacket {
    ARPPacket(
      operation: operation, senderHardware: hardware, sender: sender, targetHardware: .zero, target: target)
  }

  private func detector(
    _ start: ConflictDetector.Start, _ persistence: ConflictDetector.Persistence = .yielding,
    random: UInt64 = 0
  ) -> ConflictDetector {
    ConflictDetector(
      address: Self.address, hardware: Self.here, start: start, persistence: persistence, random: random,
      at: at(seconds: 0))
  }

  /// What it does by itself until its last deadline, with the milliseconds.
  private func run(_ detector: inout ConflictDetector) -> [(Int, Action)] {
    var actions: [(Int, Action)] = []
    while detector.nextDeadline != .never {
      let now = detector.nextDeadline
      while let action = detector.advance(to: now) {
        actions.append((Int(now.nanoseconds / 1_000_000), action))
      }
    }
    return actions
  }

  @Test func `probes three times, waits, uses the address and announces it twice`() {
    var detector = detector(.probing)
    let actions = run(&detector)
    #expect(
      actions.map(\.1) == [
        .probe(Self.probe), .probe(Self.probe), .probe(Self.probe), .use, .announce(Self.announcement),
        .announce(Self.announcement),
      ])
    #expect(actions.map(\.0) == [0, 1000, 2000, 4000, 4000, 6000])
    #expect(Self.probe.isProbe && Self.announcement.isAnnouncement)
  }

  @Test func `spreads its probes by the random bits within the times of RFC 5227 §1-1`() {
    var detector = detector(.probing, random: .max)
    #expect(run(&detector).map(\.0) == [1000, 3000, 5000, 7000, 7000, 9000])
    var random = SeededNumbers(seed: 5227)
    for _ in 0..<100 {
      var other = self.detector(.probing, random: random.next())
      let times = run(&other).map(\.0)
      #expect((0...1000).contains(times[0]))
      #expect((1000...2000).contains(times[1] - times[0]) && (1000...2000).contains(times[2] - times[1]))
      #expect((1999...2000).contains(times[3] - times[2]))
    }
  }

  @Test func `does not use an address before it is probed`() {
    var detector = detector(.probing)
    #expect(!detector.isUsable)
    _ = detector.advance(to: at(seconds: 0))
    #expect(!detector.isUsable && detector.advance(to: at(milliseconds: 999)) == nil)
    _ = run(&detector)
    #expect(detector.isUsable)
  }

  @Test(arguments: [ARPPacket.Operation.request, .reply])
  func `gives up an address that another host is heard with while probing`(operation: ARPPacket.Operation) {
    var detector = detector(.probing)
    _ = detector.advance(to: at(seconds: 0))
    let packet = Self.arp(Self.there, Self.address, IPv4Address(10, 0, 0, 9), operation)
    #expect(detector.receive(packet, at: at(seconds: 1)) == .giveUp(to: Self.there))
    #expect(!detector.isUsable && detector.nextDeadline == .never)
    #expect(detector.advance(to: at(seconds: 100)) == nil)
    #expect(detector.receive(packet, at: at(seconds: 101)) == nil)
  }

  @Test func `gives up an address that another host probes at the same time`() {
    var detector = detector(.probing)
    let packet = Self.arp(Self.there, .unspecified, Self.address)
    #expect(detector.receive(packet, at: at(milliseconds: 1)) == .giveUp(to: Self.there))
  }

  @Test func `takes its own packets for no conflict`() {
    var detector = detector(.probing)
    #expect(detector.receive(Self.probe, at: at(milliseconds: 1)) == nil)
    _ = run(&detector)
    #expect(detector.receive(Self.announcement, at: at(seconds: 50)) == nil)
    #expect(detector.conflictCount == 0)
  }

  @Test func `takes requests for its address, and probes once it is in use, for no conflict`() {
    var detector = detector(.probing)
    #expect(
      detector.receive(Self.arp(Self.there, IPv4Address(10, 0, 0, 2), Self.address), at: at(seconds: 0))
        == nil)
    _ = run(&detector)
    #expect(detector.receive(Self.arp(Self.there, .unspecified, Self.address), at: at(seconds: 50)) == nil)
  }

  @Test func `defends an address once in ten seconds and then gives it up`() {
    var detector = detector(.probing)
    _ = run(&detector)
    let packet = Self.arp(Self.there, Self.address, Self.address)
    let defence = Action.defend(Self.announcement, against: Self.there)
    #expect(detector.receive(packet, at: at(seconds: 20)) == defence)
    #expect(detector.receive(packet, at: at(seconds: 30)) == defence)
    #expect(detector.isUsable)
    #expect(detector.receive(packet, at: at(milliseconds: 39_999)) == .giveUp(to: Self.there))
    #expect(!detector.isUsable && detector.conflictCount == 3)
  }

  @Test func `keeps an address that it must keep, and still defends it once in ten seconds only`() {
    var detector = detector(.probing, .keeping)
    _ = run(&detector)
    let packet = Self.arp(Self.there, Self.address, Self.address)
    let actions = (20..<45).map { detector.receive(packet, at: at(seconds: $0)) }
    let defences = actions.indices.filter { actions[$0] != nil }
    #expect(defences == [0, 10, 20])
    #expect(detector.isUsable && detector.conflictCount == 25)
  }

  @Test func `uses an address at once when optimistic, with a probe and announcements`() {
    var detector = detector(.optimistic)
    let actions = run(&detector)
    #expect(
      actions.map(\.1) == [
        .use, .probe(Self.probe), .announce(Self.announcement), .announce(Self.announcement),
      ])
    #expect(actions.map(\.0) == [0, 0, 0, 2000])
  }

  @Test func `gives an optimistic address to whoever had it first`() {
    var detector = detector(.optimistic)
    while detector.advance(to: at(seconds: 0)) != nil {}
    #expect(detector.isUsable)
    let reply = Self.arp(Self.there, Self.address, .unspecified, .reply)
    #expect(detector.receive(reply, at: at(milliseconds: 1)) == .giveUp(to: Self.there))
    #expect(!detector.isUsable)
  }

  @Test func `defends an optimistic address after it was announced`() {
    var detector = detector(.optimistic)
    _ = run(&detector)
    let packet = Self.arp(Self.there, Self.address, Self.address)
    #expect(
      detector.receive(packet, at: at(seconds: 3)) == .defend(Self.announcement, against: Self.there))
  }

  @Test func `does not give up an optimistic address that it must keep`() {
    var detector = detector(.optimistic, .keeping)
    while detector.advance(to: at(seconds: 0)) != nil {}
    let packet = Self.arp(Self.there, Self.address, .unspecified, .reply)
    #expect(
      detector.receive(packet, at: at(milliseconds: 1)) == .defend(Self.announcement, against: Self.there))
    #expect(detector.isUsable)
  }

  @Test func `tries new addresses once a minute after ten conflicts`() {
    #expect(ConflictDetector.delay(afterConflicts: 9) == 0)
    #expect(ConflictDetector.delay(afterConflicts: 10) == 60_000_000_000)
  }
}
