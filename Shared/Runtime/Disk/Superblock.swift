import Bytes

/// What a disk says about itself: whose it is, and which chunks make which file.
///
/// One copy on the disk, numbers big-endian:
///
///     0    "SoukDisk"                   48   bytes of the service's name (1), the name (31)
///     8    format version (4)           80   bytes of the device (8)
///     12   bytes of this copy (4)       88   bytes of a chunk (4), number of files (4)
///     16   CRC-32C of them, this        96   for each of three files: bytes (8), chunks (4), 1 if it exists (4)
///          field taken as zero (4)      144  numbers of the chunks (2 each), file after file
///     20   zero (4)
///     24   generation (8)
///     32   unique id (16)
struct Superblock: Equatable {
  /// A file as the superblock has it.
  struct File: Equatable {
    var exists = false
    /// Bytes that may hold something; the chunks have room for them.
    var byteCount: Int64 = 0
    /// Its chunks in order.
    var chunks: [UInt16] = []
  }

  static let magic: InlineArray<8, UInt8> = [0x53, 0x6F, 0x75, 0x6B, 0x44, 0x69, 0x73, 0x6B]
  static let version = 1

  /// Counts the superblocks that were written; the highest whole one holds.
  var generation: UInt64
  /// Tells disks apart.
  var id: DiskID
  var service: String
  /// Bytes the device had when this was written.
  var deviceByteCount: UInt64
  /// In the order of `DiskFileKind`.
  var files: [File] = [File(), File(), File()]

  /// Bytes of a copy, rounded up to whole blocks.
  var paddedByteCount: Int {
    let block = DiskLayout.blockByteCount
    return (byteCount + block - 1) / block * block
  }

  private var byteCount: Int {
    DiskLayout.headerByteCount + 2 * files.reduce(0) { $0 + $1.chunks.count }
  }

  /// A superblock of a disk without files.
  init(generation: UInt64, id: DiskID, service: String, deviceByteCount: UInt64) {
    self.generation = generation
    self.id = id
    self.service = service
    self.deviceByteCount = deviceByteCount
  }

  // MARK: Writing

  /// The bytes of a copy: whole blocks.
  func encoded() -> [UInt8] {
    var bytes: [UInt8] = []
    let paddedByteCount = paddedByteCount
    bytes.reserveCapacity(paddedByteCount)
    for index in Self.magic.indices { bytes.append(Self.magic[index]) }
    append(UInt32(Self.version), to: &bytes)
    append(UInt32(byteCount), to: &bytes)
    append(UInt64(0), to: &bytes)
    append(generation, to: &bytes)
    append(id.high, to: &bytes)
    append(id.low, to: &bytes)
    precondition(service.utf8.count <= DiskLayout.maximumServiceNameByteCount, "the name was checked before")
    bytes.append(UInt8(service.utf8.count))
    bytes += Array(service.utf8)
    while bytes.count < 80 { bytes.append(0) }
    append(deviceByteCount, to: &bytes)
    append(UInt32(DiskLayout.chunkByteCount), to: &bytes)
    append(UInt32(files.count), to: &bytes)
    for file in files {
      append(UInt64(file.byteCount), to: &bytes)
      append(UInt32(file.chunks.count), to: &bytes)
      append(UInt32(file.exists ? 1 : 0), to: &bytes)
    }
    for file in files { for chunk in file.chunks { append(chunk, to: &bytes) } }
    let checksum = CRC32C.of(bytes.span.bytes)
    for index in 0..<4 { bytes[16 + index] = UInt8(truncatingIfNeeded: checksum >> (24 - 8 * index)) }
    bytes.append(contentsOf: repeatElement(0, count: paddedByteCount - bytes.count))
    return bytes
  }

  private func append<Number: FixedWidthInteger>(_ number: Number, to bytes: inout [UInt8]) {
    for shift in stride(from: Number.bitWidth - 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
    }
  }

  // MARK: Reading

  /// What the beginning of a copy is.
  enum Start: Equatable {
    case blank, foreign
    case newer(version: Int)
    /// A copy of this version that claims to have so many bytes, which are in bounds.
    case copy(byteCount: Int)
    case damaged
  }

  /// Looks at the first block of a copy.
  static func start(_ block: RawSpan) -> Start {
    for index in magic.indices where block.byte(at: index) != magic[index] {
      for offset in 0..<block.byteCount where block.byte(at: offset) != 0 { return .foreign }
      return .blank
    }
    let version = Int(block.bigEndian32(at: 8))
    guard version <= Self.version else { return .newer(version: version) }
    let byteCount = Int(block.bigEndian32(at: 12))
    guard version == Self.version, (DiskLayout.headerByteCount...DiskLayout.copyByteCount).contains(byteCount)
    else { return .damaged }
    return .copy(byteCount: byteCount)
  }

  /// Reads a copy of exactly the bytes that `start` named. Nil unless every byte is as it was written and makes
  /// sense.
  init?(validating bytes: RawSpan) {
    guard bytes.byteCount >= DiskLayout.headerByteCount else { return nil }
    var checksum = CRC32C()
    checksum.update(bytes.extracting(0..<16))
    checksum.update(([0, 0, 0, 0] as [UInt8]).span.bytes)
    checksum.update(bytes.extracting(20..<bytes.byteCount))
    guard bytes.bigEndian32(at: 16) == checksum.value else { return nil }
    generation = bytes.bigEndian64(at: 24)
    id = DiskID(high: bytes.bigEndian64(at: 32), low: bytes.bigEndian64(at: 40))
    let nameByteCount = Int(bytes.byte(at: 48))
    guard nameByteCount <= DiskLayout.maximumServiceNameByteCount else { return nil }
    guard let service = String(validUTF8: bytes.extracting(49..<49 + nameByteCount)) else { return nil }
    self.service = service
    deviceByteCount = bytes.bigEndian64(at: 80)
    guard bytes.bigEndian32(at: 88) == DiskLayout.chunkByteCount, bytes.bigEndian32(at: 92) == files.count
    else { return nil }
    let chunkLimit = deviceByteCount / UInt64(DiskLayout.chunkByteCount)
    var seen = ChunkSet()
    var offset = DiskLayout.headerByteCount
    for index in files.indices {
      let entry = 96 + 16 * index
      let byteCount = bytes.bigEndian64(at: entry)
      let chunkCount = Int(bytes.bigEndian32(at: entry + 8))
      guard chunkCount <= (bytes.byteCount - offset) / 2,
        byteCount <= UInt64(chunkCount) * UInt64(DiskLayout.chunkByteCount)
      else { return nil }
      files[index].exists = bytes.bigEndian32(at: entry + 12) == 1
      files[index].byteCount = Int64(byteCount)
      for _ in 0..<chunkCount {
        let chunk = bytes.bigEndian16(at: offset)
        guard chunk > 0, UInt64(chunk) < chunkLimit, !seen.contains(chunk) else { return nil }
        seen.insert(chunk)
        files[index].chunks.append(chunk)
        offset += 2
      }
    }
    guard offset == bytes.byteCount else { return nil }
  }
}
