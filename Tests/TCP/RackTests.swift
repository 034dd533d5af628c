import Platform
import Testing
import Wire

@testable import TCP

/// A connection with SACK over a path of 40 ms, and segments in flight that were sent just now.
struct MeasuredPath {
  static let full = 1460
  let script: Script
  /// Where the first segment in flight begins.
  let start: Int

  /// `count` full segments in flight, `more` that find no room in the window of ten.
  init(
    _ count: Int, more: Int = 0, _ offer: Script.Offer = Script.Offer(scale: 7, isSACKPermitted: true)
  ) throws {
    script = try Script.established(offer)
    for index in 1...30 {
      script.write(100)
      script.advance(milliseconds: 40)
      try script.ack(1 + index * 100)
    }
    #expect(script.counters.tailProbes == 0 && script.smoothed > 35_000_000)
    script.takeAll()
    start = 3001
    script.write((count + more) * Self.full)
    #expect(script.takeAll().count == count)
  }

  func place(_ segment: Int) -> Int { start + segment * Self.full }

  /// The peer lacks all from `segment` on but for `blocks`.
  func ack(_ segment: Int, sack blocks: Range<Int>...) throws {
    try script.ack(place(segment), sack: blocks.map { place($0.lowerBound)..<place($0.upperBound) })
  }

  /// What was sent, as numbers of segments.
  func sent() -> [Int] { script.takeAll().map { ($0.sequence - start) / Self.full } }
}

@Suite struct `RACK (RFC 8985 §6.2)` {
  @Test func `finds a segment lost when a later one arrived a quarter of a round trip ago`() throws {
    let path = try MeasuredPath(10)
    path.script.advance(milliseconds: 40)
    try path.ack(0, sack: 1..<2)
    path.script.advance(milliseconds: 9)
    #expect(path.sent().isEmpty)
    path.script.advance(milliseconds: 1)
    #expect(path.sent() == [0])
    #expect(path.script.counters.fastRecoveries == 1)
  }

  @Test func `takes what arrives within that time for reordered, and nothing is sent again`() throws {
    let path = try MeasuredPath(10)
    path.script.advance(milliseconds: 40)
    try path.ack(0, sack: 1..<2)
    path.script.advance(milliseconds: 5)
    try path.ack(2)
    path.script.advance(milliseconds: 20)
    #expect(path.sent().isEmpty && path.script.counters.fastRecoveries == 0)
    #expect(path.script.connection.rack.isReorderingSeen)
  }

  @Test func `does not wait when three segments above have arrived, unless reordering was seen`() throws {
    let path = try MeasuredPath(10)
    path.script.advance(milliseconds: 40)
    try path.ack(0, sack: 1..<4)
    #expect(path.sent() == [0])

    let other = try MeasuredPath(10)
    other.script.advance(milliseconds: 40)
    try other.ack(0, sack: 1..<2)
    try other.ack(2)
    #expect(other.script.connection.rack.isReorderingSeen)
    try other.ack(2, sack: 3..<9)
    #expect(other.sent().isEmpty)
    other.script.advance(milliseconds: 10)
    #expect(other.sent().first == 2)
  }

  @Test func `finds that what was sent again is lost again, without an RTO`() throws {
    let path = try MeasuredPath(10, more: 10)
    path.script.advance(milliseconds: 40)
    try path.ack(0, sack: 1..<5)
    #expect(path.sent().first == 0)
    path.script.advance(milliseconds: 1)
    try path.ack(0, sack: 1..<10)
    #expect(path.sent().contains(12))
    path.script.advance(milliseconds: 40)
    // What was sent after the repair has arrived, and the repair has not.
    try path.ack(0, sack: 1..<13)
    #expect(path.sent().first == 0)
    #expect(path.script.counters.timeouts == 0 && path.script.counters.fastRecoveries == 1)
  }

