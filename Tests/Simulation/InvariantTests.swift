import NetworkSimulation
import Testing
import Wire

/// Each invariant on a conversation that keeps it and on one that does not.
@Suite struct InvariantTests {
  /// A conversation: left's ISN is 100, right's 500; both offer everything and a scale of 2.
  private func opened(_ change: (inout Segment) -> Void = { _ in }) -> (WireInvariants, [String]) {
    var options = TCPOptions()
    options.maximumSegmentSize = 1_460
    options.windowScale = 2
    options.isSACKPermitted = true
    options.timestamps = TCPTimestamps(value: 10, echo: 0)
    var syn = Segment(100, .syn)
    syn.options = options
    options.timestamps = TCPTimestamps(value: 70, echo: 10)
    var answer = Segment(500, ack: 101, .syn, fromLeft: false)
    answer.options = options
    change(&syn)
    change(&answer)
    let invariants = WireInvariants()
    let found = check(invariants, [syn, answer, stamped(Segment(101, ack: 501), 11, 70)])
    return (invariants, found)
  }

  private func stamped(_ segment: Segment, _ value: UInt32, _ echo: UInt32) -> Segment {
    var segment = segment
    segment.options.timestamps = TCPTimestamps(value: value, echo: echo)
    return segment
  }

  private func check(_ invariants: WireInvariants, _ segments: [Segment]) -> [String] {
    segments.flatMap { invariants.check($0.frame().span.bytes) }
  }

  /// What is found in these, said after the handshake; the clocks stand at 11 and 70.
  private func found(_ segments: Segment...) -> [String] {
    let (invariants, found) = opened()
    return found + check(invariants, segments)
  }

  private func left(_ sequence: UInt32, ack: UInt32 = 501, _ payload: [UInt8] = [], window: UInt16 = 1_000)
    -> Segment
  {
    stamped(Segment(sequence, ack: ack, window: window, payload), 11, 70)
  }

  private func right(_ ack: UInt32, window: UInt16 = 1_000, at sequence: UInt32 = 501) -> Segment {
    stamped(Segment(sequence, ack: ack, window: window, fromLeft: false), 70, 11)
  }

  private func sack(_ ack: UInt32, _ start: UInt32, _ end: UInt32) -> Segment {
    var segment = right(ack)
    segment.options.appendSACKBlock(SACKBlock(start: SequenceNumber(start), end: SequenceNumber(end)))
    return segment
  }

  @Test func `a right conversation is right`() {
    let bytes = content(1_000)
    let (first, second) = (Array(bytes[..<600]), Array(bytes[600...]))
    var finish = left(1_101)
    finish.flags = .fin
    var answer = right(1_102)
    answer.flags = .fin
    let (invariants, opening) = opened()
    let rest = check(
      invariants,
      [
        left(101, first), left(701, second), sack(101, 701, 1_101), left(101, first),
        right(1_101, window: 750),
        left(701, second), finish, answer, left(1_102, ack: 502),
      ])
    #expect(opening.isEmpty && rest.isEmpty)
    #expect(invariants.segmentCount == 12 && invariants.retransmissionCount == 2)
  }

  @Test func `what was not sent is not acknowledged, and acknowledgements do not go back`() {
    #expect(found(right(102)).count == 1)
    #expect(found(left(101, [1]), right(102), right(101)).contains { $0.contains("less than before") })
  }

  @Test func `the right edge does not move left, scaled windows considered`() {
    #expect(found(right(101, window: 1_000), right(101, window: 999))[0].contains("left by 4"))
    let bytes = content(8)
    #expect(found(right(101), left(101, bytes), right(109, window: 998)).isEmpty)
    #expect(found(right(101), left(101, bytes), right(109, window: 997)).count == 1)
    #expect(found(right(101), left(101, Array(bytes[..<5])), right(106, window: 998)).isEmpty)
  }

  @Test func `nothing is sent beyond the window but one byte`() {
    let bytes = content(8)
    #expect(found(right(101, window: 250), left(101, content(1_000))).isEmpty)
    #expect(found(right(101, window: 250), left(101, content(1_002)))[0].contains("beyond the window"))
    let small = opened { $0.window = 2 }.0
    #expect(check(small, [left(101, Array(bytes[..<2])), left(103, [bytes[2]])]).isEmpty)
    #expect(check(small, [left(103, Array(bytes[2..<4]))]).count == 1)
  }

