import Bytes
import Platform

/// A disk in Souk's layout, open for reading and writing.
///
/// Safe against a power cut at any moment because of three orders that `sync` and `takeChunk` keep:
/// 1. A chunk is filled with zeros before it joins a file, and both that and the file's data are flushed before a
///    superblock that names it is written: a durable superblock never names a chunk with something older in it.
/// 2. A chunk that left a file is not used again before a superblock without it is durable: the files of the last
///    durable superblock keep what they had.
/// 3. A superblock is written over the copy that does not hold and flushed; then it holds, and only then the other
///    copy becomes the same. So one is whole whatever happens to the other while it is written or afterwards.
/// What a file's own bytes are after a power cut is between SQLite and the flushes it asks for.
/// Confined to one job at a time, as SQLite's connection is.
public final class Disk {
  /// The layout that this code writes.
  public static var formatVersion: Int { Superblock.version }
  /// How many superblocks were made durable; the last one's number.
  public var generation: UInt64 { superblock.generation }
  /// Tells this disk from others.
  public var id: DiskID { superblock.id }
  /// Whose disk this is.
  public var service: String { superblock.service }
  /// Whether the other copy of the superblock is not whole: its write was cut, or the disk lost it.
  public let hasDamagedCopy: Bool
  /// Chunks that files may use, free or not.
  public let chunkCount: Int
  let device: any BlockDevice
  private var superblock: Superblock
  private var files: [FileState] = []
  /// Chunks of the files as they are now.
  private var current = ChunkSet()
  /// Chunks of every superblock that may be the one on the disk.
  private var durable = ChunkSet()
  /// Whether the superblock must be written at the next `sync`.
  private var isChanged: Bool
  /// Where the copy of the superblock is that holds.
  private var holdingCopy: UInt64
  /// A flush has failed: the device may have forgotten what it had accepted, and only opening the disk anew tells
  /// what is there. Until then nothing is written.
  private var isBroken = false
  private let zeros: UnsafeMutableRawBufferPointer

  /// Bytes that are written at once where zeros are.
  private static let zeroByteCount = 64 << 10

  /// Reads the superblock. `service`: whose disk it has to be; nil for anybody's.
  public convenience init(_ device: any BlockDevice, service: String? = nil) throws(DiskError) {
    try Self.checkShape(of: device)
    let found = try Self.readSuperblock(of: device)
    let superblock = found.superblock
    if let service, service != superblock.service {
      throw .otherService(found: superblock.service, expected: service)
    }
    let byteCount = Self.byteCount(of: device)
    guard byteCount >= superblock.deviceByteCount else {
      throw .shrunk(byteCount: byteCount, recordedByteCount: superblock.deviceByteCount)
    }
    // Refuses a device that cannot flush, before anything depends on it.
    try Self.flush(device)
    self.init(device, found)
  }

  private init(_ device: any BlockDevice, _ found: FoundSuperblock) {
    self.device = device
    superblock = found.superblock
    holdingCopy = found.offset
    hasDamagedCopy = found.isOtherDamaged
    // The next `sync` makes both the same again.
    isChanged = !found.isOtherSame
    let superblock = found.superblock
    let byteCount = Self.byteCount(of: device)
    self.superblock.deviceByteCount = byteCount
    chunkCount = Int(
      min(byteCount / UInt64(DiskLayout.chunkByteCount) - 1, UInt64(DiskLayout.maximumChunkCount)))
    zeros = .allocate(byteCount: Self.zeroByteCount, alignment: DiskLayout.blockByteCount)
    zeros.initializeMemory(as: UInt8.self, repeating: 0)
    for kind in DiskFileKind.allCases {
      let file = superblock.files[kind.rawValue]
      for chunk in file.chunks { current.insert(chunk) }
      files.append(FileState(self, kind, file))
    }
    durable = current
  }

  deinit { zeros.deallocate() }

