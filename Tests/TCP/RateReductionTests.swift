import Testing
import Wire

@testable import TCP

@Suite struct `Proportional Rate Reduction (RFC 9937)` {
  private static let segment = 1000

  @Test func `sends seven segments for ten that arrive while the window falls to 0.7`() {
    var rate = RateReduction(flight: 100 * Self.segment, delivered: 0)
    var pipe = 99 * Self.segment
    var sent = 0
    for _ in 0..<99 where pipe > 70 * Self.segment {
      pipe -= Self.segment
      rate.acknowledged(
        Self.segment, pipe: pipe, target: 70 * Self.segment, segment: Self.segment, isSafe: false)
      while rate.allowed >= Self.segment {
        rate.didSend(Self.segment)
        pipe += Self.segment
        sent += 1
      }
    }
    // Thirty have left, and it took a round trip.
    #expect((70...71).contains(pipe / Self.segment) && (60...70).contains(sent))
  }

  @Test func `counts what a peer has sent again and again without end`() {
    var rate = RateReduction()
    for _ in 0..<3 { rate.didSend(Int(Int32.max)) }
    #expect(rate.allowed == .min)
  }

  @Test func `comes back from a pipe that is nearly empty as slow start does, not at once`() {
    var rate = RateReduction(flight: 100 * Self.segment, delivered: 0)
    func after(_ isSafe: Bool) -> Int32 {
      rate.acknowledged(
        Self.segment, pipe: 10 * Self.segment, target: 70 * Self.segment, segment: Self.segment,
        isSafe: isSafe)
      defer { rate.didSend(Int(rate.allowed)) }
      return rate.allowed
    }
    // Two at first; one for one while further losses are found, else two again.
    #expect(after(false) == 2000 && after(false) == 1000 && after(false) == 1000)
    #expect(after(true) == 2000 && after(true) == 2000)
  }

  @Test func `never lets the pipe grow beyond ssthresh`() {
    var rate = RateReduction(flight: 20 * Self.segment, delivered: 0)
    rate.acknowledged(9000, pipe: 9500, target: 10_000, segment: Self.segment, isSafe: true)
    #expect(rate.allowed == 500)
  }

  @Test func `of a connection: no burst when half of a window is lost`() throws {
    var configuration = Configuration()
    configuration.initialWindowSegmentCount = 40
    let script = try Script.established(.sack, configuration)
    script.write(80 * 1460)
    #expect(script.takeAll().count == 40)
    func place(_ segment: Int) -> Int { 1 + segment * 1460 }
    // The first twenty are lost, of which three ACKs tell; then one more for each of the rest.
    for end in 21...40 {
      try script.ack(1, sack: [place(20)..<place(end)])
      #expect(script.takeAll().count <= 2)
    }
    #expect(script.connection.congestionWindowByteCount == 28 * 1460)
    #expect((15...20).contains(script.counters.retransmissions))
  }

  @Test(arguments: [Script.Offer.sack, .all])
  func `of a connection: the ACKs that one turn takes in are of one window`(offer: Script.Offer) throws {
    let script = try Script.established(offer)
    let full = 1460 - (offer.hasTimestamps ? 12 : 0)
    func place(_ segment: Int) -> Int { 1 + segment * full }
    script.write(30 * full)
    #expect(script.takeAll().count == 10)
    // The sixth is lost. Nothing goes out between the ACKs, and yet ten were in flight.
    try script.turn {
      try script.ack(place(5))
      for end in 7...10 { try script.ack(place(5), sack: [place(6)..<place(end)]) }
      script.expectNothing()
    }
    #expect(script.connection.congestionWindowByteCount == 7 * full)
    // Nine have arrived and made room for seven.
    #expect(script.takeAll().map(\.sequence) == [place(5)] + (10..<16).map(place))
  }

  @Test func `of a connection: what was sent again is sent once more without an ACK or RTO`() throws {
    let path = try MeasuredPath(10)
    path.script.advance(milliseconds: 40)
    try path.ack(0, sack: 2..<10)
    #expect(path.sent() == [0, 1])
    path.script.advance(milliseconds: 30)
    // The second repair arrived.
    path.script.advance(milliseconds: 10)
    try path.ack(0, sack: 1..<10)
    path.script.advance(milliseconds: 20)
    #expect(path.sent().contains(0))
    #expect(path.script.counters.timeouts == 0)
  }
}