  @Test func `a segment is not larger than the peer's MSS, options included`() {
    let (invariants, _) = opened {
      $0.window = 5_000
      $0.options.maximumSegmentSize = 500
    }
    #expect(check(invariants, [left(101, content(488))]).isEmpty)
    #expect(check(invariants, [left(101, content(489))])[0].contains("MSS"))
  }

  @Test func `bytes do not change when they are sent again, nor does the end`() {
    let bytes = content(100)
    var other = Array(bytes[50...])
    other[30] ^= 1
    #expect(found(left(101, bytes), left(151, other))[0].contains("the byte at 181"))
    #expect(found(left(101, bytes), left(202, [1]))[0].contains("begins behind"))
    let (lenient, _) = opened()
    lenient.allowsSkips = true
    #expect(check(lenient, [left(101, bytes), left(202, [1])]).isEmpty)
    #expect(check(lenient, [left(202, [2])])[0].contains("the byte at 202"))
    var finish = left(201)
    finish.flags = .fin
    var again = left(200)
    again.flags = .fin
    #expect(found(left(101, bytes), finish, left(201, [1]))[0].contains("behind its FIN"))
    #expect(found(left(101, bytes), finish, again)[0].contains("FIN moves"))
  }

  @Test func `SACK blocks lie between the acknowledgement and what was sent`() {
    let bytes = content(100)
    #expect(found(left(101, bytes), sack(101, 150, 201)).isEmpty)
    #expect(found(left(101, bytes), sack(101, 150, 202)).count == 1)
    #expect(found(left(101, bytes), sack(150, 150, 160)).count == 1)
    #expect(found(left(101, bytes), sack(101, 150, 150)).count == 1)
    let (invariants, _) = opened()
    invariants.allowsDuplicateSACK = true
    #expect(check(invariants, [left(101, bytes), sack(201, 101, 201)]).isEmpty)
    let (without, _) = opened { $0.options.isSACKPermitted = false }
    #expect(check(without, [left(101, bytes), sack(101, 150, 201)])[0].contains("negotiated"))
  }

  @Test func `timestamps are there, do not go back and echo what was sent`() {
    #expect(found(Segment(101, ack: 501))[0].contains("no timestamps"))
    #expect(found(stamped(Segment(101, ack: 501), 10, 70))[0].contains("goes back"))
    #expect(found(stamped(Segment(101, ack: 501), 12, 71))[0].contains("echoes"))
    let (without, found) = opened { $0.options.timestamps = nil }
    #expect(found.contains { $0.contains("did not offer") })
    #expect(check(without, [Segment(101, ack: 501)]).isEmpty)
  }

  @Test func `a wrong checksum is found in every kind of frame`() {
    let invariants = WireInvariants()
    let frame = Segment(100, .syn).frame()
    for index in [22, 60 - 14, 53] {
      var bad = frame
      bad[index] ^= 1
      #expect(invariants.check(bad.span.bytes).count == 1)
    }
    #expect(invariants.check(frame.span.bytes).isEmpty)
  }

  @Test func `ports are used again with other sequence numbers, and a reset ends what is known`() {
    let (invariants, _) = opened()
    var syn = Segment(9_000, .syn)
    syn.options.timestamps = TCPTimestamps(value: 1, echo: 0)
    #expect(check(invariants, [syn]).isEmpty)
    let reset = Segment(0, ack: 9_001, .rst, fromLeft: false)
    #expect(check(invariants, [reset]).isEmpty && invariants.connectionCount == 0)
    #expect(check(invariants, [left(5)]).isEmpty && invariants.unwatchedCount == 1)
  }

  @Test func `more connections than the limit are not watched, finished ones make room`() {
    let invariants = WireInvariants()
    for index in 0...WireInvariants.maximumConnectionCount {
      var syn = Segment(100, .syn)
      syn.ports = (UInt16(1_000 + index), 80)
      #expect(check(invariants, [syn]).isEmpty)
    }
    #expect(
      invariants.connectionCount == WireInvariants.maximumConnectionCount && invariants.unwatchedCount == 1)
  }
}
