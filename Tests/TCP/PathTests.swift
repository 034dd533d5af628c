import Platform
import Testing
import Wire

@testable import TCP

@Suite struct `Path MTU discovery` {
  private func tooBig(_ script: Script, _ place: Int, _ byteCount: Int) -> Bool {
    let isBelieved = script.connection.receiveTooBig(
      quoting: script.ourStart + place, segmentByteCount: byteCount, at: script.now)
    script.drain()
    return isBelieved
  }

  @Test(arguments: [Script.Offer.plain, .sack, .all])
  func `sends what was too large again at once, in smaller segments (RFC 1191 §6.4)`(offer: Script.Offer)
    throws
  {
    let script = try Script.established(offer)
    script.write(5000)
    #expect(script.takeAll().count == 4)
    let window = script.connection.congestionWindowByteCount
    #expect(tooBig(script, 1, 1360))
    let full = 1360 - (offer.hasTimestamps ? 12 : 0)
    for index in 0..<3 { script.expect(.ack, 1 + index * full, count: full) }
    script.expect(.ack, 1 + 3 * full, count: 5000 - 3 * full)
    script.expectNothing()
    #expect(script.connection.congestionWindowByteCount == window)
    // The others of that flight have their word as well, which is no news.
    #expect(!tooBig(script, 1461, 1360))
    script.expectNothing()
    #expect(script.counters.pathReductions == 1 && script.counters.droppedPathClaims == 1)
    try script.ack(5001)
    script.write(3000)
    script.expect(.ack, 5001, count: full)
    #expect(script.counters.timeouts == 0)
  }

  @Test func `with FIN in flight ends all the same`() throws {
    let script = try Script.established(.sack)
    script.write(2000)
    script.finish()
    script.takeAll()
    #expect(tooBig(script, 1, 1000))
    script.expect(.ack, 1, count: 1000)
    script.expect([.ack, .fin], 1001, count: 1000)
    try script.ack(2002)
    #expect(script.state == .finWait2)
  }

  @Test func `tells a device that cuts large segments by itself to cut smaller ones`() throws {
    let script = try Script.established(.sack)
    script.largeByteCount = 60_000
    script.write(14_000)
    #expect(script.takeAll().contains { $0.segmentByteCount == 1460 })
    #expect(tooBig(script, 1, 1200))
    #expect(script.takeAll().allSatisfy { $0.payload.count <= 1200 || $0.segmentByteCount == 1200 })
    try script.ack(14_001)
    script.write(14_000)
    #expect(script.takeAll().contains { $0.segmentByteCount == 1200 })
  }

