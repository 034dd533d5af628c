import Bytes
import Testing
import Wire

@testable import TCP

@Suite struct `Memory` {
  private final class Hog {
    var ring: RingBuffer
    init(_ pool: BufferPool) { ring = RingBuffer(pool: pool, entitlement: 0) }
  }

  @Test func `that a connection is entitled to is enough to go on`() throws {
    // A budget of nothing but the entitlements.
    let script = try Script.established(.plain, budget: 4096)
    var place = 1
    for _ in 0..<20 {
      try script.data(place, 1460)
      #expect(script.read() == stream(1460, from: place - 1))
      place += 1460
      #expect(script.write(1460) > 0)
      script.takeAll()
      try script.ack(1 + script.writtenCount)
    }
    script.expectNoMemory()
  }

  @Test func `used up closes windows instead of anything worse`() throws {
    let script = try Script.established(.plain, budget: 4096)
    // The window was told when nothing was used, and is no more than what there is.
    var place = 1
    for _ in 0..<10 {
      try script.data(place, 1460)
      place = script.connection.receiveNext - script.theirStart
    }
    let last = try #require(script.takeAll().last)
    #expect(last.window == 0 && last.acknowledgement == 2049)
    #expect(script.read() == stream(2048))
    let reopened = script.expect(.ack, 1, ack: 2049)
    #expect(reopened?.window == 2048)
  }

  @Test func `taken by others makes windows small, and in-order data that finds none comes again`() throws {
    let script = try Script.established(.plain, budget: 1 << 20)
    // The window was told when there was room; now others take all.
    let filler = [UInt8](repeating: 1, count: 1 << 20)
    var hogs: [Hog] = []
    repeat {
      hogs.append(Hog(script.pool))
    } while hogs.last!.ring.append(filler.span.bytes, limit: 1 << 20) > 0
    #expect(script.pool.growthByteCount < BufferPool.minimumBlockByteCount)
    var place = 1
    for _ in 0..<4 {
      try script.data(place, 1460)
      place += 1460
    }
    #expect(script.connection.readableByteCount == 2048)
    #expect(script.counters.droppedForMemory > 0)
    #expect(script.read() == stream(2048))
    script.takeAll()
    try script.data(2049, 1460)
    #expect(script.read() == stream(1460, from: 2048))
    script.expectNothing()
  }

  @Test func `sendRoom is what send takes, whatever the window and the pool`() throws {
    for seed in 0..<40 {
      var random = Random(seed: UInt64(seed))
      var configuration = Configuration()
      configuration.initialWindowSegmentCount = 1 + random.below(100)
      configuration.maximumSendQueueByteCount = 3000 + random.below(1 << 18)
      let script = try Script.established(.all, configuration, budget: 4096 + random.below(1 << 20))
      var sent = 0
      for _ in 0..<30 {
        let room = script.connection.sendRoom
        let taken = script.write(random.below(2) == 0 ? 1 : 1 << 16)
        #expect((room > 0) == (taken > 0), "seed \(seed): \(room) and \(taken)")
        #expect(taken <= room, "seed \(seed)")
        sent += taken
        if random.below(3) == 0 {
          let end = script.connection.sendMaximum - script.ourStart
          try script.ack(end, window: 65535)
        }
      }
    }
  }

  @Test func `of the send queue is no reason to fall silent while a gap keeps it full`() throws {
    let script = try Script.established(.all)
    var written = script.write(1 << 20)
    #expect(written == 64 << 10)
    var (sent, reported) = (0, 1449)
    // The first segment is lost time and again, all others arrive.
    for _ in 0..<120 {
      sent = max(sent, script.takeAll().map { $0.sequence + $0.payload.count }.max() ?? 0)
      guard sent > reported else { break }
      reported = min(sent, reported + 2896)
      let events = try script.ack(1, sack: [1449..<reported])
      if events.contains(.writable) { written += script.write(1 << 20) }
      #expect(written > reported, "nothing is left to be sent")
    }
    #expect(reported > 128 << 10 && script.counters.timeouts == 0)
    // What SACK does not report is bounded as ever.
    #expect(written - (reported - 1449) <= 64 << 10)
  }

  @Test func `returns when a connection is dropped in the middle`() throws {
    let pool: BufferPool
    do {
      let script = try Script.established(.sack)
      pool = script.pool
      script.write(50_000)
      try script.data(1, 1000)
      try script.data(5001, 1000)
      #expect(pool.blocksInUseCount == 2)
    }
    #expect(pool.blocksInUseCount == 0 && pool.usedByteCount == 0)
    #expect(pool.committedByteCount == Connection.admissionByteCount(Configuration()))
  }

  @Test func `is not held by a connection with nothing to send or read`() throws {
    let script = try Script.established(.all)
    script.write(5000)
    try script.data(1, 5000)
    #expect(script.pool.blocksInUseCount == 2)
    script.read()
    try script.ack(5001)
    script.expectNoMemory()
  }
}
