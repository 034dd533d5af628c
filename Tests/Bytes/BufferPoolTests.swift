import Testing

@testable import Bytes

@Suite struct `A pool of blocks` {
  private final class Holder {
    var ring: RingBuffer
    init(_ pool: BufferPool, entitlement: Int = 0) { ring = RingBuffer(pool: pool, entitlement: entitlement) }
    func append(_ count: Int) -> Int {
      ring.append([UInt8](repeating: 1, count: count).span.bytes, limit: .max)
    }
  }

  @Test func `admits until all entitlements fill the budget`() {
    let pool = BufferPool(budgetByteCount: 10_000)
    #expect(pool.admit(4000) && pool.admit(6000))
    #expect(!pool.admit(1) && pool.refusalCount == 1)
    pool.dismiss(4000)
    #expect(pool.admit(4000))
    pool.dismiss(4000)
    pool.dismiss(6000)
    #expect(pool.committedByteCount == 0)
  }

  @Test func `has a reserve on top for newcomers whom the others need`() {
    let pool = BufferPool(budgetByteCount: 8000)
    #expect(pool.admit(8000) && !pool.admit(1))
    #expect(pool.admit(1000, fromReserve: true) && !pool.admit(1, fromReserve: true))
    // What comes back fills the reserve first.
    pool.dismiss(1000)
    #expect(!pool.admit(1) && pool.admit(1, fromReserve: true))
    pool.dismiss(8001)
    #expect(pool.committedByteCount == 0)
  }

  @Test func `keeps a quarter for newcomers however much the others grow`() {
    let pool = BufferPool(budgetByteCount: 1 << 20)
    var holders: [Holder] = []
    repeat { holders.append(Holder(pool)) } while holders.last!.append(100_000) > 0
    #expect(pool.committedByteCount <= pool.growthLimitByteCount && pool.growthByteCount < 2048)
    #expect(pool.fairByteCount < 256)
    var admitted = 0
    while pool.admit(4096) { admitted += 4096 }
    #expect(admitted >= (1 << 20) / 4 - 4096)
    // Each of them gets what was promised.
    let newcomers = (0..<admitted / 4096).map { _ in Holder(pool, entitlement: 4096) }
    for newcomer in newcomers { #expect(newcomer.append(10_000) == 4096) }
    #expect(pool.usedByteCount <= pool.budgetByteCount)
  }

  @Test func `gives a block that came back to the next, and allocates nothing`() {
    let pool = BufferPool(budgetByteCount: 1 << 20)
    let holder = Holder(pool)
    _ = holder.append(100)
    holder.ring.consume(100)
    #expect(pool.cachedByteCount == 2048 && pool.usedByteCount == 0)
    _ = holder.append(100)
    #expect(pool.cachedByteCount == 0 && pool.usedByteCount == 2048)
  }

  @Test func `does not keep more than the budget in blocks of the wrong size`() {
    let pool = BufferPool(budgetByteCount: 64 << 10)
    for count in [2000, 4000, 8000, 16_000, 32_000] {
      let holders = (0..<(48 << 10) / BufferPool.blockByteCount(for: count)).map { _ in Holder(pool) }
      for holder in holders { #expect(holder.append(count) == count) }
      #expect(pool.usedByteCount + pool.cachedByteCount <= pool.budgetByteCount)
    }
    #expect(pool.usedByteCount == 0)
    pool.releaseCached()
    #expect(pool.cachedByteCount == 0)
  }

  @Test func `has blocks of powers of two`() {
    #expect(
      [0, 1, 2048, 2049, 4096, 4097, 1 << 22].map(BufferPool.blockByteCount) == [
        2048, 2048, 2048, 4096, 4096, 8192, 1 << 22,
      ])
  }

  @Test func `of nothing refuses all and traps at nothing`() {
    let pool = BufferPool(budgetByteCount: 0)
    #expect(!pool.admit(1) && pool.admit(0))
    let holder = Holder(pool)
    #expect(holder.append(10) == 0 && pool.fairByteCount == 0)
  }

  @Test func `counts growth beyond an entitlement only`() {
    let pool = BufferPool(budgetByteCount: 1 << 20)
    #expect(pool.admit(4096))
    let holder = Holder(pool, entitlement: 4096)
    _ = holder.append(3000)
    #expect(pool.committedByteCount == 4096)
    _ = holder.append(3000)
    #expect(pool.committedByteCount == 8192)
    holder.ring.consume(6000)
    #expect(pool.committedByteCount == 4096)
  }
}
