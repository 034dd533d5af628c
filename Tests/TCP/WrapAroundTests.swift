import Testing
import Wire

@testable import TCP

@Suite struct `Sequence numbers that pass 2^32 (RFC 9293 §3.4)` {
  /// Initial numbers so that 2^32 lies `count` places behind SYN.
  private func start(_ count: Int) -> UInt32 { 0 &- UInt32(count) }

  @Test(arguments: [1, 2, 3, 100, 1461, 3000])
  func `carry a whole life`(count: Int) throws {
    let script = try Script.established(.all, ours: start(count), theirs: start(count))
    script.write(5000)
    script.takeAll()
    try script.ack(5001)
    for place in stride(from: 1, to: 5000, by: 1000) { try script.data(place, 1000) }
    #expect(script.read() == stream(5000))
    script.finish()
    script.advance(milliseconds: 40)
    try script.peer([.ack, .fin], 5001, ack: 5002)
    #expect(script.state == .timeWait)
    script.expectNoMemory()
  }

  @Test(arguments: [2, 1000, 2000])
  func `are acknowledged selectively`(count: Int) throws {
    var configuration = Configuration()
    configuration.congestionAlgorithm = .newReno
    let script = try Script.established(.sack, configuration, ours: start(count), theirs: start(count))
    script.write(14_600)
    script.takeAll()
    try script.ack(1, sack: [2921..<8761])
    script.expect(.ack, 1, count: 1460)
    script.expectNothing()
    try script.ack(14_601)
    #expect(script.connection.flightByteCount == 0)
    try script.data(1461, 100)
    script.expect(.ack, 14_601, ack: 1, sack: [1461..<1561])
    try script.data(961, 100)
    script.expect(.ack, 14_601, ack: 1, sack: [961..<1061, 1461..<1561])
  }

  @Test func `SYN is the last one before`() throws {
    for isPassive in [true, false] {
      let script = try Script.established(isPassive: isPassive, ours: .max, theirs: .max)
      #expect(script.connection.unacknowledged.rawValue == 0)
      try script.data(1, 10)
      #expect(script.connection.receiveNext.rawValue == 10)
    }
  }

  @Test func `FIN is the last one before`() throws {
    let script = try Script.established(ours: start(2), theirs: start(2))
    script.finish()
    script.expect([.ack, .fin], 1)
    try script.peer([.ack, .fin], 1, ack: 2)
    #expect(script.state == .timeWait)
    script.expect(.ack, 2, ack: 2)
  }

  @Test(arguments: [2, 500, 1461]) func `are sent again after an RTO and in recovery`(count: Int) throws {
    for offer in [Script.Offer.plain, .sack] {
      let script = try Script.established(offer, ours: start(count))
      script.write(7300)
      script.takeAll()
      // With SACK the tail is probed first, which begins the RTO anew.
      script.advance(milliseconds: 1)
      if offer.isSACKPermitted { script.expect(.ack, 5841, count: 1460) }
      script.advance(milliseconds: 200)
      script.expect(.ack, 1, count: 1460)
      try script.ack(1461)
      script.expect(.ack, 1461, count: 1460)
      script.expect(.ack, 2921, count: 1460)
      try script.ack(7301)
      #expect(script.connection.recovery.isOpen)
    }
  }

  @Test func `windows reach across`() throws {
    let script = try Script.established(Script.Offer(window: 1000), ours: start(500), theirs: start(500))
    script.write(2000)
    script.expect(.ack, 1, count: 1000)
    try script.ack(1001, window: 0)
    script.advance(milliseconds: 300)
    script.expect(.ack, 1001, count: 1)
    try script.peer(.rst, 600)
    script.expect(.ack, 1001, ack: 1)
    #expect(script.state == .established)
  }
}
