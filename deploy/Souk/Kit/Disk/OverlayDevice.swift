import Platform

/// A disk whose writes stay in memory: what a command sees that must not change the disk it looks at.
///
/// SQLite mends a database when it opens it, and moves its log; here it does so on the overlay.
final class OverlayDevice: BlockDevice {
  private let base: any BlockDevice
  private var written: [UInt64: [UInt8]] = [:]

  init(_ base: any BlockDevice) { self.base = base }

  var sectorByteCount: Int { base.sectorByteCount }
  var sectorCount: UInt64 { base.sectorCount }

  func read(at sectorIndex: UInt64, into destination: UnsafeMutableRawBufferPointer) throws(BlockError) {
    try base.read(at: sectorIndex, into: destination)
    guard !written.isEmpty else { return }
    for index in 0..<destination.count / sectorByteCount {
      guard let bytes = written[sectorIndex + UInt64(index)] else { continue }
      let offset = index * sectorByteCount
      // Safe: whole sectors, so the last one ends where `destination` does.
      UnsafeMutableRawBufferPointer(rebasing: destination[offset..<offset + sectorByteCount]).copyBytes(
        from: bytes)
    }
  }

  func write(at sectorIndex: UInt64, from source: RawSpan) throws(BlockError) {
    let count = source.byteCount / sectorByteCount
    guard source.byteCount % sectorByteCount == 0, sectorIndex <= sectorCount,
      UInt64(count) <= sectorCount - sectorIndex
    else { throw .outOfRange }
    for index in 0..<count {
      let part = source.extracting(index * sectorByteCount..<(index + 1) * sectorByteCount)
      // Safe: the pointer is used only during the call.
      written[sectorIndex + UInt64(index)] = part.withUnsafeBytes { Array($0) }
    }
  }

  func flush() throws(BlockError) {}
}