  @Test func `does not believe an ACK of a repair that comes too soon`() throws {
    let path = try MeasuredPath(10)
    path.script.advance(milliseconds: 40)
    try path.ack(0, sack: 2..<5)
    #expect(path.sent().first == 0)
    path.script.advance(milliseconds: 1)
    let before = path.script.connection.rack.roundTrip
    // Of the first copy, then: 40 ms cannot have passed.
    try path.ack(1, sack: 2..<5)
    #expect(path.script.connection.rack.roundTrip == before)
  }
}

@Suite struct `A tail-loss probe (RFC 8985 §7)` {
  @Test func `is the last segment again after two round trips, and shows what else is lost`() throws {
    let path = try MeasuredPath(3)
    path.script.advance(milliseconds: 70)
    #expect(path.sent().isEmpty)
    path.script.advance(milliseconds: 12)
    #expect(path.sent() == [2])
    #expect(path.script.counters.tailProbes == 1)
    path.script.advance(milliseconds: 40)
    try path.ack(0, sack: 2..<3)
    #expect(path.sent() == [0, 1])
    #expect(path.script.counters.timeouts == 0)
  }

  @Test func `is new data when there is some, whatever cwnd says (§7.3)`() throws {
    let path = try MeasuredPath(10, more: 3)
    path.script.advance(milliseconds: 82)
    #expect(path.sent() == [10])
    #expect(path.script.counters.retransmissions == 0)
    try path.ack(11)
    #expect(path.script.connection.tailProbe == nil)
    #expect(path.script.connection.congestionWindowByteCount >= 10 * MeasuredPath.full)
  }

  @Test func `of a single segment waits for the delayed ACK as well (§7.2)`() throws {
    let path = try MeasuredPath(1)
    path.script.advance(milliseconds: 105)
    #expect(path.sent().isEmpty)
    path.script.advance(milliseconds: 20)
    #expect(path.sent() == [0])
  }

  @Test func `is sent once; then the RTO tells`() throws {
    let path = try MeasuredPath(3)
    path.script.advance(milliseconds: 250)
    #expect(path.sent() == [2])
    path.script.advance(milliseconds: 50)
    #expect(path.sent() == [0])
    #expect(path.script.counters.timeouts == 1 && path.script.counters.tailProbes == 1)
  }

  @Test func `that repaired a loss reduces the window (§7.4.2)`() throws {
    let path = try MeasuredPath(3)
    path.script.advance(milliseconds: 82)
    #expect(path.sent() == [2])
    path.script.advance(milliseconds: 40)
    try path.ack(3)
    #expect(path.script.connection.congestionWindowByteCount == 10 * MeasuredPath.full)
    path.script.write(MeasuredPath.full)
    try path.ack(4)
    #expect(path.script.connection.congestionWindowByteCount < 10 * MeasuredPath.full)
  }

  @Test func `whose both copies arrived does not (§7.4.2)`() throws {
    let path = try MeasuredPath(3)
    path.script.advance(milliseconds: 82)
    #expect(path.sent() == [2])
    try path.ack(3)
    path.script.write(MeasuredPath.full)
    try path.ack(3)
    try path.ack(4)
    #expect(path.script.connection.congestionWindowByteCount == 10 * MeasuredPath.full)
  }

  @Test func `is not sent without SACK, nor while nothing is in flight`() throws {
    let without = try MeasuredPath(3, Script.Offer(scale: 7))
    without.script.advance(milliseconds: 150)
    #expect(without.sent().isEmpty)
    let path = try MeasuredPath(3)
    try path.ack(3)
    path.script.advance(milliseconds: 10_000)
    #expect(path.sent().isEmpty && path.script.connection.deadline == .never)
  }

  @Test func `repairs FIN as well`() throws {
    let path = try MeasuredPath(1)
    path.script.finish()
    path.script.expect([.ack, .fin], path.place(1), count: 0)
    path.script.advance(milliseconds: 130)
    let sent = path.script.takeAll()
    #expect(sent.count == 1 && sent[0].flags.contains(.fin) && path.script.counters.timeouts == 0)
  }
}
