import Platform
import Testing
import Wire

@testable import TCP

@Suite struct `The congestion window (RFC 5681)` {
  static let full = 1460

  @Test func `begins with ten segments (RFC 6928)`() throws {
    let script = try Script.established(Script.Offer(scale: 7))
    script.write(50 * Self.full)
    #expect(script.takeAll().count == 10)
  }

  @Test(arguments: [(536, 10), (1460, 10), (2000, 7), (7300, 2), (8960, 2)])
  func `begins with fewer segments when they are jumbo ones, but with two`(size: Int, count: Int) throws {
    let script = try Script.established(
      Script.Offer(segmentSize: UInt16(size), scale: 7), segmentByteCount: 8960)
    script.write(50 * size)
    #expect(script.takeAll().map(\.payload.count) == [Int](repeating: size, count: count))
  }

  @Test func `grows by what is acknowledged in slow start`() throws {
    let script = try Script.established(Script.Offer(scale: 7))
    script.write(64_000)
    try script.ack(1 + Self.full)
    #expect(script.connection.congestionWindowByteCount == 11 * Self.full)
    try script.ack(1 + 3 * Self.full)
    #expect(script.connection.congestionWindowByteCount == 13 * Self.full)
  }

  @Test func `does not grow while it is not what limits`() throws {
    let script = try Script.established(Script.Offer(scale: 7))
    for index in 1...50 {
      script.write(Self.full)
      try script.ack(1 + index * Self.full)
    }
    #expect(script.connection.congestionWindowByteCount == 10 * Self.full)
  }

  @Test func `grows by a segment for each window in avoidance (§3.1)`() {
    var reno = CongestionController(.newReno, segmentByteCount: 1000, initialWindow: 10_000)
    reno.foundLoss(inFlight: 10_000)
    reno.repairedLoss()
    #expect(reno.window == 5000)
    for _ in 0..<4 { reno.acknowledged(1000) }
    #expect(reno.window == 5000)
    reno.acknowledged(1000)
    #expect(reno.window == 6000)
    for _ in 0..<6 { reno.acknowledged(1000) }
    #expect(reno.window == 7000)
  }

  @Test func `turns from slow start into avoidance at ssthresh`() {
    var reno = CongestionController(.newReno, segmentByteCount: 1000, initialWindow: 10_000)
    reno.timedOut(inFlight: 8000, isRepeated: false)
    #expect(reno.window == 1000)
    for _ in 0..<3 { reno.acknowledged(1000) }
    #expect(reno.window == 4000)
    reno.acknowledged(1000)
    #expect(reno.window == 4000)
  }

  @Test func `is halved to no less than two segments`() {
    var reno = CongestionController(.newReno, segmentByteCount: 1000, initialWindow: 10_000)
    reno.foundLoss(inFlight: 1000)
    #expect(reno.window == 2000)
  }

  @Test func `falls back to its first size when nothing was sent for an RTO (§4.1)`() throws {
    let script = try Script.established(Script.Offer(scale: 7))
    var acknowledged = 1
    for _ in 0..<10 {
      script.write(64_000)
      acknowledged += script.takeAll().map(\.payload.count).reduce(0, +)
      try script.ack(acknowledged)
    }
    acknowledged += script.takeAll().map(\.payload.count).reduce(0, +)
    try script.ack(acknowledged)
    #expect(script.connection.congestionWindowByteCount > 20 * Self.full)
    script.advance(milliseconds: 1000)
    // ACKs of what the peer sends are no sign that the path is known.
    try script.data(1, 2920)
    script.takeAll()
    script.write(50 * Self.full)
    #expect(script.takeAll().count == 10)
  }
}

@Suite struct `Small segments` {
  @Test func `wait for company with Nagle (RFC 9293 §3.7.4)`() throws {
    var configuration = Configuration()
    configuration.isNagleEnabled = true
    let script = try Script.established(.plain, configuration)
    script.write(10)
    script.expect(.ack, 1, count: 10)
    script.write(10)
    script.write(10)
    script.expectNothing()
    try script.ack(11)
    script.expect(.ack, 11, count: 20)
    script.write(1500)
    script.expect(.ack, 31, count: 1460)
    script.expectNothing()
    script.finish()
    script.expect([.ack, .fin], 1491, count: 40)
  }

