import Testing
import Wire

@testable import TCP

@Suite struct `Blind attacks (RFC 5961)` {
  @Test func `RST at RCV.NXT ends the connection (§3.2)`() throws {
    let script = try Script.established()
    #expect(try script.peer(.rst, 1).contains(.ended))
    #expect(script.connection.failure == .reset && script.state == .closed)
    script.expectNothing()
    #expect(script.connection.deadline == .never)
  }

  @Test func `RST elsewhere in the window gets a challenge ACK`() throws {
    let script = try Script.established()
    try script.peer(.rst, 2)
    script.expect(.ack, 1, ack: 1)
    #expect(script.state == .established && script.counters.droppedBlindReset == 1)
  }

  @Test(arguments: [-1000, 0, 1, 100, 70_000, 1 << 31])
  func `SYN anywhere gets a challenge ACK (§4.2)`(place: Int) throws {
    let script = try Script.established()
    try script.peer(.syn, place)
    script.expect(.ack, 1, ack: 1)
    try script.peer([.syn, .ack], place)
    script.expect(.ack, 1, ack: 1)
    #expect(script.state == .established)
  }

  @Test func `data with an ACK too old or too new is not taken (§5.2)`() throws {
    let script = try Script.established(Script.Offer(window: 1000))
    script.write(500)
    script.takeAll()
    for number in [502, 5000, -1000, -(1 << 20), 1 << 31, 1 << 31 + 501] {
      try script.peer(.ack, 1, ack: number, stream(10))
      script.expect(.ack, 501, ack: 1)
      #expect(script.connection.readableByteCount == 0)
    }
    #expect(script.counters.droppedBadAcknowledgement == 6)
    // MAX.SND.WND before SND.UNA is still well.
    try script.peer(.ack, 1, ack: -999, stream(10))
    #expect(script.connection.readableByteCount == 10)
  }

  @Test func `challenge ACKs are limited to so many a second (§7)`() throws {
    let script = try Script.established()
    for _ in 0..<50 { try script.peer(.syn, 1) }
    #expect(script.takeAll().count == script.configuration.challengesPerSecond)
    script.advance(milliseconds: 1000)
    for _ in 0..<50 { try script.peer(.rst, 2) }
    #expect(script.takeAll().count == script.configuration.challengesPerSecond)
  }

  @Test func `two ends that are out of step do not answer each other for ever`() throws {
    let script = try Script.established()
    for _ in 0..<1000 { try script.peer(.ack, 100_000) }
    #expect(script.takeAll().count == script.configuration.challengesPerSecond)
  }

  @Test func `a SACK block that holds only modulo 2^32 is no SACK block`() throws {
    // Its start lies before 2^31 and its end behind it: each comparison on its own is right.
    let script = try Script.established(.sack)
    script.write(100)
    script.takeAll()
    try script.ack(1, sack: [1 << 31 - 1..<1 << 31 + 60_000])
    #expect(script.connection.scoreboard.ranges.isEmpty)
    script.expectNothing()
  }

  @Test(arguments: [0..<50, -5..<1, 1..<1, 90..<102, 50..<40_000])
  func `a SACK block of what is acknowledged or was not sent says nothing (RFC 2018 §5)`(block: Range<Int>)
    throws
  {
    let script = try Script.established(.sack)
    script.write(100)
    script.takeAll()
    for _ in 0..<5 { try script.ack(1, sack: [block]) }
    #expect(script.connection.scoreboard.ranges.isEmpty)
    script.expectNothing()
  }

  @Test func `SACK blocks beyond the limit of the scoreboard are forgotten`() throws {
    let script = try Script.established(Script.Offer(scale: 7, isSACKPermitted: true))
    script.connection.congestion.acknowledged(1 << 20, isLimiting: true)
    script.write(60_000)
    script.takeAll()
    for index in 0..<1000 { try script.ack(1, sack: [10 + index * 20..<20 + index * 20]) }
    #expect(script.connection.scoreboard.ranges.count == Scoreboard.maximumRangeCount)
  }

  @Test func `of a large window the scoreboard holds every second segment, and not much more`() {
    var scoreboard = Scoreboard()
    let start = SequenceNumber(UInt32.max - 1000)
    for index in 0..<2000 {
      let place = start + 1448 + index * (index < 360 ? 2896 : 20)
      _ = scoreboard.insert(
        SACKBlock(start: place, end: place + 10), unacknowledged: start, sent: start + (1 << 20))
    }
    #expect((360...512).contains(scoreboard.ranges.count))
  }

  @Test func `a window taken back in recovery does not make a storm of single bytes`() throws {
    let script = try Script.established(Script.Offer(scale: 7, isSACKPermitted: true))
    script.connection.congestion.acknowledged(1 << 20, isLimiting: true)
    script.write(64_000)
    let last = script.takeAll().count
    #expect(last == 44)
    // All but the last are lost, and the window is closed.
    try script.ack(1, window: 0, sack: [1 + 43 * 1460..<64_001])
    try script.ack(1, window: 0, sack: [1 + 40 * 1460..<64_001])
    #expect(script.takeAll().count <= 2)
  }

  @Test func `a segment of every flag and number neither traps nor loops`() throws {
    var random = Random(seed: 7)
    for round in 0..<300 {
      let isPassive = random.below(2) == 0
      let offer = [Script.Offer.plain, .sack, .timestamps, .all][random.below(4)]
      let script = try Script(isPassive: isPassive, offer, ours: 0xffff_f000, theirs: 0xffff_ff00)
      if round % 3 != 0 {
        try script.peer(
          isPassive ? .ack : [.syn, .ack], isPassive ? 1 : 0, ack: 1,
          options: isPassive ? TCPOptions() : offer.options)
      }
      script.write(random.below(20_000))
      for _ in 0..<40 {
        let numbers = [
          -70_000, -1, 0, 1, 2, 1000, 30_000, 65_536, 1 << 30, 1 << 31 - 1, 1 << 31, 1 << 32 - 1,
        ]
        let block = numbers[random.below(12)]
        let other = numbers[random.below(12)]
        let isSACK = random.below(2) == 0
        try script.peer(
          TCPFlags(rawValue: random.below(3) == 0 ? UInt8(random.below(256)) : 16),
          numbers[random.below(12)] + random.below(3), ack: numbers[random.below(12)] + random.below(3),
          window: random.below(65536), stream(random.below(4) == 0 ? 3000 : 0),
          sack: isSACK ? [min(block, other)..<max(block, other)] : [], clock: random.below(3) - 1)
        switch random.below(12) {
        case 0: script.write(random.below(5000))
        case 1: script.read(random.below(5000) + 1)
        case 2: script.advance(milliseconds: random.below(3000))
        case 3: script.finish()
        default: break
        }
        script.takeAll()
      }
      script.close()
      script.advance(milliseconds: 4_000_000)
    }
  }
}
