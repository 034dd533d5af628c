import Testing
import Wire

@testable import TCP

@Suite struct `The retransmission timer (RFC 6298)` {
  static let millisecond: UInt64 = 1_000_000

  private func timer(minimum: UInt64 = 0) -> RetransmissionTimer {
    var configuration = Configuration()
    configuration.minimumRetransmissionTimeout = minimum
    return RetransmissionTimer(configuration)
  }

  @Test func `begins with 1 s (§2.1)`() { #expect(timer().timeout == 1000 * Self.millisecond) }

  @Test func `follows the first measurement: SRTT = R, RTTVAR = R/2 (§2.2)`() {
    var timer = timer()
    timer.measured(100 * Self.millisecond)
    #expect(timer.smoothed == 100 * Self.millisecond)
    #expect(timer.timeout == 300 * Self.millisecond)
  }

  @Test func `follows later ones by 1/8 and 1/4 (§2.3)`() {
    var timer = timer()
    timer.measured(100 * Self.millisecond)
    timer.measured(200 * Self.millisecond)
    // RTTVAR = 3/4 × 50 + 1/4 × 100 = 62.5; SRTT = 7/8 × 100 + 1/8 × 200 = 112.5; RTO = 112.5 + 4 × 62.5.
    #expect(timer.smoothed == 112_500_000)
    #expect(timer.timeout == 362_500_000)
    timer.measured(112_500_000)
    #expect(timer.smoothed == 112_500_000 && timer.timeout == 300_000_000)
  }

  @Test func `adds at least the clock's granularity (§2.3)`() {
    var timer = timer()
    for _ in 0..<200 { timer.measured(50 * Self.millisecond) }
    #expect(timer.timeout >= 51 * Self.millisecond - 1000 && timer.timeout < 52 * Self.millisecond)
  }

  @Test func `is never below its minimum and never above its maximum (§2.4, §2.5)`() {
    var timer = timer(minimum: 200 * Self.millisecond)
    timer.measured(0)
    #expect(timer.timeout == 200 * Self.millisecond)
    timer.measured(500_000 * Self.millisecond)
    #expect(timer.timeout == 60_000 * Self.millisecond)
    for _ in 0..<1000 { timer.backOff() }
    #expect(timer.timeout == 60_000 * Self.millisecond)
  }

  @Test func `doubles each time it passes (§5.5)`() throws {
    let script = try Script.established()
    script.advance(milliseconds: 1)
    script.write(10)
    script.takeAll()
    let start = script.now.nanoseconds
    script.advance(milliseconds: 30_000)
    let times = script.takeAll().map { ($0.at.nanoseconds - start) / Self.millisecond }
    #expect(times == [200, 600, 1400, 3000, 6200, 12_600, 25_400])
  }

  @Test func `starts anew when new data is acknowledged, and stops when all is (§5.2, §5.3)`() throws {
    let script = try Script.established()
    script.write(2920)
    script.takeAll()
    script.advance(milliseconds: 150)
    try script.ack(1461)
    script.advance(milliseconds: 150)
    script.expectNothing()
    try script.ack(2921)
    script.advance(milliseconds: 100_000)
    script.expectNothing()
    #expect(script.connection.deadline == .never)
  }

  @Test func `gives up after the user time-out`() throws {
    let script = try Script.established()
    script.write(10)
    script.advance(milliseconds: 119_000)
    #expect(script.state == .established)
    script.advance(milliseconds: 100_000)
    #expect(script.connection.failure == .timedOut && script.state == .closed)
    script.expectNoMemory()
  }

  @Test func `keeps its back-off until something that was sent once is measured (Karn, §5.7)`() throws {
    // The round trip has become 1 s, which is more than RTO. Without the back-off nothing would ever be measured.
    let script = try Script.established()
    script.advance(milliseconds: 1)
    var sent = 0
    for _ in 0..<8 where script.smoothed < 100_000_000 {
      script.write(100)
      sent += 100
      script.advance(milliseconds: 1000)
      try script.ack(sent + 1)
      // The copies that were sent in vain arrive as well.
      script.advance(milliseconds: 5000)
      script.takeAll()
    }
    #expect(script.smoothed >= 100_000_000)
  }

  @Test func `does not measure by what was sent twice (§3, Karn)`() throws {
    let script = try Script.established()
    let before = script.smoothed
    script.write(10)
    script.advance(milliseconds: 250)
    try script.ack(11)
    #expect(script.smoothed == before)
  }

  @Test
  func `forgets its back-off when data that was sent once only is acknowledged, though nothing was measured`()
    throws
  {
    let script = try Script.established()
    script.write(3 * 536)
    script.takeAll()
    // The first segment is lost, and lost again; the others have arrived.
    script.advance(milliseconds: 5_000)
    script.takeAll()
    let backedOff = script.connection.retransmission.timeout
    try script.ack(1 + 3 * 536)
    #expect(script.connection.retransmission.timeout * 4 <= backedOff)
  }

  @Test func `measures by one segment at a time, in nanoseconds`() throws {
    let script = try Script.established()
    script.advance(milliseconds: 1)
    script.write(10)
    script.advance(nanoseconds: 800_000)
    script.write(10)
    try script.ack(11)
    #expect(script.smoothed == 100_000)
  }
}
