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

@Suite struct `Timestamps at the edges (RFC 7323 §5)` {
  private static let day = 24 * 3_600_000

  @Test(arguments: [(23, false), (25, true)])
  func `after 24 days without a segment whatever comes is taken, not before (§5.5)`(
    days: Int, isTaken: Bool
  ) throws {
    let script = try Script.established(.timestamps)
    script.advance(milliseconds: days * Self.day)
    try script.peer(.ack, 1, stream(10), clock: -(days + 1) * Self.day)
    #expect((script.connection.readableByteCount == 10) == isTaken)
    #expect(script.counters.droppedOldTimestamp == (isTaken ? 0 : 1))
    // From then on its clock counts.
    if isTaken {
      try script.peer(.ack, 11, stream(10, from: 10), clock: -(days + 1) * Self.day - 1)
      #expect(script.connection.readableByteCount == 10)
    }
  }

  @Test func `segments that are dropped do not make TS.Recent young again`() throws {
    let script = try Script.established(.timestamps)
    for day in 1...25 {
      script.advance(milliseconds: Self.day)
      try script.peer(.ack, 1, stream(1), clock: -(day + 1) * Self.day)
    }
    // The last ones came after 24 days.
    #expect(script.counters.droppedOldTimestamp >= 23 && script.connection.readableByteCount == 1)
  }

  @Test func `a peer that answers keeps TS.Recent young for months`() throws {
    let script = try Script.established(.timestamps)
    var written = 0
    for _ in 0..<10 {
      script.advance(milliseconds: 20 * Self.day)
      script.write(10)
      written += 10
      try script.ack(1 + written)
    }
    #expect(script.connection.unsentAndUnacknowledgedByteCount == 0)
    try script.peer(.ack, 1, stream(10), clock: -1000)
    #expect(script.counters.droppedOldTimestamp == 1 && script.connection.readableByteCount == 0)
  }

  @Test func `the peer's clock wraps in the middle of a stream`() throws {
    let script = try Script.established(.timestamps)
    /// The next ten bytes, at `value` of the peer's clock; our ACK follows.
    func data(_ value: Int) throws {
      let clock = value - Int(script.now.nanoseconds / 1_000_000) - 900
      let place = script.connection.readableByteCount
      try script.peer(.ack, 1 + place, stream(10, from: place), clock: clock)
      script.advance(milliseconds: 50)
    }
    // In steps of less than 2^31.
    for value in [1 << 31, 1 << 32 - 1, 1 << 32, 1 << 32 + 1] { try data(value) }
    #expect(script.connection.readableByteCount == 40)
    try data(1 << 32 - 1)
    #expect(script.connection.readableByteCount == 40 && script.counters.droppedOldTimestamp == 1)
  }

  @Test func `our clock wraps between a segment and its ACK, which still measures`() throws {
    // TSval is milliseconds and the offset: 5,000,000.
    let script = try Script.established(.timestamps)
    let now = script.now.nanoseconds / 1_000_000
    script.advance(milliseconds: 1 << 32 - 5_000_000 - Int(now) - 20)
    script.write(10)
    let sent = try #require(script.expect(.ack, 1, count: 10)?.options.timestamps).value
    #expect(sent > 0xffff_ff00)
    script.advance(milliseconds: 40)
    try script.ack(11)
    #expect(script.smoothed > 0 && script.smoothed < 100_000_000)
  }

  @Test func `an old RST outside the window resets nothing`() throws {
    let script = try Script.established(.timestamps)
    try script.peer(.rst, 1 << 21, clock: -100)
    #expect(script.state == .established)
    // Within it, but not at its start: challenged, whatever its timestamp (RFC 5961 §3.2).
    try script.peer(.rst, 100, clock: -100)
    #expect(script.state == .established && script.counters.droppedBlindReset == 1)
  }

  @Test func `an old segment with new data is not stored, nor is its ACK or its window believed`() throws {
    let script = try Script.established(.timestamps)
    script.write(1000)
    script.takeAll()
    try script.peer(.ack, 1, ack: 1001, window: 10, stream(10), clock: -1)
    #expect(script.connection.unsentAndUnacknowledgedByteCount == 1000)
    #expect(script.connection.sendWindow == 65535 && script.connection.readableByteCount == 0)
  }

  @Test func `the same timestamp twice is not old (§5.3, R1)`() throws {
    let script = try Script.established(.timestamps)
    try script.peer(.ack, 1, stream(10))
    try script.peer(.ack, 11, stream(10, from: 10))
    #expect(script.connection.readableByteCount == 20)
  }

  @Test func `a segment beyond a gap moves TS.Recent no further, so that the filler is not old`() throws {
    let script = try Script.established(.timestamps)
    try script.peer(.ack, 11, stream(10, from: 10), clock: 100)
    try script.peer(.ack, 1, stream(10), clock: 50)
    #expect(script.connection.readableByteCount == 20 && script.counters.droppedOldTimestamp == 0)
  }

  @Test func `a keep-alive with an old sequence and a new timestamp is answered`() throws {
    let script = try Script.established(.timestamps)
    script.advance(milliseconds: 5)
    try script.peer(.ack, 0)
    script.expect(.ack, 1, ack: 1)
  }
}
