import Testing
import Wire

@testable import TCP

@Suite struct `An ACK of ours (RFC 9293 §3.8.6.3, RFC 5681 §4.2)` {
  @Test func `waits 40 ms for company`() throws {
    let script = try Script.established()
    try script.data(1, 100)
    script.advance(nanoseconds: 39_999_999)
    script.expectNothing()
    script.advance(nanoseconds: 1)
    script.expect(.ack, 1, ack: 101, count: 0)
    script.advance(milliseconds: 1000)
    script.expectNothing()
  }

  @Test func `goes out at once for every second full segment`() throws {
    let script = try Script.established()
    for index in 0..<6 {
      try script.data(1 + index * 1460, 1460)
      if index % 2 == 1 {
        script.expect(.ack, 1, ack: 1 + (index + 1) * 1460)
      } else {
        script.expectNothing()
      }
    }
  }

  @Test func `goes out at once for every second full segment with timestamps, too`() throws {
    let script = try Script.established(.timestamps)
    for index in 0..<6 {
      try script.data(1 + index * 1448, 1448)
      if index % 2 == 1 {
        script.expect(.ack, 1, ack: 1 + (index + 1) * 1448)
      } else {
        script.expectNothing()
      }
    }
  }

  @Test func `does not wait for the end of a turn until so many bytes came without a gap`() throws {
    var configuration = Configuration()
    configuration.steadyByteCount = 8 * 1460
    let script = try Script.established(.sack, configuration)
    var next = 1
    func segment() throws -> Bool {
      try script.data(next, 1460)
      next += 1460
      script.takeAll()
      return script.events.contains(.transmitNow)
    }
    for index in 0..<12 {
      let isAtOnce = try segment()
      #expect(isAtOnce == (index < 7 && index % 2 == 1), "segment \(index)")
    }
    // A gap, and again.
    try script.data(next + 1460, 1460)
    try script.data(next, 1460)
    next += 2 * 1460
    script.takeAll()
    for index in 0..<12 {
      let isAtOnce = try segment()
      #expect(isAtOnce == (index < 7 && index % 2 == 1), "segment \(index) after the gap")
    }
  }

  @Test func `is shared by the segments of a turn up to a quarter of the window`() throws {
    var configuration = Configuration()
    configuration.steadyByteCount = 0
    let script = try Script.established(.plain, configuration)
    // As a device delivers that puts segments together; the window is 65,535.
    try script.data(1, 16_382)
    #expect(!script.events.contains(.transmitNow))
    try script.data(16_383, 16_383)
    #expect(script.events.contains(.transmitNow))
    script.takeAll()
  }

  @Test func `rides on data that goes the same way`() throws {
    let script = try Script.established()
    try script.data(1, 100)
    script.write(50)
    script.expect(.ack, 1, ack: 101, count: 50)
    try script.ack(51)
    script.advance(milliseconds: 1000)
    script.expectNothing()
  }

  @Test func `goes out at once for a segment beyond a gap, for each one`() throws {
    let script = try Script.established(.sack)
    try script.data(101, 10)
    script.expect(.ack, 1, ack: 1, sack: [101..<111])
    try script.data(121, 10)
    script.expect(.ack, 1, ack: 1, sack: [121..<131, 101..<111])
  }

  @Test func `goes out at once for a segment that fills a gap, wholly or in part`() throws {
    let script = try Script.established(.sack)
    try script.data(21, 10)
    try script.data(41, 10)
    script.takeAll()
    try script.data(1, 20)
    script.expect(.ack, 1, ack: 31, sack: [41..<51])
    try script.data(31, 5)
    script.expect(.ack, 1, ack: 36, sack: [41..<51])
    try script.data(36, 5)
    script.expect(.ack, 1, ack: 51, sack: [])
    #expect(script.read() == stream(50))
  }

  @Test func `goes out at once for what arrived before`() throws {
    let script = try Script.established()
    try script.data(1, 100)
    script.advance(milliseconds: 100)
    script.takeAll()
    try script.data(1, 100)
    script.expect(.ack, 1, ack: 101)
    try script.data(51, 50)
    script.expect(.ack, 1, ack: 101)
  }

  @Test func `goes out at once for FIN`() throws {
    let script = try Script.established()
    try script.data(1, 100, [.ack, .fin])
    script.expect(.ack, 1, ack: 102)
  }

  @Test func `of a gap goes alone although data could carry it, for else it is no duplicate (RFC 5681 §2)`()
    throws
  {
    let script = try Script.established(.sack)
    script.write(100_000)
    script.takeAll()
    // The window moves, so there is data to be sent, and the peer's data came beyond a gap.
    try script.peer(.ack, 101, ack: 2921, stream(10, from: 100))
    let acks = script.takeAll()
    #expect(acks.contains { $0.payload.isEmpty && $0.options.sackBlockCount == 1 })
    #expect(acks.contains { !$0.payload.isEmpty })
  }

  @Test func `stands in the peer's window although that was taken back (RFC 9293 §3.8.6)`() throws {
    let script = try Script.established()
    script.write(10_000)
    try script.ack(1461, window: 2000)
    script.takeAll()
    try script.data(1, 2920)
    // SND.NXT is 10001; the peer takes nothing beyond 3461.
    script.expect(.ack, 3461, ack: 2921, count: 0)
  }
}
