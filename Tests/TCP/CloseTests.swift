import Testing
import Wire

@testable import TCP

@Suite struct `The end (RFC 9293 §3.6)` {
  @Test func `begun by us: FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT`() throws {
    let script = try Script.established()
    script.write(10)
    script.takeAll()
    script.finish()
    #expect(script.state == .finWait1)
    script.expect([.ack, .fin], 11, ack: 1, count: 0)
    try script.ack(11)
    #expect(script.state == .finWait1)
    try script.ack(12)
    #expect(script.state == .finWait2)
    let events = try script.peer([.ack, .fin])
    #expect(events.isSuperset(of: [.ended, .readable]) && script.state == .timeWait)
    script.expect(.ack, 12, ack: 2)
    #expect(script.connection.failure == nil && script.connection.deadline == .never)
    script.expectNoMemory()
  }

  @Test func `begun by the peer: CLOSE-WAIT, LAST-ACK, CLOSED`() throws {
    let script = try Script.established()
    #expect(try script.peer([.ack, .fin]).contains(.readable))
    #expect(script.state == .closeWait && script.isAtEnd)
    script.expect(.ack, 1, ack: 2)
    #expect(script.write(100) == 100)
    script.expect(.ack, 1, ack: 2, count: 100)
    script.finish()
    #expect(script.state == .lastAck)
    script.expect([.ack, .fin], 101, count: 0)
    try script.ack(101)
    #expect(script.state == .lastAck)
    #expect(try script.ack(102).contains(.ended))
    #expect(script.state == .closed && script.connection.failure == nil)
    script.expectNothing()
    script.expectNoMemory()
  }

  @Test func `at once: FIN-WAIT-1, CLOSING, TIME-WAIT (figure 13)`() throws {
    let script = try Script.established()
    script.finish()
    script.expect([.ack, .fin], 1)
    try script.peer([.ack, .fin], 1, ack: 1)
    #expect(script.state == .closing)
    script.expect(.ack, 2, ack: 2)
    try script.ack(2)
    #expect(script.state == .timeWait)
    script.expectNothing()
    script.expectNoMemory()
  }

  @Test func `by FIN that acknowledges ours: from FIN-WAIT-1 straight to TIME-WAIT`() throws {
    let script = try Script.established()
    script.finish()
    script.takeAll()
    try script.peer([.ack, .fin], 1, ack: 2)
    #expect(script.state == .timeWait)
    script.expect(.ack, 2, ack: 2)
  }

  @Test func `FIN rides on the last data`() throws {
    let script = try Script.established(Script.Offer(window: 100))
    script.write(150)
    script.finish()
    script.expect(.ack, 1, count: 100)
    try script.ack(101)
    script.expect([.ack, .fin], 101, count: 50)
    try script.ack(152)
    #expect(script.state == .finWait2)
  }

  @Test func `after our FIN the peer's data still arrives (half-close)`() throws {
    let script = try Script.established()
    script.finish()
    script.takeAll()
    try script.peer(.ack, 1, ack: 2, stream(500))
    #expect(script.read() == stream(500))
    script.advance(milliseconds: 10_000_000)
    #expect(script.state == .finWait2)
    script.takeAll()
    try script.data(501, 100, [.ack, .fin])
    #expect(script.read() == stream(100, from: 500) && script.isAtEnd)
    #expect(script.state == .timeWait)
  }

  @Test func `data in FIN-WAIT-1 arrives, too`() throws {
    let script = try Script.established()
    script.finish()
    script.takeAll()
    try script.peer(.ack, 1, ack: 1, stream(100))
    #expect(script.read() == stream(100) && script.state == .finWait1)
  }

  @Test func `a FIN that was acknowledged and comes again is acknowledged again`() throws {
    let script = try Script.established()
    try script.peer([.ack, .fin], 1)
    script.expect(.ack, 1, ack: 2)
    try script.peer([.ack, .fin], 1)
    script.expect(.ack, 1, ack: 2)
    script.finish()
    script.expect([.ack, .fin], 1)
    try script.peer([.ack, .fin], 1)
    script.expect(.ack, 2, ack: 2)
    #expect(script.state == .lastAck)
  }

  @Test func `what the program sends after finish is not taken`() throws {
    let script = try Script.established()
    script.finish()
    #expect(script.write(10) == 0 && script.connection.sendRoom == 0)
    script.finish()
    #expect(script.takeAll().count == 1)
  }

  @Test func `close with bytes that nobody read sends RST (RFC 1122 §4.2.2.13)`() throws {
    let script = try Script.established()
    script.write(10)
    try script.data(1, 100)
    script.takeAll()
    #expect(script.close().contains(.ended))
    script.expect([.rst, .ack], 11, ack: 101)
    script.expectNothing()
    #expect(script.state == .closed)
  }

