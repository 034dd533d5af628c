import Testing
import Wire

@testable import TCP

@Suite struct `What arrives out of order` {
  @Test func `is reported latest first, three blocks beside timestamps and four without (RFC 2018 §4)`()
    throws
  {
    for offer in [Script.Offer.sack, .all] {
      let script = try Script.established(offer)
      for index in 1...6 { try script.data(index * 100, 10) }
      script.read()
      let last = script.takeAll().last
      let blocks = (0..<(last?.options.sackBlockCount ?? 0)).map {
        last!.options.sackBlock($0).start - script.theirStart
      }
      #expect(blocks == (offer.hasTimestamps ? [600, 500, 400] : [600, 500, 400, 300]))
    }
  }

  @Test func `and joins an older piece is reported first as one`() throws {
    let script = try Script.established(.sack)
    try script.data(101, 10)
    try script.data(201, 10)
    try script.data(301, 10)
    script.takeAll()
    try script.data(111, 10)
    script.expect(.ack, 1, ack: 1, sack: [101..<121, 301..<311, 201..<211])
    try script.data(115, 300)
    script.expect(.ack, 1, ack: 1, sack: [101..<415])
  }

  @Test func `twice is reported first again`() throws {
    let script = try Script.established(.sack)
    try script.data(101, 10)
    try script.data(201, 10)
    script.takeAll()
    try script.data(103, 5)
    script.expect(.ack, 1, ack: 1, sack: [101..<111, 201..<211])
  }

  @Test func `is not reported to a peer that did not allow SACK`() throws {
    let script = try Script.established(.plain)
    try script.data(101, 10)
    script.expect(.ack, 1, ack: 1, sack: [])
  }

  @Test func `in more pieces than are remembered is dropped, and comes again`() throws {
    let script = try Script.established(.sack)
    let limit = script.configuration.maximumGapCount
    for index in 1...limit + 5 { try script.data(1 + index * 20, 10) }
    #expect(script.connection.receiveQueue.pieceCount == limit && script.counters.droppedForMemory == 5)
    // What touches a piece still goes in, and so does what is next.
    try script.data(1 + 20 + 10, 10)
    #expect(script.connection.receiveQueue.pieceCount == limit - 1)
    try script.data(1, 20)
    script.takeAll()
    for index in 2...limit + 5 { try script.data(1 + index * 20 - 10, 20) }
    #expect(script.read() == stream(20 * (limit + 5) + 10))
  }

  @Test func `in as many pieces as every second segment of a large window is all kept`() throws {
    var configuration = Configuration()
    configuration.initialReceiveWindowByteCount = 1 << 20
    let script = try Script.established(.all, configuration)
    for index in 0..<300 { try script.data(1461 + index * 2920, 1460) }
    #expect(script.connection.receiveQueue.pieceCount == 300 && script.counters.droppedForMemory == 0)
    // And smaller ones up to a limit.
    for index in 0..<300 { try script.data(900_001 + index * 20, 10) }
    #expect(script.connection.receiveQueue.pieceCount == (1 << 20) / Scoreboard.bytesForEachRange)
  }

  @Test func `in any order and overlap is put together`() throws {
    for seed in 0..<60 {
      var random = Random(seed: UInt64(seed))
      let script = try Script.established(.sack, theirs: UInt32.max - 2000)
      var read: [UInt8] = []
      var steps = 0
      while read.count < 5000 {
        let place = max(1, read.count - 300 + random.below(1800))
        let count = min(random.below(700), 5001 - place)
        if count > 0 { try script.data(place, count) }
        if random.below(3) == 0 { read += script.read(1 + random.below(900)) }
        if random.below(4) == 0 { try script.data(read.count + 1, min(100, 5000 - read.count)) }
        steps += 1
        #expect(steps < 5000)
      }
      #expect(read == stream(5000), "seed \(seed)")
      #expect(!script.hasGap)
      script.expectNoMemory()
      #expect(script.counters.bytesReceived == 5000, "seed \(seed)")
    }
  }

  @Test func `FIN waits until all before it is there`() throws {
    let script = try Script.established()
    try script.data(101, 50, [.ack, .fin])
    script.expect(.ack, 1, ack: 1)
    #expect(script.state == .established)
    try script.data(1, 100)
    script.expect(.ack, 1, ack: 152)
    #expect(script.state == .closeWait && script.read() == stream(150))
    #expect(script.isAtEnd)
  }

  @Test func `FIN without data waits, too`() throws {
    let script = try Script.established(.sack)
    try script.peer([.ack, .fin], 101)
    script.expect(.ack, 1, ack: 1)
    try script.data(1, 100)
    script.expect(.ack, 1, ack: 102)
    #expect(script.state == .closeWait)
  }

  @Test func `behind FIN is not taken`() throws {
    let script = try Script.established()
    try script.peer([.ack, .fin], 11)
    try script.data(1, 1000)
    #expect(script.read() == stream(10) && script.isAtEnd)
    try script.data(12, 10)
    #expect(script.read().isEmpty && script.state == .closeWait)
  }

  @Test func `a FIN elsewhere does not move the end`() throws {
    let script = try Script.established()
    try script.peer([.ack, .fin], 101)
    try script.peer([.ack, .fin], 51)
    try script.peer([.ack, .fin], 201)
    try script.data(1, 100)
    #expect(script.read() == stream(100) && script.isAtEnd)
  }
}
