import Testing
import Wire

@testable import TCP

@Suite struct `A recovery for nothing (RFC 3708)` {
  @Test func `is undone when all that was sent again is reported as duplicate`() throws {
    let path = try MeasuredPath(10)
    path.script.advance(milliseconds: 40)
    // 0 and 1 are not lost, only very late.
    try path.ack(0, sack: 2..<10)
    #expect(path.sent() == [0, 1])
    #expect(path.script.connection.congestionWindowByteCount == 7 * MeasuredPath.full)
    path.script.advance(milliseconds: 20)
    try path.ack(10)
    #expect(path.script.connection.recovery.isOpen)
    path.script.advance(milliseconds: 20)
    try path.ack(10, sack: 0..<1)
    #expect(path.script.connection.congestionWindowByteCount == 7 * MeasuredPath.full)
    try path.ack(10, sack: 1..<2)
    #expect(path.script.connection.congestionWindowByteCount == 10 * MeasuredPath.full)
    #expect(path.script.counters.recoveriesUndone == 1)
    // Only once.
    try path.ack(10, sack: 1..<2)
    #expect(path.script.counters.recoveriesUndone == 1)
  }

  @Test func `is not undone when one of several was lost`() throws {
    let path = try MeasuredPath(10)
    path.script.advance(milliseconds: 40)
    try path.ack(0, sack: 2..<10)
    try path.ack(10)
    try path.ack(10, sack: 0..<1)
    #expect(path.script.counters.recoveriesUndone == 0)
  }

  @Test func `is not undone by a report of what was sent before it`() throws {
    let path = try MeasuredPath(10)
    path.script.advance(milliseconds: 40)
    try path.ack(2, sack: 3..<10)
    #expect(path.sent() == [2])
    try path.ack(10)
    try path.ack(10, sack: 0..<1)
    #expect(path.script.counters.duplicatesReported == 1 && path.script.counters.recoveriesUndone == 0)
    try path.ack(10, sack: 2..<3)
    #expect(path.script.counters.recoveriesUndone == 1)
  }

  @Test func `ends at once, and what was thought lost is in the network again`() throws {
    let path = try MeasuredPath(10, more: 20)
    path.script.advance(milliseconds: 40)
    try path.ack(0, sack: 4..<6)
    path.script.advance(milliseconds: 10)
    #expect(path.sent().contains(0))
    #expect(!path.script.connection.recovery.isOpen)
    let sentAgain = Int(path.script.counters.retransmissions)
    // Both copies of what was sent again have arrived.
    for segment in 0..<sentAgain { try path.ack(sentAgain, sack: segment..<segment + 1, 4..<10) }
    #expect(path.script.connection.recovery.isOpen && path.script.connection.sentLog.lostByteCount == 0)
    #expect(path.script.connection.congestionWindowByteCount >= 10 * MeasuredPath.full)
  }

  @Test func `makes the reordering window grow once a round trip, for sixteen recoveries (RFC 8985 §6.2)`() {
    var rack = Rack()
    rack.begin(at: SequenceNumber(0))
    rack.duplicateReported(SequenceNumber(1000), sent: SequenceNumber(5000))
    rack.duplicateReported(SequenceNumber(4999), sent: SequenceNumber(8000))
    #expect(rack.windowFactor == 2)
    rack.duplicateReported(SequenceNumber(5000), sent: SequenceNumber(8000))
    #expect(rack.windowFactor == 3)
    for _ in 0..<16 { rack.recoveryEnded() }
    #expect(rack.windowFactor == 3)
    rack.recoveryEnded()
    #expect(rack.windowFactor == 1)
  }

  @Test func `is followed by more patience, but no more than a round trip`() throws {
    let path = try MeasuredPath(10)
    path.script.advance(milliseconds: 40)
    try path.ack(0, sack: 1..<10)
    #expect(path.sent() == [0])
    try path.ack(10)
    try path.ack(10, sack: 0..<1)
    #expect(path.script.counters.recoveriesUndone == 1)
    let rack = path.script.connection.rack
    #expect(rack.isReorderingSeen && rack.windowFactor == 2)
    #expect(rack.reorderingWindow(isSure: true, smoothed: 40_000_000) == 20_000_000)
    #expect(rack.reorderingWindow(isSure: true, smoothed: 15_000_000) == 15_000_000)
  }