  @Test func `does not believe who quotes nothing in flight, or says nothing new (RFC 5927 §7)`() throws {
    let script = try Script.established()
    #expect(!tooBig(script, 1, 1000))
    script.write(4380)
    script.takeAll()
    for place in [0, -1, 4381, 5000, 1 << 30, 1 << 31, -(1 << 30)] { #expect(!tooBig(script, place, 1000)) }
    for byteCount in [1460, 1461, 9000] { #expect(!tooBig(script, 1, byteCount)) }
    #expect(script.counters.droppedPathClaims == 11)
    #expect(script.connection.pathSegmentByteCount == 1460)
    script.expectNothing()
  }

  @Test func `once full segments arrive, believes a router only when a time-out bears it out`() throws {
    let script = try Script.established()
    script.write(4380)
    script.takeAll()
    try script.ack(2921)
    #expect(!tooBig(script, 2921, 1000))
    #expect(script.connection.pathSegmentByteCount == 1460)
    // What was quoted has arrived: the word was a lie, and is forgotten.
    try script.ack(4381)
    script.write(1460)
    script.takeAll()
    script.advance(milliseconds: 300)
    #expect(script.takeAll().map(\.payload.count) == [1460] && script.connection.pathSegmentByteCount == 1460)
    // What was quoted has not arrived: now it counts.
    #expect(!tooBig(script, 4381, 1000))
    script.advance(milliseconds: 500)
    #expect(script.takeAll().first?.payload.count == 1000 && script.counters.pathReductions == 1)
    #expect(script.counters.blackHoles == 0)
  }

  @Test(arguments: [Script.Offer.plain, .sack, .all])
  func `finds a black hole by time-outs of full segments (RFC 4821 §7.7)`(offer: Script.Offer) throws {
    let script = try Script.established(offer)
    script.write(4380)
    script.takeAll()
    var sizes: [Int] = []
    while script.counters.timeouts < 7 {
      script.advance(milliseconds: 100)
      sizes.append(script.connection.pathSegmentByteCount)
    }
    // After the third and the fifth time-out in a row.
    #expect(sizes.first == 1460 && sizes.contains(1220) && sizes.last == 536)
    #expect(script.counters.blackHoles == 2)
    let full = 536 - (offer.hasTimestamps ? 12 : 0)
    #expect(script.takeAll().last?.payload.count == full)
    try script.ack(1 + 2 * full)
    let next = try #require(script.expect(.ack, 1 + 2 * full))
    #expect(next.payload.count <= full)
  }

  @Test func `what SACK tells of full segments that arrive is no black hole, nor is what every path takes`()
    throws
  {
    let script = try Script.established(.sack)
    script.write(4380)
    script.takeAll()
    try script.ack(1, sack: [1461..<2921])
    script.advance(milliseconds: 10_000)
    #expect(script.counters.timeouts > 3 && script.counters.blackHoles == 0)
    let other = try Script.established()
    other.write(536)
    other.advance(milliseconds: 10_000)
    #expect(other.counters.timeouts > 3 && other.counters.blackHoles == 0)
  }

  @Test func `many small segments that SACK reports are no proof that a large one would arrive`() throws {
    let script = try Script.established(.sack)
    script.write(1460)
    for _ in 0..<20 {
      script.advance(nanoseconds: 1000)
      script.write(100)
    }
    script.takeAll()
    try script.ack(1, sack: [1461..<3461])
    while script.counters.timeouts < 3 { script.advance(milliseconds: 100) }
    #expect(script.counters.blackHoles == 1 && script.connection.pathSegmentByteCount == 1220)
    // The same when they left in one moment and the report is of the tail of a run.
    let other = try Script.established(.sack)
    other.write(3 * 1460 + 700)
    other.takeAll()
    try other.ack(1, sack: [3 * 1460 + 1..<3 * 1460 + 701])
    while other.counters.timeouts < 3 { other.advance(milliseconds: 100) }
    #expect(other.counters.blackHoles == 1)
  }

  @Test func `a large segment that was acknowledged since is no proof for the one behind it`() throws {
    let script = try Script.established(.sack)
    for count in [1460, 1460, 1460, 100] {
      script.advance(nanoseconds: 1000)
      script.write(count)
    }
    script.takeAll()
    // The second and the last arrived; then the first, and the path takes no such segment any more.
    try script.ack(1, sack: [1461..<2921, 4381..<4481])
    try script.ack(2921, sack: [4381..<4481])
    script.takeAll()
    while script.counters.timeouts < 3 { script.advance(milliseconds: 100) }
    #expect(script.counters.blackHoles == 1 && script.connection.pathSegmentByteCount == 1220)
  }

  @Test func `one segment as large as the one that does not arrive is proof enough`() throws {
    let script = try Script.established(.sack)
    script.write(1300)
    script.advance(nanoseconds: 1000)
    script.write(1300)
    script.takeAll()
    try script.ack(1, sack: [1301..<2601])
    script.advance(milliseconds: 10_000)
    #expect(script.counters.timeouts > 3 && script.counters.blackHoles == 0)
    #expect(script.connection.pathSegmentByteCount == 1460)
  }

  @Test(arguments: [(1459, 1220), (1221, 1220), (1220, 536), (711, 536)])
  func `a last segment that is not full may be too large for the path, too`(byteCount: Int, found: Int) throws
  {
    let script = try Script.established()
    script.write(byteCount)
    while script.counters.timeouts < 4 { script.advance(milliseconds: 100) }
    #expect(script.counters.blackHoles == 1 && script.connection.pathSegmentByteCount == found)
    #expect(script.takeAll().contains { $0.payload.count == found })
  }

  @Test func `never takes more than both ends agreed on, nor less than the least`() throws {
    let script = try Script.established(Script.Offer(segmentSize: 1400))
    for (byteCount, taken) in [(1000, 1000), (9000, 1400), (.max, 1400), (1, 64)] {
      script.connection.usePath(segmentByteCount: byteCount)
      #expect(script.connection.pathSegmentByteCount == taken)
    }
  }
}
