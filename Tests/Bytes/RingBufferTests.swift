import Testing

@testable import Bytes

/// A ring, and an array that shall hold the same.
private final class Model {
  var ring: RingBuffer
  var expected: [UInt8] = []
  init(_ pool: BufferPool, entitlement: Int) { ring = RingBuffer(pool: pool, entitlement: entitlement) }

  var contents: [UInt8] {
    ring.withBytes(at: 0, ring.count) { first, second in
      first.withUnsafeBytes { Array($0) } + second.withUnsafeBytes { Array($0) }
    }
  }

  func read(_ count: Int) -> [UInt8] {
    var buffer = ByteBuffer(capacity: max(1, count))
    buffer.withFreeRoom(atLeast: count) { room in _ = ring.read(into: &room) }
    return buffer.array()
  }
}

@Suite struct `A ring` {
  private func bytes(_ count: Int, from start: Int = 0) -> [UInt8] {
    (start..<start + count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
  }

  @Test func `holds nothing when it is empty`() {
    let pool = BufferPool(budgetByteCount: 1 << 20)
    let model = Model(pool, entitlement: 0)
    #expect(pool.blocksInUseCount == 0 && model.ring.capacity == 0)
    #expect(model.ring.append(bytes(10).span.bytes, limit: 100) == 10)
    #expect(model.ring.capacity == 2048 && pool.committedByteCount == 2048)
    model.ring.consume(10)
    #expect(model.ring.capacity == 0 && pool.blocksInUseCount == 0 && pool.committedByteCount == 0)
    #expect(model.ring.append([UInt8]().span.bytes, limit: 100) == 0 && pool.blocksInUseCount == 0)
  }

  @Test func `takes no more than its limit`() {
    let model = Model(BufferPool(budgetByteCount: 1 << 20), entitlement: 0)
    #expect(model.ring.append(bytes(100).span.bytes, limit: 60) == 60)
    #expect(model.ring.append(bytes(100).span.bytes, limit: 60) == 0)
    #expect(model.ring.append(bytes(100).span.bytes, limit: 10) == 0)
    #expect(model.contents == bytes(60))
  }

  @Test func `grows by doubling and keeps what it holds, also when that wraps`() {
    let model = Model(BufferPool(budgetByteCount: 1 << 20), entitlement: 0)
    _ = model.ring.append(bytes(2048).span.bytes, limit: 1 << 20)
    model.ring.consume(1500)
    _ = model.ring.append(bytes(1000, from: 2048).span.bytes, limit: 1 << 20)
    #expect(model.ring.capacity == 2048 && model.contents == bytes(1548, from: 1500))
    _ = model.ring.append(bytes(1000, from: 3048).span.bytes, limit: 1 << 20)
    #expect(model.ring.capacity == 4096 && model.contents == bytes(2548, from: 1500))
  }

  @Test func `stops at the largest block`() {
    let pool = BufferPool(budgetByteCount: 64 << 20)
    let model = Model(pool, entitlement: 0)
    let large = [UInt8](repeating: 7, count: 5 << 20)
    #expect(model.ring.append(large.span.bytes, limit: 1 << 30) == BufferPool.maximumBlockByteCount)
    #expect(model.ring.append(large.span.bytes, limit: 1 << 30) == 0)
  }

  @Test func `takes what the pool still has`() {
    let pool = BufferPool(budgetByteCount: 16 << 10)
    let model = Model(pool, entitlement: 0)
    // Three quarters are for growth: 12 KiB, of which 8 are a block.
    #expect(model.ring.append(bytes(20_000).span.bytes, limit: 1 << 20) == 8192)
    #expect(pool.refusalCount > 0 && model.contents == bytes(8192))
    let other = Model(pool, entitlement: 0)
    #expect(other.ring.append(bytes(20_000).span.bytes, limit: 1 << 20) == 4096)
    let third = Model(pool, entitlement: 0)
    #expect(third.ring.append(bytes(1).span.bytes, limit: 1 << 20) == 0)
  }

  @Test func `always gets what it is entitled to`() {
    let pool = BufferPool(budgetByteCount: 16 << 10)
    #expect(pool.admit(4096))
    let hog = Model(pool, entitlement: 0)
    _ = hog.ring.append(bytes(20_000).span.bytes, limit: 1 << 20)
    let model = Model(pool, entitlement: 4096)
    #expect(model.ring.append(bytes(20_000).span.bytes, limit: 1 << 20) == 4096)
    #expect(pool.committedByteCount <= pool.budgetByteCount)
  }

  @Test func `places bytes beyond its end, and they are there when the gap is filled`() {
    let model = Model(BufferPool(budgetByteCount: 1 << 20), entitlement: 0)
    _ = model.ring.append(bytes(100).span.bytes, limit: 10_000)
    #expect(model.ring.place(bytes(50, from: 3000).span.bytes, at: 2900, limit: 10_000) == 50)
    #expect(model.ring.count == 100 && model.contents == bytes(100))
    #expect(model.ring.place(bytes(2900, from: 100).span.bytes, at: 0, limit: 10_000) == 2900)
    model.ring.extend(by: 2950)
    #expect(model.contents == bytes(3050))
  }

  @Test func `keeps its block for what was placed until that is discarded`() {
    let pool = BufferPool(budgetByteCount: 1 << 20)
    let model = Model(pool, entitlement: 0)
    #expect(model.ring.place(bytes(10).span.bytes, at: 100, limit: 1000) == 10)
    #expect(model.ring.isEmpty && pool.blocksInUseCount == 1)
    model.ring.discardPlaced()
    #expect(pool.blocksInUseCount == 0)
  }

  @Test func `places only the part within the limit`() {
    let model = Model(BufferPool(budgetByteCount: 1 << 20), entitlement: 0)
    #expect(model.ring.place(bytes(10).span.bytes, at: 95, limit: 100) == 5)
    #expect(model.ring.place(bytes(10).span.bytes, at: 100, limit: 100) == 0)
    #expect(model.ring.place(bytes(10).span.bytes, at: 1 << 40, limit: 100) == 0)
  }

  @Test func `could hold no more than the limit it is asked about`() {
    let pool = BufferPool(budgetByteCount: 1 << 20)
    let model = Model(pool, entitlement: 2048)
    #expect(model.ring.possibleCapacity(upTo: 1000) == 1000)
    _ = model.ring.append(bytes(5000).span.bytes, limit: 1 << 20)
    #expect(model.ring.capacity == 8192 && model.ring.possibleCapacity(upTo: 6000) == 6000)
    #expect(model.ring.possibleCapacity(upTo: 1 << 20) == pool.fairByteCount)
  }

  @Test func `does as an array would, whatever the order of calls`() {
    for seed in 0..<100 {
      var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
      func below(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
      }
      let pool = BufferPool(budgetByteCount: 32 << 10)
      let model = Model(pool, entitlement: 0)
      var written = 0
      for _ in 0..<60 {
        switch below(4) {
        case 0, 1:
          let taken = model.ring.append(
            bytes(below(3000), from: written).span.bytes, limit: 5000 + below(20_000))
          model.expected += bytes(taken, from: written)
          written += taken
        case 2:
          let count = below(model.ring.count + 1)
          model.ring.consume(count)
          model.expected.removeFirst(count)
        default:
          let read = model.read(below(4000))
          #expect(read == Array(model.expected.prefix(read.count)), "seed \(seed)")
          model.expected.removeFirst(read.count)
        }
        #expect(model.contents == model.expected, "seed \(seed)")
        #expect(pool.usedByteCount == model.ring.capacity && pool.committedByteCount == model.ring.capacity)
      }
      model.ring.consume(model.ring.count)
      #expect(pool.committedByteCount == 0)
    }
  }
}
