import Platform
import Testing
import Wire

@testable import TCP

@Suite struct `A closed window of the peer (RFC 9293 §3.8.6.1)` {
  /// A connection whose peer has taken 1000 bytes and closed its window; 5000 more wait.
  private func closed() throws -> Script {
    let script = try Script.established(Script.Offer(window: 1000))
    script.advance(milliseconds: 1)
    script.write(1000)
    script.expect(.ack, 1, count: 1000)
    try script.ack(1001, window: 0)
    script.write(5000)
    script.expectNothing()
    return script
  }

  @Test func `is probed with one byte, less and less often`() throws {
    let script = try closed()
    let start = script.now.nanoseconds
    for _ in 0..<12 {
      script.advance(nanoseconds: script.connection.deadline.nanoseconds - script.now.nanoseconds)
      script.expect(.ack, 1001, count: 1)
      try script.ack(1001, window: 0)
      script.expectNothing()
    }
    let seconds = Double(script.now.nanoseconds - start) / 1e9
    // 0.2 + 0.4 + … + 51.2 + 60 + 60 + 60.
    #expect(seconds > 282 && seconds < 283)
  }

  @Test func `is probed for ever while the peer answers`() throws {
    let script = try closed()
    for _ in 0..<1000 {
      script.advance(milliseconds: 60_000)
      #expect(!script.takeAll().isEmpty)
      try script.ack(1001, window: 0)
    }
    #expect(script.state == .established)
  }

  @Test func `ends the connection when nobody answers the probes`() throws {
    let script = try closed()
    script.advance(milliseconds: 300_000)
    #expect(script.connection.failure == .timedOut)
  }

  @Test func `is probed before it ends a connection that had been idle for long`() throws {
    let script = try Script.established(Script.Offer(window: 1000))
    script.write(1000)
    script.takeAll()
    try script.ack(1001, window: 0)
    script.advance(milliseconds: 1_000_000)
    script.write(10)
    script.advance(milliseconds: 10_000)
    #expect(script.state == .established && script.takeAll().count >= 2)
    try script.ack(1001, window: 1000)
    script.expect(.ack, 1001, count: 10)
  }

  @Test func `is probed for a FIN, too`() throws {
    let script = try Script.established(Script.Offer(window: 1000))
    script.write(1000)
    script.takeAll()
    try script.ack(1001, window: 0)
    script.advance(milliseconds: 1_000_000)
    script.finish()
    script.expectNothing()
    script.advance(milliseconds: 1000)
    script.expect([.ack, .fin], 1001, count: 0)
    script.takeAll()
    try script.ack(1002, window: 0)
    #expect(script.state == .finWait2)
  }

  @Test func `that opens is used at once`() throws {
    let script = try closed()
    try script.ack(1001, window: 5000)
    script.expect(.ack, 1001, count: 1460)
    #expect(script.takeAll().map(\.payload.count) == [1460, 1460, 620])
    try script.ack(6001)
    #expect(script.connection.deadline == .never)
    script.expectNoMemory()
  }

  @Test func `whose opening was lost is found open by the next probe`() throws {
    let script = try closed()
    script.advance(milliseconds: 200)
    script.expect(.ack, 1001, count: 1)
    // The window had been opened and nothing of that arrived; the probe's byte goes in.
    try script.ack(1002, window: 5000)
    #expect(script.takeAll().map(\.payload.count).reduce(0, +) == 4999)
  }

  @Test func `that opens for the probe's byte only goes on from there`() throws {
    let script = try closed()
    script.advance(milliseconds: 200)
    script.expect(.ack, 1001, count: 1)
    try script.ack(1002, window: 0)
    script.expectNothing()
    script.advance(milliseconds: 1000)
    script.expect(.ack, 1002, count: 1)
    script.takeAll()
    try script.ack(1002, window: 2000)
    script.expect(.ack, 1002, count: 1460)
  }

  @Test func `with data in flight beyond it (taken back) gets that again, a byte at a time`() throws {
    let script = try Script.established()
    script.write(14_600)
    script.takeAll()
    try script.ack(1461, window: 0)
    script.expectNothing()
    script.advance(milliseconds: 500)
    script.expect(.ack, 1461, count: 1)
    script.expectNothing()
    for _ in 0..<20 {
      try script.ack(1461, window: 0)
      script.advance(milliseconds: 60_000)
      #expect(script.takeAll().allSatisfy { $0.sequence == 1461 && $0.payload.count == 1 })
    }
    #expect(script.state == .established)
    try script.ack(1461, window: 65535)
    script.expect(.ack, 1461, count: 1460)
  }

  @Test
  func
    `that opens and closes for ever has the front sent again each time, and counts no further than it can`()
    throws
  {
    let script = try Script.established(.sack)
    script.write(14_600)
    script.takeAll()
    try script.ack(1461, window: 0)
    script.advance(milliseconds: 500)
    script.takeAll()
    #expect(script.connection.recovery.phase == .loss(point: script.ourStart + 14_601))
    script.connection.recovery.undoableByteCount = .max - 1
    for _ in 0..<3 {
      try script.ack(1461, window: 0)
      try script.ack(1461, window: 65535)
      #expect(script.takeAll().first?.sequence == 1461)
    }
    #expect(script.connection.recovery.undoableByteCount == -1)
    #expect(script.connection.recovery.rate.allowed == 0)
  }

  @Test func `opens by an ACK of new data, though its number is lower than the one that closed it`() throws {
    let script = try Script.established()
    script.write(3000)
    script.takeAll()
    try script.peer(.ack, 1001, ack: 1, window: 0, stream(10, from: 1000))
    #expect(script.connection.sendWindow == 0)
    try script.peer(.ack, 1, ack: 1461, window: 9000)
    #expect(script.connection.sendWindow == 9000)
  }