  /// Makes `device` an empty disk of `service`. What was on it is gone.
  ///
  /// A power cut on the way leaves a blank disk. `service` has 1 to 31 bytes of UTF-8.
  public static func format(_ device: any BlockDevice, service: String, id: DiskID) throws(DiskError) {
    precondition(
      (1...DiskLayout.maximumServiceNameByteCount).contains(service.utf8.count), "a service's name")
    try checkShape(of: device)
    // Both copies, or an old one with a higher generation would hold.
    let empty = [UInt8](repeating: 0, count: DiskLayout.blockByteCount)
    try write(empty, at: 0, to: device)
    try write(empty, at: UInt64(DiskLayout.copyByteCount), to: device)
    try flush(device)
    let superblock = Superblock(
      generation: 1, id: id, service: service, deviceByteCount: byteCount(of: device))
    for copy in [0, UInt64(DiskLayout.copyByteCount)] {
      try write(superblock.encoded(), at: copy, to: device)
      try flush(device)
    }
  }

  /// One of the three files.
  public func file(_ kind: DiskFileKind) -> DiskFile { DiskFile(self, files[kind.rawValue]) }

  /// Bytes of the device.
  public var deviceByteCount: UInt64 { superblock.deviceByteCount }

  /// Chunks that are in no file, neither now nor in the last durable superblock.
  public var unusedChunkCount: Int {
    var taken = durable
    taken.formUnion(current)
    return chunkCount - taken.count
  }

  /// Chunks that a file could take now or after the next `sync`.
  public var freeChunkCount: Int { chunkCount - current.count }

  /// Returns when everything written before is durable: every file's bytes, length and existence.
  ///
  /// Cost: one flush; where a file took or gave back a chunk, or the database's length changed, a superblock
  /// (two writes) and a second flush. After an error nobody knows what of it is durable; what an earlier `sync` made durable stays.
  /// When it was a flush that failed, every write and every `sync` fails until the disk is opened anew.
  public func sync() throws(DiskError) {
    for file in files { try file.writePending() }
    // The first order above, too: only what was flushed is named.
    try flush()
    guard isChanged else { return }
    var next = superblock
    next.generation += 1
    for file in files { next.files[file.kind.rawValue] = file.record }
    // From here on either superblock may be the one on the disk.
    durable.formUnion(current)
    let bytes = next.encoded()
    try Self.write(bytes, at: DiskLayout.otherCopy(holdingCopy), to: device)
    try flush()
    holdingCopy = DiskLayout.otherCopy(holdingCopy)
    superblock = next
    durable = current
    isChanged = false
    // Durable with the next flush, whenever that is; should it fail, the copy that holds is whole.
    _ = try? Self.write(bytes, at: DiskLayout.otherCopy(holdingCopy), to: device)
  }

  // MARK: What files need

  /// The superblock has to be written before the next `sync` returns.
  func noteChange() { isChanged = true }

  /// A chunk of zeros for a file.
  func takeChunk() throws(DiskError) -> UInt16 {
    var chunk = ChunkSet.lowestAbsent(current, durable, below: chunkCount + 1)
    if chunk == nil, current.count < chunkCount {
      // Some are free but for the superblock on the disk.
      try sync()
      chunk = ChunkSet.lowestAbsent(current, durable, below: chunkCount + 1)
    }
    guard let chunk else { throw .full }
    var offset = UInt64(chunk) * UInt64(DiskLayout.chunkByteCount)
    for _ in 0..<DiskLayout.chunkByteCount / zeros.count {
      try write(UnsafeRawBufferPointer(zeros), at: offset)
      offset += UInt64(zeros.count)
    }
    current.insert(chunk)
    isChanged = true
    return chunk
  }

  /// Takes a chunk back from a file.
  func giveBack(_ chunk: UInt16) {
    current.remove(chunk)
    isChanged = true
  }

  /// Reads whole sectors, `offset` bytes into the device.
  func read(at offset: UInt64, into destination: UnsafeMutableRawBufferPointer) throws(DiskError) {
    do throws(BlockError) {
      try device.read(at: offset / UInt64(device.sectorByteCount), into: destination)
    } catch {
      throw .failed
    }
  }

  private func flush() throws(DiskError) {
    guard !isBroken else { throw .failed }
    do throws(DiskError) {
      try Self.flush(device)
    } catch {
      isBroken = true
      throw error
    }
  }