  @Test func `wait with Nagle also behind a large segment`() throws {
    var configuration = Configuration()
    configuration.isNagleEnabled = true
    let script = try Script.established(.plain, configuration)
    script.largeByteCount = 60_000
    script.write(3 * 1460 + 100)
    script.expect(.ack, 1, count: 3 * 1460)
    script.expectNothing()
    try script.ack(1 + 3 * 1460)
    script.expect(.ack, 1 + 3 * 1460, count: 100)
  }

  @Test func `go out at once without Nagle`() throws {
    let script = try Script.established()
    for index in 0..<5 {
      script.write(10)
      script.expect(.ack, 1 + index * 10, count: 10)
    }
  }

  @Test func `are not made because a window is silly (RFC 9293 §3.8.6.2.1)`() throws {
    let script = try Script.established(Script.Offer(window: 8000))
    script.write(8000)
    script.takeAll()
    script.write(8000)
    try script.ack(8001, window: 100)
    script.expectNothing()
    try script.ack(8001, window: 1400)
    script.expectNothing()
    try script.ack(8001, window: 1460)
    script.expect(.ack, 8001, count: 1460)
  }

  @Test func `are made when a small window is half of the largest ever offered`() throws {
    let script = try Script.established(Script.Offer(window: 1000))
    script.write(3000)
    script.expect(.ack, 1, count: 1000)
    try script.ack(1001, window: 499)
    script.expectNothing()
    try script.ack(1001, window: 500)
    script.expect(.ack, 1001, count: 500)
  }

  @Test func `are made of a silly window that does not grow, after the override time-out`() throws {
    let script = try Script.established(Script.Offer(window: 8000))
    script.write(8000)
    script.takeAll()
    try script.ack(8001, window: 100)
    script.write(4000)
    script.expectNothing()
    script.advance(milliseconds: 200)
    script.expect(.ack, 8001, count: 100)
    try script.ack(8101, window: 100)
    script.expectNothing()
    script.advance(milliseconds: 400)
    script.expect(.ack, 8101, count: 100)
  }

  @Test func `of our window are not offered (RFC 9293 §3.8.6.2.2)`() throws {
    var configuration = Configuration()
    configuration.initialReceiveWindowByteCount = 8192
    configuration.maximumReceiveWindowByteCount = 8192
    let script = try Script.established(.plain, configuration)
    try script.data(1, 8192)
    script.expect(.ack, 1, ack: 8193, window: 0)
    script.read(1000)
    script.expectNothing()
    script.read(459)
    script.expectNothing()
    script.read(1)
    script.expect(.ack, 1, ack: 8193, window: 1460)
  }

  @Test func `large ones are multiples of SMSS but for the last`() throws {
    for offer in [Script.Offer.plain, .all] {
      let script = try Script.established(offer)
      let full = offer.hasTimestamps ? 1448 : 1460
      script.largeByteCount = 10_000
      script.write(10 * full - 500)
      let sent = script.takeAll()
      #expect(sent.map(\.payload.count) == [6 * full, 4 * full - 500])
      #expect(sent.allSatisfy { $0.segmentByteCount == full })
      script.write(100)
      #expect(script.takeAll().map(\.segmentByteCount).allSatisfy { $0 == 0 })
    }
  }

  @Test func `large ones obey both windows`() throws {
    let script = try Script.established(Script.Offer(window: 5000))
    script.largeByteCount = 60_000
    script.write(60_000)
    script.expect(.ack, 1, count: 3 * 1460)
    script.expectNothing()
    try script.ack(1 + 3 * 1460, window: 65_535)
    let sent = script.takeAll().map(\.payload.count)
    #expect(sent.reduce(0, +) <= script.connection.congestionWindowByteCount)
    #expect(sent.allSatisfy { $0 % 1460 == 0 })
  }

  @Test func `a device that cuts less than a segment gets segments`() throws {
    let script = try Script.established()
    script.largeByteCount = 1000
    script.write(3000)
    #expect(script.takeAll().map(\.payload.count) == [1460, 1460, 80])
  }
}

extension CongestionController {
  /// The time is of no matter.
  mutating func acknowledged(_ byteCount: Int, isLimiting: Bool = true) {
    acknowledged(byteCount, isLimiting: isLimiting, at: Instant(nanoseconds: 0), smoothed: 0, latest: 0)
  }
}
