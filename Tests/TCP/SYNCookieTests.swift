import Bytes
import Platform
import Testing
import Wire

@testable import TCP

@Suite struct `SYN cookies (RFC 4987)` {
  /// A peer that asks, and whoever answers it by cookies.
  private struct Case {
    var cookies = SYNCookies(key: (1, 2))
    var now = Instant(nanoseconds: 1_000_000_000_000)
    let ends: UInt64 = 77
    let configuration = Configuration()
    let counters = Counters()
    let pool = BufferPool(budgetByteCount: 1 << 20)
    var identity = Connection.Identity(
      localPort: 80, remotePort: 4321, initialSendNumber: SequenceNumber(5), timestampOffset: 0xffff_ff07,
      segmentByteCount: 1460)

    mutating func answer(_ options: TCPOptions, number: UInt32 = 1000) throws -> TCPHeader {
      var syn = TCPHeader(
        sourcePort: 4321, destinationPort: 80, sequenceNumber: SequenceNumber(number),
        acknowledgementNumber: SequenceNumber(0), flags: .syn, window: 500)
      syn.options = options
      return try Datagram(syn).parsed {
        cookies.answer($0, ends: ends, as: identity, configuration: configuration, at: now)
      }
    }

    /// The peer's third segment, or a later one `skipped` bytes behind it.
    func third(_ answer: TCPHeader, skipped: Int = 0) -> TCPHeader {
      var header = TCPHeader(
        sourcePort: 4321, destinationPort: 80, sequenceNumber: answer.acknowledgementNumber + skipped,
        acknowledgementNumber: answer.sequenceNumber + 1, flags: .ack, window: 500)
      if let timestamps = answer.options.timestamps {
        header.options.timestamps = TCPTimestamps(value: 1001, echo: timestamps.value)
      }
      return header
    }

    func offer(_ header: TCPHeader, ends: UInt64 = 77) throws -> TCPOptions? {
      try Datagram(header).parsed { cookies.offer(in: $0, ends: ends, at: now) }
    }
  }

  private static func options(
    size: UInt16? = 1460, scale: UInt8? = nil, sack: Bool = false, timestamps: Bool = false
  ) -> TCPOptions {
    var options = TCPOptions()
    options.maximumSegmentSize = size
    options.windowScale = scale
    options.isSACKPermitted = sack
    if timestamps { options.timestamps = TCPTimestamps(value: 1000, echo: 0) }
    return options
  }

  @Test(arguments: [nil, 0, 1, 7, 14] as [UInt8?], [false, true])
  func `bring scale, SACK and timestamps of a SYN back`(scale: UInt8?, sack: Bool) throws {
    var own = Case()
    let answer = try own.answer(Self.options(scale: scale, sack: sack, timestamps: true))
    #expect(answer.flags == [.syn, .ack] && answer.acknowledgementNumber == SequenceNumber(1001))
    #expect(answer.options.isSACKPermitted == sack)
    #expect((answer.options.windowScale == nil) == (scale == nil))
    let offer = try #require(try own.offer(own.third(answer)))
    #expect(offer.windowScale == scale && offer.isSACKPermitted == sack && offer.timestamps?.value == 1001)
  }

  @Test func `offer neither scale nor SACK to a peer without timestamps`() throws {
    var own = Case()
    let answer = try own.answer(Self.options(scale: 7, sack: true))
    #expect(answer.options.windowScale == nil && !answer.options.isSACKPermitted)
    let offer = try #require(try own.offer(own.third(answer)))
    #expect(offer.windowScale == nil && !offer.isSACKPermitted && offer.timestamps == nil)
  }

  @Test(
    arguments: [
      (nil, 536), (64, 216), (216, 216), (535, 216), (536, 536), (1220, 1220), (1459, 1440), (1460, 1460),
      (9000, 8940), (65_535, 8940),
    ] as [(UInt16?, UInt16)])
  func `remember the next smaller of eight sizes of segments`(asked: UInt16?, kept: UInt16) throws {
    var own = Case()
    let answer = try own.answer(Self.options(size: asked))
    #expect(try own.offer(own.third(answer))?.maximumSegmentSize == kept)
  }

