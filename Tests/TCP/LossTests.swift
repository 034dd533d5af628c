import Testing
import Wire

@testable import TCP

@Suite struct `A loss` {
  static let full = 1460

  /// A connection with `count` full segments in flight; the first begins at 1.
  private func flight(
    _ count: Int, _ offer: Script.Offer = .plain, more: Int = 0,
    _ configuration: Configuration = Configuration()
  ) throws -> Script {
    var configuration = configuration
    configuration.initialWindowSegmentCount = count
    // Which halves the window; CUBIC has tests of its own.
    configuration.congestionAlgorithm = .newReno
    let script = try Script.established(offer, configuration)
    #expect(script.write((count + more) * Self.full) == (count + more) * Self.full)
    #expect(script.takeAll().count == count)
    return script
  }

  private func place(_ segment: Int) -> Int { 1 + segment * Self.full }

  // MARK: Without SACK: RFC 5681 §3.2, RFC 6582

  @Test func `is told by three duplicate ACKs, not by two`() throws {
    let script = try flight(10)
    try script.ack(1)
    try script.ack(1)
    script.expectNothing()
    try script.ack(1)
    script.expect(.ack, 1, count: Self.full)
    script.expectNothing()
    #expect(script.counters.fastRecoveries == 1)
  }

  @Test func `on the first two duplicate ACKs lets one new segment out each (RFC 3042)`() throws {
    for offer in [Script.Offer.plain, .sack] {
      let script = try flight(4, offer, more: 10)
      for index in 0..<2 {
        try script.ack(1, sack: offer.isSACKPermitted ? [place(1)..<place(2 + index)] : [])
        script.expect(.ack, place(4 + index), count: Self.full)
        script.expectNothing()
      }
    }
  }

  @Test func `is not told by ACKs that move the window, carry data, or when nothing is in flight`() throws {
    let script = try flight(10)
    for window in [60_000, 59_000, 58_000, 57_000] { try script.ack(1, window: window) }
    for index in 0..<5 { try script.data(1 + index, 1) }
    #expect(script.counters.fastRecoveries == 0)
    try script.ack(place(10))
    for _ in 0..<5 { try script.ack(place(10)) }
    #expect(script.counters.fastRecoveries == 0)
  }

  @Test func `halves the window, and each further duplicate ACK lets a segment out when it is large enough`()
    throws
  {
    let script = try flight(10, more: 10)
    for _ in 0..<3 { try script.ack(1) }
    #expect(script.connection.congestionWindowByteCount == 5 * Self.full)
    // Two by Limited Transmit, which does not count for ssthresh, and the one that was lost.
    #expect(script.takeAll().map(\.sequence) == [place(10), place(11), 1])
    // The window, inflated: 5 + duplicates; in flight: 12.
    for _ in 0..<4 { try script.ack(1) }
    script.expectNothing()
    try script.ack(1)
    script.expect(.ack, place(12), count: Self.full)
    script.expectNothing()
    try script.ack(place(12))
    #expect(script.connection.congestionWindowByteCount == 5 * Self.full)
    #expect(script.takeAll().map(\.sequence) == (13..<17).map(place))
  }

  @Test func `after a partial ACK is the next segment as well (RFC 6582 §3.2, step 3)`() throws {
    let script = try flight(10)
    for _ in 0..<3 { try script.ack(1) }
    script.expect(.ack, 1)
    try script.ack(place(4))
    script.expect(.ack, place(4), count: Self.full)
    script.expectNothing()
    try script.ack(place(7))
    script.expect(.ack, place(7), count: Self.full)
    try script.ack(place(10))
    script.expectNothing()
    #expect(script.connection.recovery.isOpen && script.connection.flightByteCount == 0)
  }

  @Test func `is not found by echoes of what was sent again for nothing (RFC 6582 §3.2, step 2)`() throws {
    let script = try flight(10)
    script.advance(milliseconds: 200)
    script.expect(.ack, 1)
    try script.ack(place(10))
    script.write(5 * Self.full)
    script.takeAll()
    for _ in 0..<5 { try script.ack(place(10)) }
    #expect(script.counters.fastRecoveries == 0)
    try script.ack(place(11))
    for _ in 0..<3 { try script.ack(place(11)) }
    #expect(script.counters.fastRecoveries == 1)
  }

  @Test func `is found also 2 GiB after the last one`() throws {
    let script = try flight(10)
    script.advance(milliseconds: 200)
    script.takeAll()
    try script.ack(place(10))
    script.write(Self.full)
    script.takeAll()
    try script.ack(place(11))
    // As far on as it would be after so many bytes.
    let distance = 1 << 31 + 1000
    script.connection.unacknowledged += distance
    script.connection.sendNext += distance
    script.connection.sendMaximum += distance
    let header = TCPHeader(
      sourcePort: 4321, destinationPort: 80, sequenceNumber: script.theirStart + 1,
      acknowledgementNumber: script.connection.unacknowledged, flags: .ack, window: 65535)
    let bytes = stream(5 * Self.full)
    _ = script.connection.send(bytes.span.bytes, at: script.now)
    while let segment = script.connection.nextSegment(at: script.now) {
      script.connection.didSend(segment, at: script.now)
    }
    for _ in 0..<3 {
      _ = try Datagram(header).parsed { script.connection.receive($0, at: script.now) }
    }
    #expect(script.counters.fastRecoveries == 1)
  }

