import Testing
import Wire

@testable import NetworkSimulation

/// Each thing that an end may not do after what it was told, and beside it what it may. The left end is watched.
@Suite struct EndInvariantTests {
  /// A conversation that the left end opened: its ISN is 100, the right's 500; scales are 2, the MSS is 1,000.
  private func opened(_ change: (inout Segment) -> Void = { _ in }) -> EndInvariants {
    var options = TCPOptions()
    options.maximumSegmentSize = 1_000
    options.windowScale = 2
    options.isSACKPermitted = true
    var syn = Segment(100, .syn, window: 60_000)
    syn.options = options
    var answer = Segment(500, ack: 101, .syn, window: 60_000, fromLeft: false)
    answer.options = options
    change(&answer)
    let invariants = EndInvariants()
    #expect(sent(invariants, [syn]).isEmpty)
    heard(invariants, [answer])
    #expect(sent(invariants, [Segment(101, ack: 501, [], window: 1_000)]).isEmpty)
    return invariants
  }

  private func heard(_ invariants: EndInvariants, _ segments: [Segment]) {
    for var segment in segments {
      segment.fromLeft = false
      hear(invariants, segment.frame())
    }
  }

  private func hear(_ invariants: EndInvariants, _ frame: [UInt8]) {
    invariants.heard(frame.span.bytes, isTrusted: false)
  }

  private func sent(_ invariants: EndInvariants, _ segments: [Segment]) -> [String] {
    segments.flatMap {
      invariants.sent($0.frame().span.bytes, isUnfinished: false, at: .init(nanoseconds: 1 << 40))
    }
  }

