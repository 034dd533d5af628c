import Platform
import Testing
import Wire

@testable import TCP

@Suite struct `A burst` {
  private static let full = 1460

  /// A connection over a path of `roundTrip` milliseconds with a window of a hundred segments and nothing in flight.
  private func path(_ roundTrip: Int, large: Int = 0) throws -> Script {
    var configuration = Configuration()
    configuration.initialWindowSegmentCount = 100
    let script = try Script.established(Script.Offer(scale: 7, isSACKPermitted: true), configuration)
    script.largeByteCount = large
    for index in 1...30 {
      script.write(100)
      script.advance(milliseconds: roundTrip)
      try script.ack(1 + index * 100)
    }
    script.takeAll()
    #expect(script.connection.deadline == .never)
    return script
  }

  @Test func `of ten segments goes out at once; more at two windows a round trip`() throws {
    let script = try path(40)
    let began = script.now
    script.write(60 * Self.full)
    #expect(script.takeAll().count == 10)
    script.advance(milliseconds: 40)
    let sent = script.takeAll()
    #expect(sent.count == 50)
    // Fifty segments at a hundred in 20 ms, and no more than those of some milliseconds together.
    let last = sent.last!.at.nanoseconds - began.nanoseconds
    #expect((9_000_000...13_000_000).contains(last))
    let moments = Set(sent.map(\.at.nanoseconds))
    #expect((8...13).contains(moments.count))
    #expect(script.counters.timeouts == 0 && script.counters.probes == 0)
  }

  @Test func `that ACKs let out needs no timer`() throws {
    let script = try path(40)
    script.write(80 * Self.full)
    script.advance(milliseconds: 30)
    script.takeAll()
    var acknowledged = 3001
    for _ in 0..<40 {
      script.advance(nanoseconds: 500_000)
      acknowledged += 2 * Self.full
      script.write(2 * Self.full)
      try script.ack(acknowledged)
      #expect(script.connection.paceAt == .never)
    }
    #expect(script.takeAll().count == 80)
  }

  @Test func `that a stretch ACK lets out is cut`() throws {
    let script = try path(40)
    script.write(100 * Self.full)
    script.advance(milliseconds: 40)
    script.takeAll()
    script.write(80 * Self.full)
    try script.ack(3001 + 60 * Self.full)
    #expect(script.takeAll().count == 10)
    #expect(script.connection.paceAt != .never)
  }

  @Test func `of a short path is not cut`() throws {
    let script = try path(1)
    script.write(60 * Self.full)
    #expect(script.takeAll().count == 60)
    #expect(script.connection.paceAt == .never)
  }

  @Test func `goes out in large segments where the device cuts them, of no more than is due`() throws {
    let script = try path(40, large: 64_000)
    script.write(60 * Self.full)
    script.expect(.ack, count: 10 * Self.full)
    script.expectNothing()
  }

  @Test func `waits without a probe of the window, and not for ever`() throws {
    let script = try path(40)
    script.write(60 * Self.full)
    script.takeAll()
    // All that was sent is acknowledged at once, long before the rest is due.
    try script.ack(3001 + 10 * Self.full)
    #expect(script.connection.persistAt == .never || !script.connection.isPacing)
    script.advance(milliseconds: 39)
    #expect(script.takeAll().count == 50)
    #expect(script.counters.probes == 0)
  }

  @Test func `is forgotten with the connection`() throws {
    let script = try path(40)
    script.write(60 * Self.full)
    #expect(script.connection.paceAt != .never)
    script.abort()
    #expect(script.connection.deadline == .never)
  }
}