  // MARK: With SACK: RFC 8985, RFC 6675

  @Test func `is told by three SACKed segments above it, even in one ACK`() throws {
    let script = try flight(10, .sack)
    try script.ack(1, sack: [place(1)..<place(3)])
    script.expectNothing()
    try script.ack(1, sack: [place(1)..<place(4)])
    script.expect(.ack, 1, count: Self.full)
    script.expectNothing()
  }

  @Test func `is not told by duplicate ACKs whose SACK says nothing new (RFC 6675 §2)`() throws {
    let script = try flight(10, .sack)
    for _ in 0..<10 { try script.ack(1, sack: [place(1)..<place(2)]) }
    for _ in 0..<10 { try script.ack(1) }
    #expect(script.counters.fastRecoveries == 0)
    script.expectNothing()
  }

  @Test func `is told by SACK that rides on data`() throws {
    let script = try flight(10, .sack)
    try script.peer(.ack, 1, stream(10), sack: [place(1)..<place(4)])
    script.expect(.ack, 1, ack: 11, count: Self.full)
  }

  @Test func `of several segments is repaired hole by hole as the pipe empties (RFC 8985 §6.2, RFC 6675 §5)`()
    throws
  {
    let script = try flight(10, .sack)
    // 0, 2 and 4 are lost. Half of 10 may be in the pipe.
    try script.ack(1, sack: [place(1)..<place(2)])
    try script.ack(1, sack: [place(3)..<place(4), place(1)..<place(2)])
    script.expectNothing()
    try script.ack(1, sack: [place(5)..<place(6), place(3)..<place(4), place(1)..<place(2)])
    script.expect(.ack, 1, count: Self.full)
    // 0, 2 and 4 were sent before 5, and the order is kept: lost. In the pipe are 6…9, and 0 again: 5 of 5.
    #expect(script.connection.pipeByteCount == 5 * Self.full)
    script.expectNothing()
    try script.ack(1, sack: [place(5)..<place(7), place(3)..<place(4), place(1)..<place(2)])
    script.expect(.ack, place(2), count: Self.full)
    script.expectNothing()
    try script.ack(1, sack: [place(5)..<place(8), place(3)..<place(4), place(1)..<place(2)])
    script.expect(.ack, place(4), count: Self.full)
    script.expectNothing()
    try script.ack(place(10))
    #expect(script.connection.recovery.isOpen && script.connection.congestionWindowByteCount == 5 * Self.full)
  }

  @Test func `is not sought among what may be late while there is new data (NextSeg rule 2)`() throws {
    let script = try flight(10, .sack, more: 2)
    try script.ack(1, sack: [place(1)..<place(2)])
    try script.ack(1, sack: [place(1)..<place(2), place(3)..<place(4)])
    #expect(script.takeAll().map(\.sequence) == [place(10), place(11)])
    try script.ack(1, sack: [place(1)..<place(2), place(3)..<place(4), place(5)..<place(6)])
    script.expect(.ack, 1)
    try script.ack(place(2), sack: [place(3)..<place(4), place(5)..<place(6)])
    let sequences = script.takeAll().map(\.sequence)
    #expect(sequences.allSatisfy { $0 == place(2) || $0 == place(4) })
  }

  @Test func `of the tail is repaired by one rescue retransmission (NextSeg rule 4)`() throws {
    let script = try flight(10, .sack)
    // 0 and 9 are lost.
    for index in 1..<9 { try script.ack(1, sack: [place(1)..<place(index + 1)]) }
    script.expect(.ack, 1)
    #expect(script.takeAll().map(\.sequence) == [place(9)])
    try script.ack(place(9))
    script.expectNothing()
    #expect(script.connection.recovery.hasRescued)
  }

  @Test func `of the tail is rescued also when nothing SACKed is left`() throws {
    let script = try flight(10, .sack)
    // 0 and 8 and 9 are lost: the ACK of 0 acknowledges all that was SACKed.
    try script.ack(1, sack: [place(1)..<place(4)])
    script.expect(.ack, 1)
    script.expectNothing()
    try script.ack(place(8))
    script.expect(.ack, place(9), count: Self.full)
    script.expectNothing()
  }

