import Platform

/// A disk in memory that keeps apart what was flushed and what was not, so that a test can cut its power.
public final class SimulatedDisk: BlockDevice {
  public let sectorByteCount: Int
  public private(set) var sectorCount: UInt64
  /// What was flushed.
  public private(set) var durable: [UInt8]
  /// What was written since the last flush, in order.
  private var unflushed: [Write] = []
  /// What a reader sees.
  private var visible: [UInt8]
  /// Called before each write and each flush, with its number from 0 on. Returns what becomes of it.
  public var onOperation: (SimulatedDisk, Int) -> Verdict = { _, _ in .go }
  /// Called before each read, likewise numbered.
  public var onRead: (Int) -> Verdict = { _ in .go }
  /// Whether it has a flush at all.
  public var canFlush = true
  /// Operations so far.
  public private(set) var operationCount = 0
  /// Of them, how many were writes and flushes, and the bytes written.
  public private(set) var writeCount = 0, flushCount = 0, writtenByteCount = 0
  /// Reads so far.
  public private(set) var readCount = 0

  /// What becomes of an operation.
  public enum Verdict {
    /// It is done.
    case go
    /// It is answered with an error. A write may have changed any of its sectors: none are.
    case fail
    /// It is answered with an error, and a write is nevertheless done.
    case failAfterwards
    /// A flush is answered with an error, and the disk forgets all that it would have made durable, or a part of it.
    case forget(seed: UInt64)
  }

  private struct Write {
    var sector: Int
    var bytes: [UInt8]
  }

  /// A disk of zeros.
  public convenience init(byteCount: Int, sectorByteCount: Int = 512) {
    self.init(contents: [UInt8](repeating: 0, count: byteCount), sectorByteCount: sectorByteCount)
  }

  /// A disk with `contents`, all of it durable.
  public init(contents: [UInt8], sectorByteCount: Int = 512) {
    precondition(contents.count % sectorByteCount == 0)
    self.sectorByteCount = sectorByteCount
    sectorCount = UInt64(contents.count / sectorByteCount)
    durable = contents
    visible = contents
  }

  /// What a reader sees: for tests that damage or copy a disk.
  public var contents: [UInt8] { visible }

  /// Changes bytes, durably.
  public func overwrite(at offset: Int, _ bytes: [UInt8]) {
    durable.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    visible.replaceSubrange(offset..<offset + bytes.count, with: bytes)
  }

  // MARK: BlockDevice

  public func read(at sectorIndex: UInt64, into destination: UnsafeMutableRawBufferPointer) throws(BlockError)
  {
    let range = try range(sectorIndex, destination.count)
    defer { readCount += 1 }
    guard case .go = onRead(readCount) else { throw .failed }
    // Safe: the pointer is used only during the call.
    visible.withUnsafeBytes { destination.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[range])) }
  }

  public func write(at sectorIndex: UInt64, from source: RawSpan) throws(BlockError) {
    let range = try range(sectorIndex, source.byteCount)
    let verdict = onOperation(self, operationCount)
    operationCount += 1
    writeCount += 1
    writtenByteCount += source.byteCount
    if case .fail = verdict { throw .failed }
    // Safe: the pointer is used only during the call.
    let bytes = source.withUnsafeBytes { [UInt8]($0) }
    unflushed.append(Write(sector: Int(sectorIndex), bytes: bytes))
    visible.replaceSubrange(range, with: bytes)
    if case .failAfterwards = verdict { throw .failed }
  }

  public func flush() throws(BlockError) {
    guard canFlush else { throw .unflushable }
    let verdict = onOperation(self, operationCount)
    operationCount += 1
    flushCount += 1
    if case .forget(let seed) = verdict {
      durable = afterPowerLoss(.mixesSectors, seed: seed).durable
      visible = durable
      unflushed = []
    }
    guard case .go = verdict else { throw .failed }
    // Not `durable = visible`, after which the next write would copy the whole disk.
    for write in unflushed {
      let start = write.sector * sectorByteCount
      durable.replaceSubrange(start..<start + write.bytes.count, with: write.bytes)
    }
    unflushed = []
  }

  private func range(_ sectorIndex: UInt64, _ byteCount: Int) throws(BlockError) -> Range<Int> {
    guard byteCount % sectorByteCount == 0, sectorIndex <= sectorCount,
      UInt64(byteCount / sectorByteCount) <= sectorCount - sectorIndex
    else { throw .outOfRange }
    let start = Int(sectorIndex) * sectorByteCount
    return start..<start + byteCount
  }

  // MARK: The power goes

  /// How bad a disk is when the power goes.
  public enum PowerLoss: CaseIterable, Sendable {
    /// Nothing that was not flushed is there.
    case losesAll
    /// All that was written is there.
    case keepsAll
    /// Each sector has any of the contents it had since the last flush, whatever the others have: writes are lost,
    /// torn and put in another order.
    case mixesSectors
    /// The same, and a physical sector of 4096 bytes that was being written may hold nothing that ever was in it,
    /// the neighbours of what was written included.
    case spoilsBlocks
  }

  /// The disk after the power went now.
  public func afterPowerLoss(_ loss: PowerLoss, seed: UInt64) -> SimulatedDisk {
    switch loss {
    case .losesAll: return SimulatedDisk(contents: durable, sectorByteCount: sectorByteCount)
    case .keepsAll: return SimulatedDisk(contents: visible, sectorByteCount: sectorByteCount)
    case .mixesSectors, .spoilsBlocks: break
    }
    var random = Dice(state: seed)
    var contents = durable
    // Some runs keep most, some lose most.
    let odds = random.next() % 5
    var touchedBlocks: [Int] = []
    for write in unflushed {
      for part in 0..<write.bytes.count / sectorByteCount {
        let offset = (write.sector + part) * sectorByteCount
        if touchedBlocks.last != offset / 4096 { touchedBlocks.append(offset / 4096) }
        // A later write of the same sector may replace it: so each has one of all its contents.
        guard random.next() % 5 < odds else { continue }
        contents.replaceSubrange(
          offset..<offset + sectorByteCount,
          with: write.bytes[part * sectorByteCount..<(part + 1) * sectorByteCount])
      }
    }
    if loss == .spoilsBlocks {
      for block in touchedBlocks where random.next() % 4 == 0 {
        for offset in block * 4096..<min((block + 1) * 4096, contents.count) {
          contents[offset] = UInt8(truncatingIfNeeded: random.next())
        }
      }
    }
    return SimulatedDisk(contents: contents, sectorByteCount: sectorByteCount)
  }
}

/// Reproducible numbers: SplitMix64.
struct Dice {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
  }
}
