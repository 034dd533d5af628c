import Testing
import Wire

@testable import TCP

@Suite struct `D-SACK (RFC 2883)` {
  private static let offer = Script.Offer(scale: 7, isSACKPermitted: true)

  @Test func `reports once, and first, what arrived twice (§4)`() throws {
    let script = try Script.established(Self.offer)
    try script.data(1, 1000)
    try script.data(1001, 1000)
    script.takeAll()
    try script.data(1, 1000)
    script.expect(.ack, 1, ack: 2001, sack: [1..<1001])
    // With a gap, the rest of the report follows.
    try script.data(3001, 1000)
    script.expect(.ack, 1, ack: 2001, sack: [3001..<4001])
    try script.data(1001, 1000)
    script.expect(.ack, 1, ack: 2001, sack: [1001..<2001, 3001..<4001])
    try script.data(2001, 1000)
    script.expect(.ack, 1, ack: 4001, sack: [])
  }

  @Test func `goes in an ACK of its own when there is data to be sent`() throws {
    let script = try Script.established(Self.offer)
    try script.data(1, 3000)
    script.takeAll()
    script.write(100)
    script.takeAll()
    try script.data(1, 1000)
    script.expect(.ack, 101, count: 0, sack: [1..<1001])
    script.expectNothing()
  }

  @Test func `is not sent to a peer without SACK`() throws {
    let script = try Script.established()
    try script.data(1, 3000)
    script.takeAll()
    try script.data(1, 1000)
    script.expect(.ack, 1, ack: 3001, sack: [])
  }

  @Test func `is recognised below the ACK and within the second block, and moves nothing (§5)`() throws {
    let path = try MeasuredPath(10)
    try path.ack(2, sack: 0..<1)
    #expect(path.script.counters.duplicatesReported == 1)
    try path.ack(2, sack: 5..<6)
    #expect(path.script.counters.duplicatesReported == 1)
    try path.ack(2, sack: 5..<6, 4..<7)
    #expect(path.script.counters.duplicatesReported == 2)
    #expect(path.script.connection.scoreboard.byteCount == 3 * MeasuredPath.full)
  }

  @Test func `of what never was in flight is not believed`() throws {
    let path = try MeasuredPath(3)
    try path.script.ack(path.place(0), sack: [-20_000_000 ..< -10_000_000])
    #expect(path.script.counters.duplicatesReported == 0)
  }

  @Test func `of a tail-loss probe says that nothing was lost (RFC 8985 §7.4.2)`() throws {
    let path = try MeasuredPath(3)
    path.script.advance(milliseconds: 82)
    #expect(path.sent() == [2])
    // The ACK of all was late, and one ACK tells of both copies.
    try path.ack(3, sack: 2..<3)
    #expect(path.script.connection.tailProbe == nil)
    path.script.write(MeasuredPath.full)
    try path.ack(4)
    #expect(path.script.connection.congestionWindowByteCount == 10 * MeasuredPath.full)
  }
}
