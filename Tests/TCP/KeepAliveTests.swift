import Testing
import Wire

@testable import TCP

@Suite struct `Keep-alive (RFC 9293 §3.8.4)` {
  private func script() throws -> Script {
    var configuration = Configuration()
    configuration.keepAliveIdle = 100_000_000_000
    return try Script.established(.plain, configuration)
  }

  @Test func `is off unless asked for`() throws {
    let script = try Script.established()
    #expect(script.connection.deadline == .never)
  }

  @Test func `asks after silence, with a segment before the window`() throws {
    let script = try script()
    script.advance(milliseconds: 99_999)
    script.expectNothing()
    script.advance(milliseconds: 1)
    script.expect(.ack, 0, ack: 1, count: 0)
    script.expectNothing()
  }

  @Test func `goes on as long as it is answered`() throws {
    let script = try script()
    for _ in 0..<100 {
      script.advance(milliseconds: 100_000)
      script.expect(.ack, 0)
      try script.ack(1)
      script.expectNothing()
    }
    #expect(script.state == .established)
  }

  @Test func `ends the connection after nine questions without an answer`() throws {
    let script = try script()
    script.advance(milliseconds: 100_000 + 8 * 75_000)
    #expect(script.takeAll().count == 9 && script.state == .established)
    script.advance(milliseconds: 75_000)
    #expect(script.state == .closed && script.connection.failure == .timedOut)
    // Should the peer live after all, it learns that we have gone.
    script.expect([.rst, .ack], 1)
    script.expectNothing()
  }

  @Test func `of the peer is answered`() throws {
    let script = try script()
    try script.peer(.ack, 0)
    script.expect(.ack, 1, ack: 1, count: 0)
    try script.peer(.ack, 0, [7])
    script.expect(.ack, 1, ack: 1, count: 0)
    #expect(script.connection.readableByteCount == 0)
  }

  @Test func `waits while the peer talks or data is in flight`() throws {
    let script = try script()
    script.advance(milliseconds: 60_000)
    try script.data(1, 1)
    script.advance(milliseconds: 40)
    script.takeAll()
    script.advance(milliseconds: 60_000)
    script.expectNothing()
    script.write(10)
    script.advance(milliseconds: 60_000)
    #expect(script.takeAll().allSatisfy { $0.sequence == 1 })
  }
}

@Suite struct `An ICMP error (RFC 5927 §5.2)` {
  @Test func `that quotes our SYN ends the attempt`() throws {
    for isHard in [true, false] {
      let script = try Script(isPassive: false)
      let events = script.connection.receiveError(quoting: script.ourStart, isHard: isHard)
      #expect(events.contains(.ended))
      #expect(script.connection.failure == (isHard ? .refused : .unreachable))
    }
  }

  @Test func `that quotes something else is ignored`() throws {
    let script = try Script(isPassive: false)
    for offset in [-1, 1, 1000] {
      #expect(script.connection.receiveError(quoting: script.ourStart + offset, isHard: true).isEmpty)
    }
    #expect(script.state == .synSent)
  }

  @Test func `does not end an established connection`() throws {
    let script = try Script.established()
    script.write(10)
    #expect(script.connection.receiveError(quoting: script.ourStart + 1, isHard: true).isEmpty)
    #expect(script.state == .established)
  }
}