  @Test func `never sends again what was SACKed, but by the first segment`() throws {
    let script = try flight(20, .sack)
    try script.ack(1, sack: [place(5)..<place(7), place(10)..<place(20)])
    for _ in 0..<12 {
      for sent in script.takeAll() {
        let segment = (sent.sequence - 1) / Self.full
        #expect(!(5..<7).contains(segment) && segment < 10)
      }
      try script.ack(script.connection.unacknowledged - script.ourStart + Self.full)
    }
  }

  // MARK: RTO

  @Test func `told by RTO sets cwnd to one segment and sends the front (RFC 5681 §3.1)`() throws {
    let script = try flight(10)
    script.advance(milliseconds: 200)
    script.expect(.ack, 1, count: Self.full)
    script.expectNothing()
    #expect(script.connection.congestionWindowByteCount == Self.full)
    try script.ack(place(1))
    script.expect(.ack, place(1))
    script.expect(.ack, place(2))
    script.expectNothing()
    try script.ack(place(3))
    #expect(script.takeAll().count == 3)
  }

  @Test func `told by RTO leaves out what was SACKed`() throws {
    let script = try flight(10, .sack)
    try script.ack(1, sack: [place(2)..<place(4)])
    // RACK finds what is below soon; that is lost, too.
    script.advance(milliseconds: 1)
    script.expect(.ack, 1)
    script.expectNothing()
    script.advance(milliseconds: 200)
    script.expect(.ack, 1)
    try script.ack(place(1), sack: [place(2)..<place(4)])
    script.expect(.ack, place(1))
    script.expect(.ack, place(4))
    script.expectNothing()
  }

  @Test func `told by a second RTO sets cwnd to one segment again, but not ssthresh`() throws {
    let script = try flight(20)
    script.advance(milliseconds: 200)
    script.takeAll()
    for index in 1...4 { try script.ack(place(index)) }
    #expect(script.connection.congestionWindowByteCount == 5 * Self.full)
    script.takeAll()
    script.advance(milliseconds: 1000)
    let sent = script.takeAll()
    #expect(sent.map(\.sequence) == [place(4)] || sent.map(\.sequence) == [place(4), place(4)])
    #expect(script.connection.congestionWindowByteCount == Self.full)
    // Slow start up to the first RTO's ssthresh, 10.
    for index in 5...12 { try script.ack(place(index)) }
    #expect(script.connection.congestionWindowByteCount == 9 * Self.full)
  }

  @Test func `an ACK of much that was only waiting grows cwnd by one segment after RTO (RFC 3465 §2.3)`()
    throws
  {
    let script = try flight(40, Script.Offer(scale: 2, isSACKPermitted: true))
    // First the tail is probed, which begins the RTO anew.
    script.advance(milliseconds: 201)
    #expect(script.takeAll().map(\.sequence) == [place(39), 1])
    try script.ack(place(30))
    #expect(script.connection.congestionWindowByteCount == 2 * Self.full)
    #expect(script.takeAll().count == 2)
  }

  @Test func `of SACKed data that the peer threw away is found by RTO (reneging, RFC 2018 §8)`() throws {
    let script = try flight(10, .sack)
    try script.ack(1, sack: [place(1)..<place(10)])
    script.expect(.ack, 1)
    // The peer acknowledges the first only: what it had reported is gone.
    try script.ack(place(1))
    script.takeAll()
    script.advance(milliseconds: 200)
    script.expect(.ack, place(1), count: Self.full)
    var acknowledged = 1
    while acknowledged < 10 {
      acknowledged += 1
      try script.ack(place(acknowledged))
    }
    #expect(script.connection.flightByteCount == 0)
  }

  @Test func `of a retransmission is told by RTO`() throws {
    for offer in [Script.Offer.plain, .sack] {
      let script = try flight(10, offer)
      for index in 1..<10 {
        try script.ack(1, sack: offer.isSACKPermitted ? [place(1)..<place(index + 1)] : [])
      }
      script.takeAll()
      script.advance(milliseconds: 200)
      script.expect(.ack, 1)
    }
  }

  @Test func `of FIN is told by RTO`() throws {
    let script = try flight(1)
    try script.ack(place(1))
    script.finish()
    script.expect([.ack, .fin], place(1), count: 0)
    script.advance(milliseconds: 200)
    script.expect([.ack, .fin], place(1), count: 0)
    try script.ack(place(1) + 1)
    #expect(script.state == .finWait2)
  }

  @Test func `of the last segment before a FIN that had no room does not lose the FIN`() throws {
    // The window takes exactly the segment; FIN waits.
    let script = try Script.established(Script.Offer(window: Self.full))
    script.write(Self.full)
    script.expect(.ack, 1, count: Self.full)
    script.finish()
    script.expectNothing()
    script.advance(milliseconds: 200)
    let again = script.expect(.ack, 1, count: Self.full)
    #expect(again?.flags.contains(.fin) == false)
    try script.ack(place(1))
    script.expect([.ack, .fin], place(1), count: 0)
    try script.ack(place(1) + 1)
    #expect(script.state == .finWait2)
  }
}