  @Test func `carry a timestamp that is at most 63 ms old and never ahead`() throws {
    var own = Case()
    for _ in 0..<500 {
      let clock = Timestamps(offset: own.identity.timestampOffset).value(at: own.now)
      let answer = try own.answer(Self.options(scale: 14, sack: true, timestamps: true))
      let value = try #require(answer.options.timestamps).value
      #expect(clock &- value < 64)
      own.now = own.now.advanced(byNanoseconds: 1_000_000)
    }
  }

  @Test func `are good for their minute and the next`() throws {
    var own = Case()
    own.now = Instant(nanoseconds: 10 * SYNCookies.period)
    let answer = try own.answer(Self.options())
    #expect(own.cookies.areAwaited(at: own.now))
    own.now = Instant(nanoseconds: 12 * SYNCookies.period - 1)
    #expect(try own.offer(own.third(answer)) != nil)
    #expect(own.cookies.areAwaited(at: own.now))
    own.now = Instant(nanoseconds: 12 * SYNCookies.period)
    #expect(try own.offer(own.third(answer)) == nil)
    #expect(!own.cookies.areAwaited(at: own.now))
    // The first minute of a clock has none before it.
    own.now = Instant(nanoseconds: 5)
    let early = try own.answer(Self.options())
    #expect(try own.offer(own.third(early)) != nil)
  }

  @Test func `belong to their ends, to the peer's number and to the secret`() throws {
    var own = Case()
    let answer = try own.answer(Self.options())
    let third = own.third(answer)
    #expect(try own.offer(third, ends: 78) == nil)
    #expect(try own.offer(own.third(answer, skipped: 1)) == nil)
    own.cookies = SYNCookies(key: (1, 3))
    #expect(try own.offer(third) == nil)
  }

  @Test func `are not guessed by a hundred thousand ACKs`() throws {
    var own = Case()
    var third = own.third(try own.answer(Self.options()))
    var random = Random(seed: 11)
    for _ in 0..<100_000 {
      third.acknowledgementNumber = SequenceNumber(UInt32(truncatingIfNeeded: random.next()))
      #expect(try own.offer(third) == nil)
    }
  }

  @Test(arguments: [0, 1, 300])
  func `make a connection of the ACK alone, with what it carries`(byteCount: Int) throws {
    var own = Case()
    let answer = try own.answer(Self.options(scale: 3, sack: true, timestamps: true))
    let third = own.third(answer)
    let offer = try #require(try own.offer(third))
    own.identity.initialSendNumber = answer.sequenceNumber
    #expect(own.pool.admit(Connection.admissionByteCount(own.configuration)))
    try Datagram(third, stream(byteCount)).parsed { segment in
      var connection = Connection(
        completing: segment, offer: offer, as: own.identity, configuration: own.configuration,
        counters: own.counters, pool: own.pool, at: own.now)
      let early = connection.nextSegment(at: own.now)
      #expect(connection.state == .synReceived && early == nil)
      let events = connection.receive(segment, at: own.now)
      #expect(events.contains(.established) && connection.state == .established)
      #expect(connection.readableByteCount == byteCount)
      #expect(connection.sendWindow == 500 << 3 && connection.isSACKPermitted)
      #expect(connection.segmentByteCount == 1448)
      #expect(connection.receiveWindowShift == Connection.shift(for: 1 << 20))
      _ = connection.send(stream(10).span.bytes, at: own.now)
      let sent = connection.nextSegment(at: own.now)
      #expect(sent?.header.sequenceNumber == answer.sequenceNumber + 1 && sent?.payloadByteCount == 10)
      #expect(sent?.header.acknowledgementNumber == SequenceNumber(1001) + byteCount)
    }
    #expect(own.counters.passiveOpens == 1)
  }
}
