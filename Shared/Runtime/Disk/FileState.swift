import Platform

/// What a disk knows of one of its files; `DiskFile` is how others see it.
///
/// Writes that follow one another are gathered and go to the device as one, at the latest with `Disk.sync`: a commit
/// of SQLite's, many small writes at odd offsets, is one or two of the device's. Bytes that the device refuses stay
/// gathered: they are read, and tried again, until a `sync` has succeeded. SQLite relies on that: after a commit the
/// end of its log is still to be flushed, and it never writes that again.
final class FileState {
  /// Which one.
  let kind: DiskFileKind
  /// Whether it is there.
  private(set) var exists: Bool
  /// Bytes in it.
  private(set) var byteCount: Int64
  /// Safe: the disk owns this, and a `DiskFile`, the only other way here, keeps the disk.
  private unowned(unsafe) let disk: Disk
  private var chunks: [UInt16]
  private var pending = PendingWrite()
  /// Bytes of the device that are wanted only in part.
  private let scratch: UnsafeMutableRawBufferPointer
  /// The block in which a write begins or ends.
  private let edge: UnsafeMutableRawBufferPointer

  init(_ disk: Disk, _ kind: DiskFileKind, _ file: Superblock.File) {
    self.disk = disk
    self.kind = kind
    exists = file.exists
    byteCount = file.byteCount
    chunks = file.chunks
    scratch = .allocate(byteCount: 2 * DiskLayout.blockByteCount, alignment: DiskLayout.blockByteCount)
    edge = .allocate(byteCount: DiskLayout.blockByteCount, alignment: DiskLayout.blockByteCount)
  }

  deinit {
    scratch.deallocate()
    edge.deallocate()
  }

  /// Chunks that are its own.
  var chunkCount: Int { chunks.count }

  /// How the superblock has it.
  ///
  /// A log is as long as its chunks: then a commit changes nothing in the superblock, and is one flush. SQLite finds
  /// the log's end by its checksums, and what follows it is zeros or of this very log.
  var record: Superblock.File {
    let chunkBytes = Int64(chunks.count) * Int64(DiskLayout.chunkByteCount)
    return Superblock.File(exists: exists, byteCount: kind == .log ? chunkBytes : byteCount, chunks: chunks)
  }

  /// Makes it exist, empty. Durable with `Disk.sync`.
  func create() {
    guard !exists else { return }
    exists = true
    disk.noteChange()
  }

  /// Makes it not exist. Durable with `Disk.sync`.
  func remove() {
    guard exists else { return }
    exists = false
    pending.drop()
    shrink(to: 0)
    disk.noteChange()
  }

  // MARK: Reading

  /// Fills `destination` with what stands from `offset` on; returns how many bytes there were before the end. The
  /// rest of `destination` is left alone.
  func read(
    at offset: Int64, into destination: UnsafeMutableRawBufferPointer
  ) throws(DiskError) -> Int {
    precondition(offset >= 0)
    let count = Int(max(0, min(Int64(destination.count), byteCount - offset)))
    if pending.overlaps(offset, count) { try writePending() }
    var done = 0
    while done < count {
      let position = offset + Int64(done)
      let (address, room) = place(of: position)
      let part = min(count - done, room)
      // Safe: `done + part` is at most `destination.count`.
      let target = UnsafeMutableRawBufferPointer(rebasing: destination[done..<done + part])
      done += try read(address: address, into: target)
    }
    return count
  }

