import Testing
import Wire

@testable import TCP

@Suite struct `The handshake` {
  @Test func `opens with SYN and is established by SYN-ACK (RFC 9293 §3.5, figure 6)`() throws {
    let script = try Script(isPassive: false)
    #expect(script.state == .synSent)
    script.expect(.syn, 0, ack: -77_000, count: 0)
    #expect(try script.peer([.syn, .ack], 0, ack: 1).contains(.established))
    script.expect(.ack, 1, ack: 1, count: 0)
    #expect(script.state == .established)
    script.expectNothing()
  }

  @Test func `answers SYN with SYN-ACK and is established by its ACK`() throws {
    let script = try Script(isPassive: true)
    #expect(script.state == .synReceived)
    script.expect([.syn, .ack], 0, ack: 1)
    let events = try script.peer(.ack, 1, ack: 1)
    #expect(events.isSuperset(of: [.established, .writable]))
    #expect(script.state == .established)
    script.expectNothing()
  }

  @Test func `takes data that comes with the ACK of SYN-ACK`() throws {
    let script = try Script(isPassive: true)
    script.expect([.syn, .ack])
    let events = try script.peer(.ack, 1, ack: 1, stream(10))
    #expect(events.isSuperset(of: [.established, .readable]))
    #expect(script.read() == stream(10))
  }

  @Test func `takes FIN that comes with the ACK of SYN-ACK`() throws {
    let script = try Script(isPassive: true)
    script.expect([.syn, .ack])
    try script.peer([.ack, .fin], 1, ack: 1, stream(3))
    script.expect(.ack, 1, ack: 5)
    #expect(script.state == .closeWait)
    #expect(script.read() == stream(3) && script.isAtEnd)
  }

  @Test func `is established by data when the ACK of SYN-ACK was lost, even by the second segment`() throws {
    let script = try Script(isPassive: true)
    script.expect([.syn, .ack])
    try script.peer(.ack, 1001, ack: 1, stream(10, from: 1000))
    #expect(script.state == .established)
    script.expect(.ack, 1, ack: 1)
    script.write(100)
    script.expect(.ack, 1, count: 100)
  }

  @Test func `of both at once ends in one connection (RFC 9293 §3.5, figure 7)`() throws {
    let script = try Script(isPassive: false, .all)
    script.expect(.syn, 0)
    try script.peer(.syn, 0, options: script.offer.options)
    #expect(script.state == .synReceived)
    let answer = script.expect([.syn, .ack], 0, ack: 1)
    #expect(answer?.options.windowScale != nil && answer?.options.isSACKPermitted == true)
    // The peer's SYN-ACK lies before the window; its ACK counts all the same once ours has made it send one.
    try script.peer([.syn, .ack], 0, ack: 1, options: script.offer.options)
    script.expect(.ack, 1, ack: 1)
    try script.peer(.ack, 1, ack: 1)
    #expect(script.state == .established)
  }

  @Test func `of both at once goes on when every SYN-ACK was lost once`() throws {
    let script = try Script(isPassive: false)
    script.expect(.syn, 0)
    try script.peer(.syn, 0)
    script.expect([.syn, .ack], 0, ack: 1)
    script.advance(milliseconds: 1000)
    script.expect([.syn, .ack], 0, ack: 1)
    try script.peer(.syn, 0)
    script.expect([.syn, .ack], 0, ack: 1)
    try script.peer(.ack, 1, ack: 1)
    #expect(script.state == .established)
  }

  @Test func `sends SYN again after 1, 2, 4 s and gives up after three minutes (RFC 6298 §5.5)`() throws {
    let script = try Script(isPassive: false)
    script.expect(.syn, 0)
    let start = script.now
    script.advance(milliseconds: 400_000)
    let times = script.takeAll().map { Int(($0.at.nanoseconds - start.nanoseconds) / 1_000_000) }
    #expect(times == [1000, 3000, 7000, 15_000, 31_000, 63_000, 123_000])
    #expect(script.state == .closed && script.connection.failure == .timedOut)
    #expect(script.connection.deadline == .never)
  }

  @Test func `sends SYN-ACK again and gives up after its time-out`() throws {
    let script = try Script(isPassive: true)
    script.expect([.syn, .ack])
    script.advance(milliseconds: 60_000)
    #expect(script.takeAll().count == 4)
    #expect(script.state == .closed && script.connection.failure == .timedOut)
  }

  @Test func `answers SYN that comes again with SYN-ACK`() throws {
    let script = try Script(isPassive: true)
    script.expect([.syn, .ack], 0, ack: 1)
    try script.peer(.syn, 0)
    script.expect([.syn, .ack], 0, ack: 1)
    script.expectNothing()
  }

  @Test func `after a lost SYN starts data with an RTO of 3 s (RFC 6298 §5.7)`() throws {
    let script = try Script(isPassive: false)
    script.advance(milliseconds: 1000)
    try script.peer([.syn, .ack], 0, ack: 1)
    script.takeAll()
    script.write(10)
    script.expect(.ack, 1, count: 10)
    script.advance(milliseconds: 2999)
    script.expectNothing()
    script.advance(milliseconds: 1)
    script.expect(.ack, 1, count: 10)
  }

