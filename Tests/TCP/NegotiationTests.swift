import Testing
import Wire

@testable import TCP

@Suite struct `Options` {
  static let offers: [Script.Offer] = (0..<16).map { bits in
    Script.Offer(
      segmentSize: bits & 1 == 0 ? nil : 1000, scale: bits & 2 == 0 ? nil : 3,
      isSACKPermitted: bits & 4 != 0, hasTimestamps: bits & 8 != 0)
  }

  @Test(arguments: 0..<16) func `of SYN-ACK are no others than those of SYN (RFC 7323 §2.2, §3.2)`(bits: Int)
    throws
  {
    let offer = Self.offers[bits]
    let script = try Script(isPassive: true, offer)
    let options = try #require(script.expect([.syn, .ack])).options
    #expect(options.maximumSegmentSize == 1460)
    #expect((options.windowScale != nil) == (offer.scale != nil))
    #expect(options.isSACKPermitted == offer.isSACKPermitted)
    #expect((options.timestamps != nil) == offer.hasTimestamps)
  }

  @Test(arguments: 0..<16, [true, false])
  func `hold for all that follows`(bits: Int, isPassive: Bool) throws {
    let offer = Self.offers[bits]
    let script = try Script.established(offer, isPassive: isPassive)
    #expect((script.connection.timestamps != nil) == offer.hasTimestamps)
    #expect(script.connection.isSACKPermitted == offer.isSACKPermitted)
    // SMSS: the peer's MSS or 536, less 12 bytes of timestamps (RFC 6691).
    let full = (offer.segmentSize == nil ? 536 : 1000) - (offer.hasTimestamps ? 12 : 0)
    script.write(3000)
    for index in 0..<3000 / full {
      let sent = script.expect(.ack, 1 + index * full, count: full)
      #expect((sent?.options.timestamps != nil) == offer.hasTimestamps)
    }
    script.takeAll()
    try script.ack(3001, window: 100)
    #expect(script.connection.sendWindow == (offer.scale == nil ? 100 : 800))
    try script.data(11, 10)
    let sent = script.expect(.ack, 3001, ack: 1)
    #expect(sent?.options.sackBlockCount == (offer.isSACKPermitted ? 1 : 0))
  }

  @Test func `of our SYN are all, with the window unscaled`() throws {
    let script = try Script(isPassive: false)
    let syn = try #require(script.expect(.syn))
    #expect(syn.options.maximumSegmentSize == 1460 && syn.options.windowScale == 5)
    #expect(syn.options.isSACKPermitted && syn.options.timestamps?.echo == 0)
    #expect(syn.window == 65535)
  }

  @Test func `scale windows up to 1 GiB (RFC 7323 §2.3)`() throws {
    let script = try Script.established(Script.Offer(scale: 14))
    try script.ack(1, window: 65535)
    #expect(script.connection.sendWindow == 65535 << 14)
  }

  @Test func `an MSS of 0 or 1 does not make segments of nothing`() throws {
    for size: UInt16 in [0, 1, 11, 12, 13, 63] {
      let script = try Script.established(Script.Offer(segmentSize: size, hasTimestamps: true))
      script.write(200)
      #expect(script.takeAll().map(\.payload.count) == [52, 52, 52, 44])
    }
  }

  @Test func `an MSS larger than ours does not make segments that our link does not take`() throws {
    let script = try Script.established(Script.Offer(segmentSize: 65535))
    script.write(3000)
    script.expect(.ack, 1, count: 1460)
  }

  @Test func `the window of SYN is not scaled, that of the next segment is`() throws {
    let script = try Script(isPassive: true, Script.Offer(scale: 4, window: 1000))
    #expect(script.connection.sendWindow == 1000)
    try script.peer(.ack, 1, ack: 1)
    #expect(script.connection.sendWindow == 16_000)
  }

  @Test func `without scaling on the peer's side ours is not used either`() throws {
    let script = try Script.established(.plain)
    #expect(script.connection.receiveWindowShift == 0)
    try script.data(1, 2920)
    let sent = script.expect(.ack, 1, ack: 2921)
    #expect(sent?.window == 65535 - 2920)
  }
}
