/// The memory of many queues under one budget: who holds little can always go on, who holds much can be told to wait.
///
/// Every queue has an *entitlement*, bytes it may hold whatever the others do. Queues are admitted only while the
/// entitlements of all fit into the budget, so no queue that exists can be starved by one that comes later. What a
/// queue holds beyond its entitlement comes out of the growth share; when that is used up, queues stop growing, and
/// nothing fails. On top of the budget lies a reserve, for newcomers without whom those who are here get nowhere: a
/// service answers its peers by asking another. Blocks that are given back are kept for the next queue, so a warm pool
/// allocates nothing.
///
/// Confined to the thread of its owner. Cost: a few dozen instructions per call; `malloc` only while it is cold.
public final class BufferPool {
  /// The smallest block, in bytes.
  public static let minimumBlockByteCount = 1 << minimumShift
  /// The largest block, in bytes.
  public static let maximumBlockByteCount = 1 << maximumShift
  private static let minimumShift = 11
  private static let maximumShift = 22

  /// What all queues together may hold, but for those admitted from the reserve.
  public let budgetByteCount: Int
  /// What newcomers that the others need may be admitted to beyond the budget: an eighth of it.
  public var reserveByteCount: Int { budgetByteCount / 8 }
  /// Of the budget, what queues may hold beyond their entitlements; the rest is for newcomers.
  public let growthLimitByteCount: Int
  /// Entitlements, and what is held beyond them.
  public private(set) var committedByteCount = 0
  /// Blocks that queues hold.
  public private(set) var blocksInUseCount = 0
  /// Bytes in blocks that queues hold.
  public private(set) var usedByteCount = 0
  /// Bytes in blocks that wait for the next queue.
  public private(set) var cachedByteCount = 0
  /// Queues that were not admitted, and growth that was refused.
  public private(set) var refusalCount: UInt64 = 0

  /// Free blocks by size; each holds the address of the next one in its first bytes.
  private var free: [UnsafeMutableRawPointer?]

  /// A pool of `budgetByteCount` bytes, of which three quarters are for growth. Takes no memory yet.
  public init(budgetByteCount: Int) {
    precondition(budgetByteCount >= 0)
    self.budgetByteCount = budgetByteCount
    growthLimitByteCount = budgetByteCount / 4 * 3
    free = Array(repeating: nil, count: Self.maximumShift - Self.minimumShift + 1)
  }

  deinit {
    precondition(blocksInUseCount == 0, "a queue outlived its pool")
    releaseCached()
  }

  /// What queues may still take beyond their entitlements.
  public var growthByteCount: Int { max(0, growthLimitByteCount - committedByteCount) }

  /// The capacity that one queue among many should aim for now: it falls as the pool fills.
  public var fairByteCount: Int { growthByteCount / 8 }

  // MARK: Admission

  /// Sets `byteCount` aside for a newcomer; false when that would take from those who are here. One whom they need may
  /// come `fromReserve`.
  public func admit(_ byteCount: Int, fromReserve: Bool = false) -> Bool {
    guard committedByteCount + byteCount <= budgetByteCount + (fromReserve ? reserveByteCount : 0) else {
      refusalCount &+= 1
      return false
    }
    committedByteCount += byteCount
    return true
  }

  /// Gives back what `admit` set aside.
  public func dismiss(_ byteCount: Int) {
    committedByteCount -= byteCount
    precondition(committedByteCount >= 0)
  }

  // MARK: Blocks

  /// The block size that holds `byteCount` bytes.
  static func blockByteCount(for byteCount: Int) -> Int {
    guard byteCount > minimumBlockByteCount else { return minimumBlockByteCount }
    return 1 << (Int.bitWidth - (byteCount - 1).leadingZeroBitCount)
  }

  /// Whether a queue that holds `held` bytes may hold `wanted` instead; commits the difference if so.
  func change(from held: Int, to wanted: Int, entitlement: Int) -> Bool {
    let difference = max(wanted, entitlement) - max(held, entitlement)
    guard difference <= 0 || committedByteCount + difference <= growthLimitByteCount else {
      refusalCount &+= 1
      return false
    }
    committedByteCount += difference
    return true
  }

  /// A block of `byteCount` bytes, a size that `blockByteCount` gave, 16-byte aligned.
  func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
    blocksInUseCount += 1
    usedByteCount += byteCount
    let index = byteCount.trailingZeroBitCount - Self.minimumShift
    if let block = free[index] {
      free[index] = block.load(as: UnsafeMutableRawPointer?.self)
      cachedByteCount -= byteCount
      return block
    }
    // What other sizes keep must not add up beyond the budget.
    if usedByteCount + cachedByteCount > budgetByteCount { releaseCached() }
    return .allocate(byteCount: byteCount, alignment: 16)
  }

  /// Takes a block back.
  func giveBack(_ block: UnsafeMutableRawPointer, _ byteCount: Int) {
    blocksInUseCount -= 1
    usedByteCount -= byteCount
    cachedByteCount += byteCount
    let index = byteCount.trailingZeroBitCount - Self.minimumShift
    block.storeBytes(of: free[index], as: UnsafeMutableRawPointer?.self)
    free[index] = block
  }

  /// Gives the memory of waiting blocks back to the machine.
  public func releaseCached() {
    for index in free.indices {
      while let block = free[index] {
        free[index] = block.load(as: UnsafeMutableRawPointer?.self)
        block.deallocate()
      }
    }
    cachedByteCount = 0
  }
}