  @Test func `in an old segment closes nothing (SND.WL1, SND.WL2)`() throws {
    let script = try Script.established()
    try script.data(1, 100)
    try script.peer(.ack, 101, ack: 1, window: 5000)
    script.write(100)
    script.takeAll()
    try script.ack(101)
    try script.peer(.ack, 101, ack: 1, window: 0)
    #expect(script.connection.sendWindow == 5000)
    try script.peer(.ack, 50, ack: 101, window: 0, stream(60, from: 49))
    #expect(script.connection.sendWindow == 5000)
  }
}

@Suite struct `Our window` {
  private func script(_ byteCount: Int, _ offer: Script.Offer = .plain) throws -> Script {
    var configuration = Configuration()
    configuration.initialReceiveWindowByteCount = byteCount
    configuration.maximumReceiveWindowByteCount = byteCount
    return try Script.established(offer, configuration)
  }

  @Test func `closes as the queue fills, and a probe is answered`() throws {
    let script = try script(4096)
    try script.data(1, 4096)
    script.expect(.ack, 1, ack: 4097, window: 0)
    for _ in 0..<5 {
      try script.peer(.ack, 4097, stream(1, from: 4096))
      script.expect(.ack, 1, ack: 4097, window: 0)
    }
    #expect(script.read() == stream(4096))
    script.expect(.ack, 1, ack: 4097, window: 4096)
    // That news was lost; the next probe brings it again.
    try script.peer(.ack, 4097, stream(1, from: 4096))
    script.advance(milliseconds: 40)
    script.expect(.ack, 1, ack: 4098, window: 4095)
    #expect(script.read() == stream(1, from: 4096))
  }

  @Test(arguments: [0, 5, 14] as [UInt8])
  func `never moves its right edge to the left, whatever the shift`(scale: UInt8) throws {
    for seed in 0..<20 {
      var random = Random(seed: UInt64(seed))
      let byteCount = [5000, 100_000, 1 << 20][random.below(3)]
      let script = try script(byteCount, Script.Offer(scale: scale))
      let shift = Int(script.connection.receiveWindowShift)
      var edge = 0
      var place = 1
      for _ in 0..<300 {
        let room = max(0, edge - place)
        if random.below(3) > 0 {
          let count = min(random.below(3000), max(1, room))
          try script.data(place, count)
          place = script.connection.receiveNext - script.theirStart
        } else {
          script.read(1 + random.below(4000))
        }
        if random.below(4) == 0 { script.advance(milliseconds: 50) }
        for sent in script.takeAll() {
          let told = sent.acknowledgement + sent.window << shift
          #expect(told >= edge, "seed \(seed)")
          edge = max(edge, told)
        }
      }
    }
  }

  @Test func `grows while the reader keeps up, to its limit`() throws {
    let script = try Script.established(.all)
    var place = 1
    for _ in 0..<4000 {
      try script.data(place, 1448)
      place += 1448
      script.read()
    }
    let window = try #require(script.takeAll().last).window << Int(script.connection.receiveWindowShift)
    #expect(window > 900_000 && window <= 1 << 20)
  }

  @Test func `does not grow for a reader that does not read`() throws {
    let script = try Script.established(.all)
    var place = 1
    for _ in 0..<100 {
      try script.data(place, 1448)
      place += 1448
    }
    #expect(script.connection.readableByteCount <= 72 << 10)
    #expect(script.takeAll().last?.window == 0)
  }

  @Test func `does not creep when the peer sends byte by byte and nobody reads`() throws {
    let script = try Script.established(.all)
    var windows: [Int] = []
    for place in 1...80_000 {
      let edge = script.connection.receiveEdge - script.connection.receiveNext
      if edge == 0 { break }
      if place < 60_000 {
        if place == 1 { try script.data(1, 60_000) }
        continue
      }
      try script.data(place + 1, 1)
      script.advance(milliseconds: 50)
      if let last = script.takeAll().last { windows.append(last.window) }
      if windows.last == 0 { break }
    }
    #expect(windows.last == 0)
    #expect(script.connection.readableByteCount <= 72 << 10)
    script.read()
    #expect(script.takeAll().last?.window ?? 0 > 0)
  }
}

@Suite struct `Two ends that probe each other at once` {
  @Test(arguments: [0, 100]) func `do not wait for each other for ever`(window: Int) throws {
    let script = try Script.established(Script.Offer(window: 1000))
    script.write(1000)
    script.takeAll()
    try script.data(1, 1000)
    script.advance(milliseconds: 40)
    script.takeAll()
    try script.ack(1001, window: window)
    script.write(4000)
    script.advance(milliseconds: 200)
    let count = max(1, window)
    script.expect(.ack, 1001, ack: 1001, count: count)
    // The peer has taken it, and lost its ACK; its own probe crossed ours and was taken.
    try script.peer(.ack, 1001, ack: 1001, window: window, stream(1, from: 1000))
    script.advance(milliseconds: 40)
    // What the peer takes: a segment that begins where our probe ends, or else the probe itself.
    script.expect(.ack, window == 0 ? 1001 : 1101, ack: 1002, count: 0)
    // The peer sends its probe again. It is old, but it acknowledges ours.
    try script.peer(.ack, 1001, ack: 1001 + count, window: 5000, stream(1, from: 1000))
    #expect(script.connection.unacknowledged == script.ourStart + 1001 + count)
  }
}