  /// Checks what is complained about in `segments`, after the end was told `told`.
  private func expect(
    _ complaint: String?, told: [Segment] = [], _ segments: Segment...,
    after change: (inout Segment) -> Void = { _ in }, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let invariants = opened(change)
    heard(invariants, told)
    let found = sent(invariants, segments)
    if let complaint {
      #expect(
        found.count == 1 && found[0].contains(complaint), "\(found)", sourceLocation: sourceLocation)
    } else {
      #expect(found.isEmpty, sourceLocation: sourceLocation)
    }
  }

  private func sack(_ ack: UInt32, _ start: UInt32, _ end: UInt32) -> Segment {
    var segment = Segment(101, ack: ack)
    segment.options.appendSACKBlock(SACKBlock(start: SequenceNumber(start), end: SequenceNumber(end)))
    return segment
  }

  @Test func `only what arrived without a gap is acknowledged`() {
    let (first, second) = (Segment(501, ack: 101, content(100)), Segment(601, ack: 101, content(100)))
    expect(nil, told: [first, second], Segment(101, ack: 701))
    expect("did not arrive", told: [first, second], Segment(101, ack: 702))
    expect("did not arrive", told: [second], Segment(101, ack: 701))
    expect(nil, told: [second, first], Segment(101, ack: 701))
    expect(nil, told: [first, second, first], Segment(101, ack: 701))
    expect("less than before", told: [first], Segment(101, ack: 601), Segment(101, ack: 600))
  }

  @Test func `a damaged segment counts as none, one that was cut counts when it is whole`() {
    let invariants = opened()
    var frame = Segment(501, ack: 101, [], content(100), fromLeft: false).frame()
    frame[frame.count - 1] ^= 1
    hear(invariants, frame)
    #expect(sent(invariants, [Segment(101, ack: 601)]).count == 1)

    let link = Link()
    link.wire.add(.fragmentation(from: 1, byteCount: 400))
    var large = Segment(501, ack: 101, content(1_000))
    large.fromLeft = false
    link.send(large.frame(), from: link.right)
    link.settle()
    #expect(link.returned.count == 3)
    let other = opened()
    for piece in link.returned.dropLast() { hear(other, piece) }
    #expect(sent(other, [Segment(101, ack: 502)]).count == 1)
    hear(other, link.returned[2])
    #expect(sent(other, [Segment(101, ack: 1_501)]).isEmpty)
  }

  @Test func `SACK names what arrived`() {
    let beyond = Segment(601, ack: 101, content(100))
    expect(nil, told: [beyond], sack(501, 601, 701))
    expect("of what did not arrive", told: [beyond], sack(501, 601, 702))
    expect("of what did not arrive", told: [], sack(501, 601, 701))
    expect("not negotiated", told: [beyond], sack(501, 601, 701)) { $0.options.isSACKPermitted = false }
    // A duplicate of what was acknowledged (RFC 2883).
    expect(nil, told: [Segment(501, ack: 101, content(100))], sack(601, 501, 601))
  }

  @Test func `no more is sent than the window that arrived takes`() {
    expect(nil, Segment(101, ack: 501, content(900)))
    let narrow: (inout Segment) -> Void = { $0.window = 400 }
    expect(nil, Segment(101, ack: 501, content(400)), after: narrow)
    expect("1 beyond the window", Segment(101, ack: 501, content(401)), after: narrow)
    expect(nil, Segment(101, ack: 501, content(400)), Segment(501, ack: 501, [1]), after: narrow)
    expect(
      nil, told: [Segment(501, ack: 101, .psh, window: 200)], Segment(101, ack: 501, content(800)),
      after: narrow)
    // The window's scale holds only if the option arrived.
    expect(
      "beyond the window", told: [Segment(501, ack: 101, .psh, window: 200)],
      Segment(101, ack: 501, content(800))
    ) {
      $0.window = 200
      $0.options.windowScale = nil
    }
  }

  @Test func `before anything was answered no more is sent than the initial window`() {
    func burst(_ count: UInt32) -> [Segment] {
      (0..<count).map { Segment(101 + 1_000 * $0, ack: 501, content(1_000, seed: UInt64($0))) }
    }
    #expect(sent(opened(), burst(14)).isEmpty)
    #expect(sent(opened(), burst(16)).contains { $0.contains("before anything was answered") })
    let invariants = opened()
    #expect(sent(invariants, burst(1)).isEmpty)
    heard(invariants, [Segment(501, ack: 101)])
    #expect(sent(invariants, burst(20)).isEmpty)
  }

  @Test func `the MSS is what arrived, else 536`() {
    expect(nil, Segment(101, ack: 501, content(1_000)))
    expect("MSS of 1000", Segment(101, ack: 501, content(1_001)))
    expect("MSS of 536", Segment(101, ack: 501, content(537))) { $0.options.maximumSegmentSize = nil }
  }

  @Test func `what was acknowledged is not sent again, and what is sent again is the same`() {
    let bytes = content(100)
    let invariants = opened()
    #expect(sent(invariants, [Segment(101, ack: 501, bytes), Segment(101, ack: 501, bytes)]).isEmpty)
    #expect(invariants.retransmissionCount == 1)
    heard(invariants, [Segment(501, ack: 201)])
    #expect(sent(invariants, [Segment(101, ack: 501, bytes)])[0].contains("what was acknowledged"))
    expect("is another one", Segment(101, ack: 501, bytes), Segment(101, ack: 501, content(100, seed: 4)))
    // A keep-alive segment has no bytes.
    #expect(sent(invariants, [Segment(200, ack: 501)]).isEmpty)
  }

  @Test func `the right edge does not move left, nor FIN anywhere`() {
    func window(_ size: UInt16) -> Segment { Segment(101, ack: 501, [], window: size) }
    expect(nil, window(1_000), window(1_001))
    expect("left by 4", window(1_000), window(999))
    let bytes = Segment(101, ack: 501, content(10))
    expect("FIN moves", bytes, Segment(111, ack: 501, .fin), Segment(105, ack: 501, .fin))
    expect("behind its FIN", bytes, Segment(111, ack: 501, .fin), Segment(111, ack: 501, [1]))
  }

  @Test func `a timestamp that did not arrive is not echoed`() {
    var syn = Segment(100, .syn)
    syn.options.timestamps = TCPTimestamps(value: 10, echo: 0)
    var answer = Segment(500, ack: 101, .syn, fromLeft: false)
    answer.options.timestamps = TCPTimestamps(value: 70, echo: 10)
    func found(_ value: UInt32?, _ echo: UInt32) -> [String] {
      let invariants = EndInvariants()
      _ = sent(invariants, [syn])
      heard(invariants, [answer])
      var segment = Segment(101, ack: 501)
      segment.options.timestamps = value.map { TCPTimestamps(value: $0, echo: echo) }
      return sent(invariants, [segment])
    }
    #expect(found(10, 70).isEmpty)
    #expect(found(10, 71)[0].contains("did not arrive"))
    #expect(found(9, 70)[0].contains("goes back"))
    #expect(found(nil, 0)[0].contains("no timestamps"))
  }

  @Test func `who answers a SYN answers one that arrived`() {
    let invariants = EndInvariants()
    let answer = Segment(700, ack: 901, .syn)
    #expect(sent(invariants, [answer])[0].contains("no SYN arrived"))
    let other = EndInvariants()
    heard(other, [Segment(900, .syn, fromLeft: false), Segment(5_000, .syn, fromLeft: false)])
    #expect(sent(other, [answer]).isEmpty)
    heard(other, [Segment(901, ack: 701, content(10))])
    #expect(sent(other, [Segment(701, ack: 911)]).isEmpty)
  }
}
