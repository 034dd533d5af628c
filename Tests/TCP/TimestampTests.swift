import Testing
import Wire

@testable import TCP

@Suite struct `Timestamps (RFC 7323)` {
  @Test func `an older one is dropped and answered with an ACK (PAWS, §5.3 R1)`() throws {
    let script = try Script.established(.timestamps)
    try script.peer(.ack, 1, stream(10), clock: -5)
    script.expect(.ack, 1, ack: 1)
    #expect(script.counters.droppedOldTimestamp == 1 && script.connection.readableByteCount == 0)
    try script.peer(.ack, 1, stream(10), clock: 0)
    #expect(script.connection.readableByteCount == 10)
  }

  @Test func `a missing one drops the segment silently (§3.2), unless it is RST`() throws {
    let script = try Script.established(.timestamps)
    try script.peer(.ack, 1, stream(10), hasTimestamps: false)
    script.expectNothing()
    #expect(script.counters.droppedNoTimestamp == 1 && script.connection.readableByteCount == 0)
    try script.peer(.rst, 1, hasTimestamps: false)
    #expect(script.state == .closed)
  }

  @Test func `RST is believed whatever its timestamp (§5.2)`() throws {
    let script = try Script.established(.timestamps)
    try script.peer(.rst, 1, clock: -100_000)
    #expect(script.state == .closed)
  }

  @Test func `of 2^31 and more ahead counts as older`() throws {
    let script = try Script.established(.timestamps)
    try script.peer(.ack, 1, stream(1), clock: 1 << 31 - 1)
    #expect(script.connection.readableByteCount == 1)
    script.read()
    try script.peer(.ack, 2, stream(1, from: 1), clock: 1 << 32 - 1)
    #expect(script.connection.readableByteCount == 0)
  }

  @Test func `is echoed from the segment that advanced the window last (§4.3)`() throws {
    let script = try Script.established(.timestamps)
    func echo() throws -> UInt32 { try #require(script.expect(.ack)?.options.timestamps).echo }
    script.advance(milliseconds: 10)
    // A gap: the segment beyond it is not what the peer measures by.
    try script.data(101, 100)
    let first = try echo()
    script.advance(milliseconds: 10)
    try script.data(201, 100)
    #expect(try echo() == first)
    script.advance(milliseconds: 10)
    try script.data(1, 100)
    #expect(try echo() == first + 30)
  }

  @Test func `is echoed from the first of two segments that one ACK acknowledges`() throws {
    let script = try Script.established(.timestamps)
    script.advance(milliseconds: 10)
    try script.data(1, 1448)
    script.advance(milliseconds: 10)
    try script.data(1449, 1448)
    let echo = try #require(script.expect(.ack, 1, ack: 2897)?.options.timestamps).echo
    script.advance(milliseconds: 10)
    try script.data(2897, 1448)
    try script.data(4345, 1448)
    let next = try #require(script.expect(.ack, 1, ack: 5793)?.options.timestamps).echo
    #expect(next == echo + 20)
  }

  @Test func `of an idle connection is no reason to drop after 24 days (§5.5)`() throws {
    let script = try Script.established(.timestamps)
    script.advance(milliseconds: 25 * 24 * 3_600_000)
    try script.peer(.ack, 1, stream(10), clock: -30 * 24 * 3_600_000)
    #expect(script.connection.readableByteCount == 10)
  }

  @Test func `measures round trips also of what was sent again (§4.1)`() throws {
    let script = try Script.established(.timestamps)
    script.advance(milliseconds: 5)
    script.write(100)
    script.advance(milliseconds: 1000)
    script.takeAll()
    let before = script.smoothed
    script.advance(milliseconds: 80)
    try script.ack(101)
    #expect(script.smoothed > before)
    // As much as one eighth of what went by, whether the first or the second was acknowledged.
    #expect(script.smoothed < before + 150_000_000)
  }

  @Test func `an echo of what we never sent measures nothing`() throws {
    let script = try Script.established(.timestamps)
    script.write(100)
    script.advance(milliseconds: 300)
    let before = script.smoothed
    var options = TCPOptions()
    options.timestamps = TCPTimestamps(value: 0x7fff_ffff, echo: 12345)
    var header = TCPHeader(
      sourcePort: 4321, destinationPort: 80, sequenceNumber: script.theirStart + 1,
      acknowledgementNumber: script.ourStart + 101, flags: .ack, window: 1000)
    header.options = options
    header.options.timestamps?.value = UInt32(truncatingIfNeeded: script.now.nanoseconds / 1_000_000) &+ 901
    try script.receive(header)
    #expect(script.connection.unsentAndUnacknowledgedByteCount == 0)
    #expect(script.smoothed == before)
  }
}
