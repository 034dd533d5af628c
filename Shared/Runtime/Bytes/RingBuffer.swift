/// A queue of bytes in a block of a `BufferPool`: it grows and shrinks with what it holds, and holds nothing when it
/// is empty. Bytes may also be placed beyond its end, for a stream that arrives out of order.
///
/// Cost: O(bytes moved); growing moves what is there, never more often than the queue was doubled.
public struct RingBuffer: ~Copyable {
  private let pool: BufferPool
  private var block: UnsafeMutableRawPointer?
  /// Bytes the block holds: 0 or a power of two.
  public private(set) var capacity = 0
  /// Where the first byte lies.
  private var start = 0
  /// Bytes in the queue.
  public private(set) var count = 0
  /// Behind the last byte that was placed, counted from the first byte of the queue; at least `count`.
  private var extent = 0
  /// The capacity that was of use last time, so that a busy queue does not grow anew from the smallest block.
  private var usualCapacity = 0
  /// Bytes it may hold whatever others do.
  public let entitlement: Int

  /// An empty queue; `entitlement` bytes of it must have been admitted by the pool.
  public init(pool: BufferPool, entitlement: Int) {
    self.pool = pool
    self.entitlement = entitlement
  }

  deinit { if let block { dispose(of: block) } }

  /// Whether there is nothing in the queue; bytes may still be placed beyond its end.
  public var isEmpty: Bool { count == 0 }

  /// The most that the queue could hold by now, whether or not its block is that large yet; at most `limit`, also when
  /// it holds more.
  public func possibleCapacity(upTo limit: Int) -> Int {
    min(limit, max(capacity, entitlement, pool.fairByteCount))
  }

  // MARK: Memory

  /// Makes the block hold `wanted` bytes, or as much as the pool allows; returns the capacity.
  private mutating func makeRoom(for wanted: Int) -> Int {
    if wanted <= capacity { return capacity }
    var size = BufferPool.blockByteCount(for: max(wanted, capacity == 0 ? usualCapacity : 0))
    size = min(size, BufferPool.maximumBlockByteCount)
    while size > capacity {
      if pool.change(from: capacity, to: size, entitlement: entitlement) {
        move(to: size)
        break
      }
      size /= 2
      if size < BufferPool.minimumBlockByteCount { break }
    }
    return capacity
  }

  private mutating func move(to size: Int) {
    let larger = pool.take(size)
    if let block {
      let first = min(extent, capacity - start)
      larger.copyMemory(from: block + start, byteCount: first)
      (larger + first).copyMemory(from: block, byteCount: extent - first)
      pool.giveBack(block, capacity)
    }
    block = larger
    capacity = size
    start = 0
  }

  @inline(never)
  private mutating func release() {
    guard let block else { return }
    // Half of it would have been enough for what was there: the next one starts smaller.
    pool.giveBack(block, capacity)
    _ = pool.change(from: capacity, to: 0, entitlement: entitlement)
    usualCapacity = peak * 2 < capacity ? capacity / 2 : capacity
    peak = 0
    self.block = nil
    capacity = 0
    start = 0
    extent = 0
  }

  /// The most bytes since the block was taken.
  private var peak = 0

  private func dispose(of block: UnsafeMutableRawPointer) {
    pool.giveBack(block, capacity)
    _ = pool.change(from: capacity, to: 0, entitlement: entitlement)
  }

  // MARK: Bytes in

  /// Appends as many of `bytes` as there is room for, up to `limit` in the queue; returns how many. Only for a
  /// queue with nothing placed beyond its end.
  public mutating func append(_ bytes: RawSpan, limit: Int) -> Int {
    let stored = place(bytes, at: 0, limit: limit)
    extend(by: stored)
    return stored
  }

  /// Places as many of `bytes` as there is room for at `offset` beyond the queue's end, up to `limit` in all;
  /// returns how many.
  public mutating func place(_ bytes: RawSpan, at offset: Int, limit: Int) -> Int {
    let position = count + offset
    let wanted = min(bytes.byteCount, limit - position)
    guard wanted > 0 else { return 0 }
    let stored = min(wanted, makeRoom(for: position + wanted) - position)
    guard stored > 0, let block else { return 0 }
    let index = (start + position) & (capacity - 1)
    let first = min(stored, capacity - index)
    bytes.withUnsafeBytes { source in
      // `stored` bytes fit behind `position`, and the source has at least as many.
      let base = source.baseAddress.unsafelyUnwrapped
      (block + index).copyMemory(from: base, byteCount: first)
      if first < stored { block.copyMemory(from: base + first, byteCount: stored - first) }
    }
    extent = max(extent, position + stored)
    peak = max(peak, extent)
    return stored
  }

  /// Makes the next `byteCount` bytes beyond the end, which have been placed, part of the queue.
  public mutating func extend(by byteCount: Int) {
    precondition(byteCount >= 0 && count + byteCount <= extent)
    count += byteCount
  }

  /// Forgets what was placed beyond the end.
  public mutating func discardPlaced() {
    extent = count
    if count == 0 { release() }
  }

  // MARK: Bytes out

  /// Lends the `byteCount` bytes from `offset` on, in two pieces; the second one is empty unless they wrap.
  @inline(__always)
  public func withBytes<R, E: Error>(
    at offset: Int, _ byteCount: Int, _ body: (RawSpan, RawSpan) throws(E) -> R
  ) throws(E) -> R {
    precondition(offset >= 0 && byteCount >= 0 && offset + byteCount <= count)
    guard let block, byteCount > 0 else { return try body(RawSpan(), RawSpan()) }
    let index = (start + offset) & (capacity - 1)
    let first = min(byteCount, capacity - index)
    // Both pieces lie in the block, which lives as long as the call.
    return try body(
      RawSpan(_unsafeStart: block + index, byteCount: first),
      // Behind the first piece, and no more than the queue holds.
      RawSpan(_unsafeStart: block, byteCount: byteCount - first))
  }

  /// Removes `byteCount` bytes from the front.
  public mutating func consume(_ byteCount: Int) {
    precondition(byteCount >= 0 && byteCount <= count)
    guard byteCount > 0 else { return }
    start = (start + byteCount) & (capacity - 1)
    count -= byteCount
    extent -= byteCount
    if extent == 0 { release() }
  }

  /// Moves bytes from the front into `room` while it has space; returns how many.
  @_lifetime(room: copy room)
  public mutating func read(into room: inout OutputRawSpan) -> Int {
    let moved = min(count, room.freeCapacity)
    guard moved > 0, let block else { return 0 }
    let first = min(moved, capacity - start)
    room.withUnsafeMutableBytes { target, initializedCount in
      // The room has space for `moved` bytes.
      let base = target.baseAddress.unsafelyUnwrapped + initializedCount
      base.copyMemory(from: block + start, byteCount: first)
      (base + first).copyMemory(from: block, byteCount: moved - first)
      initializedCount += moved
    }
    consume(moved)
    return moved
  }
}