  /// Writes whole blocks, `offset` bytes into the device.
  func write(_ source: UnsafeRawBufferPointer, at offset: UInt64) throws(DiskError) {
    guard !isBroken else { throw .failed }
    do throws(BlockError) {
      // Safe: the span ends with the call, and `source` outlives it.
      try device.write(at: offset / UInt64(device.sectorByteCount), from: RawSpan(_unsafeBytes: source))
    } catch {
      throw .failed
    }
  }
}

// MARK: The device under it

extension Disk {
  private static func byteCount(of device: any BlockDevice) -> UInt64 {
    let (byteCount, overflow) = device.sectorCount.multipliedReportingOverflow(
      by: UInt64(device.sectorByteCount))
    return overflow ? .max : byteCount
  }

  private static func checkShape(of device: any BlockDevice) throws(DiskError) {
    let sector = device.sectorByteCount
    guard sector >= 512, sector <= DiskLayout.blockByteCount, sector & (sector - 1) == 0 else {
      throw .unsupportedSector(byteCount: sector)
    }
    let byteCount = byteCount(of: device)
    guard byteCount >= UInt64(DiskLayout.minimumByteCount) else { throw .tooSmall(byteCount: byteCount) }
  }

  /// The copy with the highest generation of those that are whole. One that cannot be read, as after a torn write, is as
  /// good as damaged while the other is whole.
  private static func readSuperblock(of device: any BlockDevice) throws(DiskError) -> FoundSuperblock {
    var copies: [Superblock?] = []
    var starts: [Superblock.Start] = []
    var isUnreadable = false
    for offset in [0, UInt64(DiskLayout.copyByteCount)] {
      var start = Superblock.Start.damaged
      var copy: Superblock?
      do throws(DiskError) {
        let block = try read(DiskLayout.blockByteCount, at: offset, of: device)
        start = Superblock.start(block.span.bytes)
        if case .copy(let byteCount) = start {
          let blocks = (byteCount + DiskLayout.blockByteCount - 1) / DiskLayout.blockByteCount
          let bytes = try read(blocks * DiskLayout.blockByteCount, at: offset, of: device)
          copy = Superblock(validating: bytes.span.bytes.extracting(0..<byteCount))
          if copy == nil { start = .damaged }
        }
      } catch {
        isUnreadable = true
      }
      if case .newer(let version) = start { throw .newerFormat(version: version, known: Superblock.version) }
      copies.append(copy)
      starts.append(start)
    }
    let isSecond = (copies[1]?.generation ?? 0) > (copies[0]?.generation ?? 0)
    if let superblock = copies[isSecond ? 1 : 0] {
      let other = copies[isSecond ? 0 : 1]
      return FoundSuperblock(
        superblock: superblock, offset: isSecond ? UInt64(DiskLayout.copyByteCount) : 0,
        isOtherDamaged: other == nil, isOtherSame: other == superblock)
    }
    if isUnreadable { throw .failed }
    if starts.contains(.damaged) { throw .damaged }
    throw starts.contains(.foreign) ? .foreign : .blank
  }

  private static func read(
    _ byteCount: Int, at offset: UInt64, of device: any BlockDevice
  ) throws(DiskError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var failure: BlockError?
    // Safe: the pointer is used only during the call.
    bytes.withUnsafeMutableBytes { destination in
      do throws(BlockError) {
        try device.read(at: offset / UInt64(device.sectorByteCount), into: destination)
      } catch {
        failure = error
      }
    }
    if failure != nil { throw .failed }
    return bytes
  }

  private static func write(
    _ bytes: [UInt8], at offset: UInt64, to device: any BlockDevice
  ) throws(DiskError) {
    do throws(BlockError) {
      try device.write(at: offset / UInt64(device.sectorByteCount), from: bytes.span.bytes)
    } catch {
      throw .failed
    }
  }

  private static func flush(_ device: any BlockDevice) throws(DiskError) {
    do throws(BlockError) {
      try device.flush()
    } catch {
      throw error == .unflushable ? .unflushable : .failed
    }
  }
}

/// What the two copies of the superblock came to.
private struct FoundSuperblock {
  let superblock: Superblock
  /// Where it was.
  let offset: UInt64
  /// The other copy is not whole; or it is, and says the same.
  let isOtherDamaged: Bool, isOtherSame: Bool
}
