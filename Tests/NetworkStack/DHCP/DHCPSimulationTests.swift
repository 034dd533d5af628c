import MachineTesting
import Platform
import Testing
import Wire

@testable import NetworkStack

/// A day with a server behind a bad wire: messages are lost, doubled, late and out of order.
@Suite struct `A DHCP client on a bad wire` {
  private struct Wire {
    var random: SeededEntropy
    var toClient: [(at: Instant, bytes: [UInt8])] = []
    var lossPercent: UInt64
    /// Percent of requests that a server refuses.
    var refusalPercent: UInt64 = 0

    /// A server's answers to what was sent.
    mutating func serve(_ action: DHCPAction, at now: Instant) {
      guard let sent = SentDHCP(action), sent.type == .discover || sent.type == .request else { return }
      var words = ServerWords()
      words.leaseSeconds = 600
      words.type = sent.type == .discover ? .offer : .ack
      if sent.type == .request, random.next() % 100 < refusalPercent { words.type = .nak }
      for _ in 0..<(random.next() % 10 == 0 ? 2 : 1) where random.next() % 100 >= lossPercent {
        let delay = Duration.milliseconds(Int64(random.next() % 3000))
        var bytes = words.bytes(transaction: sent.transaction)
        if random.next() % 20 == 0 {
          bytes[Int(random.next() % 300)] ^= UInt8(truncatingIfNeeded: random.next())
        }
        toClient.append((now + delay, bytes))
      }
    }
  }

  /// Runs until `end`; returns how many messages were sent, and for how long the address was ours.
  private func run(seed: UInt64, _ wire: inout Wire, until end: Instant, conflictPercent: UInt64 = 0) -> (
    sent: Int, ours: Duration
  ) {
    var bench = DHCPBench(seed: seed)
    var (sent, ours) = (0, Duration.zero)
    var configured: DHCPLease?
    var last = bench.now
    while bench.now < end {
      let arrival = wire.toClient.indices.min { wire.toClient[$0].at < wire.toClient[$1].at }
      let next = min(bench.client.nextDeadline, arrival.map { wire.toClient[$0].at } ?? .never, end)
      bench.now = max(next, bench.now)
      if configured != nil { ours += bench.now - last }
      last = bench.now
      if let arrival, wire.toClient[arrival].at <= bench.now {
        bench.hear(wire.toClient.remove(at: arrival).bytes)
      } else {
        bench.pass(.zero)
      }
      var actions = bench.actions
      while !actions.isEmpty {
        switch actions.removeFirst() {
        case .configure(let lease):
          #expect(lease.expiry > bench.now, "seed \(seed)")
          configured = lease
        case .deconfigure:
          #expect(configured != nil, "seed \(seed)")
          configured = nil
        case .probe:
          #expect(configured == nil, "seed \(seed)")
          let isTaken = wire.random.next() % 100 < conflictPercent
          actions +=
            isTaken ? bench.client.addressIsTaken(at: bench.now) : bench.client.addressIsFree(at: bench.now)
        case .send(let payload, let source, let destination):
          sent += 1
          wire.serve(.send(payload, source: source, destination: destination), at: bench.now)
        }
      }
      // The address is configured exactly while the lease says so.
      #expect(configured == (bench.client.state == .checking ? nil : bench.client.lease), "seed \(seed)")
      if let configured { #expect(bench.now < configured.expiry, "seed \(seed)") }
      #expect(bench.client.nextDeadline > bench.now || bench.client.state == .bound, "seed \(seed)")
    }
    return (sent, ours)
  }

  @Test(arguments: 0..<20 as Range<UInt64>) func `has its address nearly all day`(seed: UInt64) {
    var wire = Wire(random: SeededEntropy(seed: seed), lossPercent: 30)
    let end = DHCPBench.start + .seconds(86400)
    let (sent, ours) = run(seed: seed, &wire, until: end)
    #expect(ours > .seconds(80000) && sent < 2000, "seed \(seed): \(ours), \(sent)")
  }

  @Test(arguments: 0..<10 as Range<UInt64>)
  func `asks no more than once a minute for long when every request is refused`(seed: UInt64) {
    var wire = Wire(random: SeededEntropy(seed: seed), lossPercent: 0, refusalPercent: 100)
    let end = DHCPBench.start + .seconds(86400)
    let (sent, ours) = run(seed: seed, &wire, until: end)
    // A search and a request each time, and a few repetitions for what is late.
    #expect(ours == .zero && sent < 86400 / 60 * 3, "seed \(seed): \(sent)")
  }

  @Test(arguments: 0..<10 as Range<UInt64>) func `survives refusals, conflicts and losses together`(
    seed: UInt64
  ) {
    var wire = Wire(random: SeededEntropy(seed: seed), lossPercent: 50, refusalPercent: 20)
    let end = DHCPBench.start + .seconds(86400)
    let (sent, ours) = run(seed: seed, &wire, until: end, conflictPercent: 30)
    #expect(ours > .seconds(20000) && sent < 4000, "seed \(seed): \(ours), \(sent)")
  }

  @Test(arguments: 0..<5 as Range<UInt64>) func `is not moved by noise`(seed: UInt64) {
    let random = SeededEntropy(seed: seed)
    var bench = DHCPBench(seed: seed)
    bench.wait()
    for _ in 0..<1000 {
      bench.hear((0..<Int(random.next() % 400)).map { _ in UInt8(truncatingIfNeeded: random.next()) })
      #expect(bench.actions.isEmpty)
    }
    #expect(bench.client.refusals[.malformed] == 1000 && bench.client.state == .selecting)
  }
}