  /// Reads from within one chunk; returns how many bytes it was.
  private func read(
    address: UInt64, into target: UnsafeMutableRawBufferPointer
  ) throws(DiskError) -> Int {
    let sector = disk.device.sectorByteCount
    let skipped = Int(address % UInt64(sector))
    if skipped == 0, target.count % sector == 0 {
      try disk.read(at: address, into: target)
      return target.count
    }
    let part = min(target.count, scratch.count - skipped)
    let whole = (skipped + part + sector - 1) / sector * sector
    // Safe: `whole` is at most `scratch.count`, a multiple of every sector size.
    try disk.read(
      at: address - UInt64(skipped), into: UnsafeMutableRawBufferPointer(rebasing: scratch[..<whole]))
    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: scratch[skipped..<skipped + part]))
    return part
  }

  /// Where the byte at `offset` is on the device, and how many follow it in its chunk.
  private func place(of offset: Int64) -> (address: UInt64, room: Int) {
    let size = Int64(DiskLayout.chunkByteCount)
    let within = offset % size
    return (UInt64(chunks[Int(offset / size)]) * UInt64(size) + UInt64(within), Int(size - within))
  }

  // MARK: Writing

  /// Puts `source` at `offset`, growing the file. Durable with `Disk.sync`.
  ///
  /// Throws `full` before anything is changed when there is no chunk left.
  func write(_ source: UnsafeRawBufferPointer, at offset: Int64) throws(DiskError) {
    precondition(exists && offset >= 0)
    try grow(to: offset + Int64(source.count), gapTo: offset)
    try put(source, at: offset)
  }

  /// Cuts or extends it to `newByteCount`; what is new is zeros. Durable with `Disk.sync`.
  func truncate(to newByteCount: Int64) throws(DiskError) {
    precondition(exists && newByteCount >= 0)
    if newByteCount > byteCount {
      try grow(to: newByteCount, gapTo: newByteCount)
      setByteCount(newByteCount)
    } else if newByteCount < byteCount {
      try writePending()
      pending.drop()
      shrink(to: newByteCount)
    }
  }

  /// Takes chunks for `newByteCount` bytes. The bytes from the end to `gapEnd` become zeros.
  private func grow(to newByteCount: Int64, gapTo gapEnd: Int64) throws(DiskError) {
    let old = chunks.count
    while chunks.count < DiskLayout.chunkCount(newByteCount) {
      do throws(DiskError) {
        let chunk = try disk.takeChunk()
        chunks.append(chunk)
      } catch {
        while chunks.count > old { disk.giveBack(chunks.removeLast()) }
        throw error
      }
    }
    // New chunks are zeros; the last old one may have bytes that were cut off.
    let end = min(gapEnd, Int64(old) * Int64(DiskLayout.chunkByteCount))
    guard byteCount < end else { return }
    let zeros = [UInt8](repeating: 0, count: DiskLayout.blockByteCount)
    while byteCount < end {
      let part = Int(min(end - byteCount, Int64(zeros.count)))
      var failure: DiskError?
      // Safe: the pointer is used only during the call.
      zeros.withUnsafeBytes { zeros in
        do throws(DiskError) {
          try put(UnsafeRawBufferPointer(rebasing: zeros[..<part]), at: byteCount)
        } catch {
          failure = error
        }
      }
      if let failure { throw failure }
    }
  }

  private func shrink(to newByteCount: Int64) {
    while chunks.count > DiskLayout.chunkCount(newByteCount) { disk.giveBack(chunks.removeLast()) }
    setByteCount(newByteCount)
  }

  private func setByteCount(_ new: Int64) {
    guard new != byteCount else { return }
    byteCount = new
    // The superblock knows a log by its chunks alone.
    if kind != .log { disk.noteChange() }
  }

  /// Gathers; the chunks are there.
  private func put(_ source: UnsafeRawBufferPointer, at offset: Int64) throws(DiskError) {
    var done = 0
    while done < source.count {
      let position = offset + Int64(done)
      if !pending.accepts(position) {
        try writePending()
        let start = position - position % Int64(DiskLayout.blockByteCount)
        // The bytes of the block that stand before this write. Safe: fewer than a block.
        let head = UnsafeMutableRawBufferPointer(rebasing: edge[..<Int(position - start)])
        let known = head.count > 0 ? try read(at: start, into: head) : 0
        // Safe: `known` is at most `head.count`.
        UnsafeMutableRawBufferPointer(rebasing: head[known...]).initializeMemory(as: UInt8.self, repeating: 0)
        pending.begin(at: start, with: UnsafeRawBufferPointer(head))
      }
      // Safe: `done` is below `source.count`.
      done += pending.take(UnsafeRawBufferPointer(rebasing: source[done...]), at: position)
      setByteCount(max(byteCount, offset + Int64(done)))
    }
  }

  /// Sends what was gathered to the device.
  func writePending() throws(DiskError) {
    guard pending.isDirty else { return }
    // The rest of the last block: what the file has there.
    let rest = pending.missing
    if rest.count > 0 {
      if byteCount > pending.end {
        try readLastBlock(into: rest)
      } else {
        rest.initializeMemory(as: UInt8.self, repeating: 0)
      }
    }
    var done = 0
    let bytes = pending.wholeBlocks
    while done < bytes.count {
      let (address, room) = place(of: pending.start + Int64(done))
      let part = min(bytes.count - done, room)
      // Safe: `done + part` is at most `bytes.count`.
      try disk.write(UnsafeRawBufferPointer(rebasing: bytes[done..<done + part]), at: address)
      done += part
    }
    pending.clean()
  }

  /// Reads the block in which the gathered bytes end, and copies what follows them.
  private func readLastBlock(into rest: UnsafeMutableRawBufferPointer) throws(DiskError) {
    try disk.read(at: place(of: pending.end - Int64(edge.count - rest.count)).address, into: edge)
    // Safe: `rest.count` is less than a block.
    rest.copyMemory(from: UnsafeRawBufferPointer(rebasing: edge[(edge.count - rest.count)...]))
  }
}