  @Test func `after a lost SYN starts with one segment (RFC 5681 §3.1)`() throws {
    let script = try Script(isPassive: false)
    script.advance(milliseconds: 1000)
    try script.peer([.syn, .ack], 0, ack: 1, options: script.offer.options)
    script.takeAll()
    script.write(5000)
    script.expect(.ack, 1, count: 1460)
    script.expectNothing()
  }

  @Test func `does not measure a round trip by SYN that was sent twice (Karn)`() throws {
    let script = try Script(isPassive: false)
    script.advance(milliseconds: 1500)
    try script.peer([.syn, .ack], 0, ack: 1)
    #expect(script.smoothed == 0)
  }

  @Test func `refuses an ACK that acknowledges nothing of ours in SYN-SENT, with RST`() throws {
    for number in [0, 2, -5, 1 << 31] {
      let script = try Script(isPassive: false)
      script.expect(.syn)
      #expect(try script.peer(.ack, 0, ack: number) == .answerReset)
      #expect(try script.peer([.syn, .ack], 0, ack: number) == .answerReset)
      #expect(script.state == .synSent)
      script.expectNothing()
    }
  }

  @Test func `believes RST in SYN-SENT only with an ACK of our SYN`() throws {
    let script = try Script(isPassive: false)
    script.expect(.syn)
    #expect(try script.peer(.rst, 0).isEmpty)
    #expect(try script.peer([.rst, .ack], 0, ack: 5).isEmpty)
    #expect(script.state == .synSent)
    #expect(try script.peer([.rst, .ack], 0, ack: 1).contains(.ended))
    #expect(script.connection.failure == .refused)
    script.expectNothing()
  }

  @Test func `drops a segment without SYN and RST in SYN-SENT`() throws {
    let script = try Script(isPassive: false)
    script.expect(.syn)
    #expect(try script.peer(.ack, 0, ack: 1).isEmpty)
    #expect(try script.peer([], 0).isEmpty)
    #expect(script.state == .synSent)
    script.expectNothing()
  }

  @Test func `answers a wrong ACK in SYN-RECEIVED with RST and stays`() throws {
    for number in [0, 2, -100, 1 << 30] {
      let script = try Script(isPassive: true)
      script.expect([.syn, .ack])
      #expect(try script.peer(.ack, 1, ack: number).contains(.answerReset))
      #expect(script.state == .synReceived)
    }
  }

  @Test func `ends by RST in SYN-RECEIVED, but only at RCV.NXT`() throws {
    let script = try Script(isPassive: true)
    script.expect([.syn, .ack])
    try script.peer(.rst, 2)
    #expect(script.state == .synReceived)
    #expect(try script.peer(.rst, 1).contains(.ended))
    #expect(script.connection.failure == .reset)
  }

  @Test func `that crossed is refused by RST (RFC 9293 §3.10.7.4)`() throws {
    let script = try Script(isPassive: false)
    try script.peer(.syn, 0)
    #expect(try script.peer([.rst, .ack], 1, ack: 1).contains(.ended))
    #expect(script.connection.failure == .refused)
  }

  @Test func `answers a new SYN of a peer that began anew with an ACK, for which it sends RST`() throws {
    let script = try Script(isPassive: true)
    script.expect([.syn, .ack])
    try script.peer(.syn, 5000)
    script.expect(.ack, 1, ack: 1)
    try script.peer(.rst, 1)
    #expect(script.state == .closed)
  }

  @Test func `goes into FIN-WAIT-1 when the program has finished before`() throws {
    for isPassive in [true, false] {
      let script = try Script(isPassive: isPassive)
      script.takeAll()
      script.finish()
      script.expectNothing()
      try script.peer(isPassive ? .ack : [.syn, .ack], isPassive ? 1 : 0, ack: 1)
      #expect(script.state == .finWait1)
      let sent = script.takeAll()
      #expect(sent.contains { $0.flags.contains(.fin) && $0.sequence == 1 })
    }
  }

  @Test func `is forgotten without a word when closed in SYN-SENT`() throws {
    let script = try Script(isPassive: false)
    script.expect(.syn)
    #expect(script.close().contains(.ended))
    #expect(script.state == .closed && script.connection.failure == nil)
    script.expectNothing()
    #expect(script.connection.deadline == .never)
  }

  @Test func `data that comes with SYN-ACK is not lost for good`() throws {
    let script = try Script(isPassive: false)
    script.expect(.syn)
    try script.peer([.syn, .ack], 0, ack: 1, stream(100))
    #expect(script.state == .established)
    let ack = script.expect(.ack, 1)
    if ack?.acknowledgement != 101 { try script.data(1, 100) }
    #expect(script.read() == stream(100))
  }
}
