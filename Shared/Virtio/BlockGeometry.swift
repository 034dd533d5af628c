// Virtio 1.2 §5.2.4 before changing this file.

/// What a disk's configuration says, checked.
struct BlockGeometry {
  /// Bytes in a block: what reads and writes are multiples of.
  let blockByteCount: Int
  /// Blocks on the disk.
  let blockCount: UInt64
  /// Bytes that one descriptor may have.
  let segmentByteCount: Int
  /// Descriptors that one request's data may have.
  let segmentCount: Int
  /// Blocks that one discard may cover; 0 for none.
  let maximumDiscardBlockCount: UInt64

  private struct Fields {
    var capacity: UInt64
    var segmentByteCount: UInt32
    var segmentCount: UInt32
    var blockByteCount: UInt32
    var discardSectorCount: UInt32
  }

  /// Reads the fields whose features were agreed on. Throws `badConfiguration`, and gives the device up.
  init(of device: MMIODevice) throws(VirtioError) {
    let features = device.features
    let fields: Fields = try device.readConfiguration { configuration in
      Fields(
        capacity: configuration.load64(at: 0),
        segmentByteCount: features.contains(.blockSizeMax) ? configuration.load32(at: 8) : .max,
        segmentCount: features.contains(.blockSegMax) ? configuration.load32(at: 12) : 1,
        blockByteCount: features.contains(.blockBlockSize) ? configuration.load32(at: 20) : 512,
        discardSectorCount: features.contains(.blockDiscard) ? configuration.load32(at: 36) : 0)
    }
    let sectorByteCount = VirtioBlock.deviceSectorByteCount
    let block = Int(fields.blockByteCount)
    guard
      (sectorByteCount...VirtioBlock.largestBlockByteCount).contains(block), block & (block - 1) == 0
    else { throw device.refuse(.badConfiguration(.blockSize)) }
    let sectorsPerBlock = UInt64(block / sectorByteCount)
    let (_, overflow) = fields.capacity.multipliedReportingOverflow(by: UInt64(sectorByteCount))
    guard !overflow, fields.capacity >= sectorsPerBlock else {
      throw device.refuse(.badConfiguration(.capacity))
    }
    guard fields.segmentCount > 0 else { throw device.refuse(.badConfiguration(.segmentCount)) }
    guard Int(fields.segmentByteCount) >= sectorByteCount else {
      throw device.refuse(.badConfiguration(.segmentSize))
    }
    blockByteCount = block
    blockCount = fields.capacity / sectorsPerBlock
    segmentByteCount = Int(fields.segmentByteCount)
    segmentCount = Int(fields.segmentCount)
    maximumDiscardBlockCount = UInt64(fields.discardSectorCount) / sectorsPerBlock
  }
}