  @Test func `close with bytes beyond a gap sends RST`() throws {
    let script = try Script.established()
    try script.data(51, 100)
    script.takeAll()
    script.close()
    script.expect([.rst, .ack], 1, ack: 1)
  }

  @Test func `data that arrives after close gets RST`() throws {
    let script = try Script.established()
    script.write(1000)
    script.close()
    script.takeAll()
    try script.ack(1002)
    #expect(script.state == .finWait2)
    #expect(try script.data(1, 10).contains(.ended))
    script.expect([.rst, .ack], 1002)
    #expect(script.state == .closed)
    script.expectNoMemory()
  }

  @Test func `what was sent before close is still delivered`() throws {
    let script = try Script.established()
    script.write(20_000)
    script.close()
    var acknowledged = 1
    while script.state == .finWait1 {
      let sent = script.takeAll()
      acknowledged = max(
        acknowledged,
        sent.map { $0.sequence + $0.payload.count + ($0.flags.contains(.fin) ? 1 : 0) }.max() ?? 0)
      try script.ack(acknowledged)
      #expect(!sent.isEmpty)
    }
    #expect(acknowledged == 20_002 && script.state == .finWait2)
  }

  @Test func `an orphan in FIN-WAIT-2 is given up after its time-out`() throws {
    let script = try Script.established()
    script.close()
    script.takeAll()
    try script.ack(2)
    script.advance(milliseconds: 59_999)
    #expect(script.state == .finWait2)
    script.advance(milliseconds: 1)
    #expect(script.state == .closed && script.connection.failure == nil)
    script.expectNothing()
  }

  @Test func `close in FIN-WAIT-2 starts that time-out`() throws {
    let script = try Script.established()
    script.finish()
    try script.ack(2)
    script.advance(milliseconds: 1_000_000)
    script.close()
    script.advance(milliseconds: 60_000)
    #expect(script.state == .closed)
  }

  @Test func `an orphan whose FIN is not acknowledged is given up`() throws {
    for isLast in [true, false] {
      let script = try Script.established()
      if isLast { try script.peer([.ack, .fin]) }
      script.close()
      script.advance(milliseconds: 150_000)
      #expect(script.state == .closed)
      #expect(script.connection.deadline == .never)
    }
  }

  @Test func `an orphan whose peer keeps its window closed is given up`() throws {
    let script = try Script.established(Script.Offer(window: 100))
    script.write(1000)
    try script.ack(101, window: 0)
    script.close()
    for _ in 0..<200 where script.state != .closed {
      script.advance(milliseconds: 10_000)
      script.takeAll()
      if script.state != .closed { try script.ack(101, window: 0) }
    }
    #expect(script.state == .closed)
    script.expectNoMemory()
  }

  @Test(arguments: [1, 500])
  func `an orphan whose peer takes what is left byte by byte is given up, but not a slow one`(step: Int)
    throws
  {
    let script = try Script.established()
    script.write(60_000)
    script.close()
    var (sent, acknowledged) = (1, 1)
    let start = script.now
    while script.state != .closed, script.state != .finWait2 {
      for segment in script.takeAll() {
        sent = max(sent, segment.sequence + segment.payload.count + (segment.flags.contains(.fin) ? 1 : 0))
      }
      acknowledged = min(acknowledged + step, sent)
      try script.ack(acknowledged)
      script.advance(milliseconds: 1_000)
    }
    #expect((script.state == .finWait2) == (step == 500))
    #expect((script.connection.failure == .timedOut) == (step == 1))
    // 500 bytes a second take two minutes.
    #expect(script.now.nanoseconds - start.nanoseconds <= (step == 1 ? 61 : 130) * 1_000_000_000)
  }

  @Test func `abort sends RST and forgets both queues`() throws {
    let script = try Script.established()
    script.write(5000)
    try script.data(1, 100)
    try script.data(201, 100)
    script.takeAll()
    #expect(script.abort().contains(.ended))
    script.expect([.rst, .ack], 5001, ack: 101)
    #expect(script.connection.failure == .aborted)
    #expect(script.connection.readableByteCount == 0)
    script.expectNoMemory()
    #expect(script.abort().isEmpty && script.close().isEmpty)
    try script.data(101, 10)
    script.expectNothing()
  }

  @Test func `RST ends every state that has a peer`() throws {
    for finish in [true, false] {
      for theirs in [true, false] {
        let script = try Script.established()
        if finish { script.finish() }
        if theirs { try script.peer([.ack, .fin]) }
        script.takeAll()
        #expect(try script.peer(.rst).contains(.ended))
        #expect(script.state == .closed)
        script.expectNothing()
      }
    }
  }

  @Test func `data behind the peer's FIN is answered and not taken`() throws {
    let script = try Script.established()
    try script.peer([.ack, .fin])
    script.takeAll()
    try script.data(2, 100)
    script.expect(.ack, 1, ack: 2)
    #expect(script.isAtEnd)
  }
}
