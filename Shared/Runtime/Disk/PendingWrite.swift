/// Bytes of a file that were written and have not gone to the device: one stretch, which begins where a block does.
///
/// After they went, the block in which they ended stays, so that the next write goes on without reading it.
struct PendingWrite: ~Copyable {
  /// Bytes that are gathered at most.
  static var capacity: Int { 64 << 10 }

  /// Where in the file the stretch begins.
  private(set) var start: Int64 = 0
  /// Whether it has bytes that the device does not have.
  private(set) var isDirty = false
  private var count = 0
  /// Allocated by the first write: most files of an image are never written.
  private var buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  deinit { buffer.deallocate() }

  /// Where in the file it ends.
  var end: Int64 { start + Int64(count) }

  /// Whether bytes at `offset` would overwrite a part of the stretch or continue it.
  func accepts(_ offset: Int64) -> Bool {
    count > 0 && offset >= start && offset <= end && offset < start + Int64(Self.capacity)
  }

  /// Whether bytes that the device does not have are among `byteCount` from `offset` on.
  func overlaps(_ offset: Int64, _ byteCount: Int) -> Bool {
    isDirty && offset < end && offset + Int64(byteCount) > start
  }

  /// Forgets everything, and starts a stretch with bytes that the device has.
  mutating func begin(at offset: Int64, with head: UnsafeRawBufferPointer) {
    precondition(!isDirty && offset % Int64(DiskLayout.blockByteCount) == 0)
    if buffer.count == 0 {
      buffer = .allocate(byteCount: Self.capacity, alignment: DiskLayout.blockByteCount)
    }
    start = offset
    count = head.count
    // Safe: less than a block, so it fits.
    UnsafeMutableRawBufferPointer(rebasing: buffer[..<head.count]).copyMemory(from: head)
  }

  /// Takes as many bytes as fit; returns how many.
  mutating func take(_ source: UnsafeRawBufferPointer, at offset: Int64) -> Int {
    let position = Int(offset - start)
    let part = min(source.count, buffer.count - position)
    // Safe: `position + part` is at most `buffer.count`.
    UnsafeMutableRawBufferPointer(rebasing: buffer[position..<position + part])
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<part]))
    count = max(count, position + part)
    isDirty = true
    return part
  }

  /// The bytes between the end and the end of its block, to be filled before `wholeBlocks` is used.
  var missing: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: buffer[count..<roundedCount])
  }

  /// The stretch up to the end of its last block.
  var wholeBlocks: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<roundedCount])
  }

  private var roundedCount: Int {
    let block = DiskLayout.blockByteCount
    return (count + block - 1) / block * block
  }

  /// The device has it all: keeps the last block where it is not full.
  mutating func clean() {
    isDirty = false
    let whole = count / DiskLayout.blockByteCount * DiskLayout.blockByteCount
    let rest = count - whole
    // Safe: both are in the buffer; copyMemory allows them to overlap.
    UnsafeMutableRawBufferPointer(rebasing: buffer[..<rest])
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[whole..<count]))
    start += Int64(whole)
    count = rest
  }

  /// Forgets everything.
  mutating func drop() {
    isDirty = false
    count = 0
  }
}