  @Test func `gives back window, threshold and plateau`() {
    var cubic = CongestionController(segmentByteCount: 1000, initialWindow: 100_000)
    cubic.foundLoss(inFlight: 100_000)
    cubic.repairedLoss()
    cubic.undoLoss()
    #expect(cubic.window == 100_000)
    cubic.acknowledged(1000)
    #expect(cubic.window == 101_000)
    var reno = CongestionController(.newReno, segmentByteCount: 1000, initialWindow: 10_000)
    reno.foundLoss(inFlight: 10_000)
    reno.undoLoss()
    reno.acknowledged(1000)
    #expect(reno.window == 11_000)
  }
}

@Suite struct `An RTO for nothing (RFC 3522)` {
  /// Ten segments in flight, of which the RTO passed though nothing was lost; the front was sent again. Returns TSval
  /// of the first copies, too.
  private func delayed(_ offer: Script.Offer) throws -> (script: Script, first: UInt32) {
    let script = try Script.established(offer)
    script.advance(milliseconds: 5)
    script.write(30_000)
    let first = script.lastTimestamp
    let count = script.takeAll().count
    #expect(count == 10)
    script.advance(milliseconds: 1100)
    #expect(script.counters.timeouts >= 1 && script.connection.congestionWindowByteCount == 1448)
    script.takeAll()
    return (script, first)
  }

  private func place(_ segment: Int) -> Int { 1 + segment * 1448 }

  @Test(arguments: [Script.Offer.timestamps, .all])
  func `is undone when the ACK echoes the first copy, and new data follows`(_ offer: Script.Offer) throws {
    let (script, first) = try delayed(offer)
    let timeoutBefore = script.connection.retransmission.timeout
    try script.peer(.ack, ack: place(1), echo: first)
    #expect(script.counters.recoveriesUndone == 1 && script.connection.recovery.isOpen)
    #expect(script.connection.congestionWindowByteCount >= 10 * 1448)
    // Nothing else is sent again.
    #expect(script.takeAll().allSatisfy { $0.sequence >= place(10) })
    // RFC 4015 §3.3: the RTO covers what was just seen.
    #expect(script.smoothed >= 1_000_000_000 || script.smoothed == 0)
    #expect(script.connection.retransmission.timeout <= max(timeoutBefore, 4_000_000_000))
    try script.peer(.ack, ack: place(10), echo: first)
    #expect(script.counters.retransmissions <= 2)
  }

  @Test func `is not undone when it echoes what was sent again`() throws {
    let (script, _) = try delayed(.all)
    try script.ack(place(1))
    #expect(script.counters.recoveriesUndone == 0 && !script.connection.recovery.isOpen)
    #expect(script.takeAll().first?.sequence == place(1))
  }

  @Test func `is judged once, by the first ACK that moves on`() throws {
    let (script, first) = try delayed(.all)
    try script.ack(place(1))
    try script.peer(.ack, ack: place(2), echo: first)
    #expect(script.counters.recoveriesUndone == 0)
  }

  @Test func `is undone after a second RTO, too`() throws {
    let (script, first) = try delayed(.all)
    script.advance(milliseconds: 2500)
    #expect(script.counters.timeouts >= 2)
    try script.peer(.ack, ack: place(1), echo: first)
    #expect(script.counters.recoveriesUndone == 1)
    #expect(script.connection.congestionWindowByteCount >= 10 * 1448)
  }

  @Test func `is told by D-SACK where there are no timestamps`() throws {
    let script = try Script.established(.sack)
    script.write(14_600)
    script.takeAll()
    // After a probe of the tail.
    script.advance(milliseconds: 250)
    #expect(script.counters.timeouts == 1 && script.counters.retransmissions == 2)
    try script.ack(14_601, sack: [1..<1461])
    #expect(script.counters.recoveriesUndone == 1)
    #expect(script.connection.congestionWindowByteCount >= 14_600)
  }

  @Test func `a fast recovery is undone in the same way`() throws {
    let script = try Script.established(.all)
    script.advance(milliseconds: 5)
    script.write(14_480)
    let first = script.lastTimestamp
    script.takeAll()
    script.advance(milliseconds: 20)
    // The tail was probed.
    #expect(script.takeAll().count == 1)
    try script.peer(.ack, ack: 1, sack: [place(1)..<place(5)], echo: first)
    #expect(script.takeAll().first?.sequence == 1 && script.counters.fastRecoveries == 1)
    try script.peer(.ack, ack: place(5), echo: first)
    #expect(script.counters.recoveriesUndone == 1 && script.connection.recovery.isOpen)
    #expect(script.connection.congestionWindowByteCount >= 10 * 1448)
    #expect(script.connection.rack.isReorderingSeen)
  }
}
