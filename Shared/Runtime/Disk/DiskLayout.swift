/// How a disk is divided: chunk 0 holds the two copies of the superblock, every other chunk belongs to one file or to
/// nobody.
///
/// Chunks make growth simple: a file that needs room takes any free one. Blocks are what is read and written as one.
public enum DiskLayout {
  /// Bytes of a block: SQLite's page, and the largest sector of a disk that is not its own enemy.
  public static let blockByteCount = 4096
  /// Bytes of a chunk.
  public static let chunkByteCount = 256 << 10
  /// Bytes that one copy of the superblock may take: half of the first chunk.
  static let copyByteCount = chunkByteCount / 2
  /// Bytes of the superblock before the list of chunks.
  static let headerByteCount = 144
  /// Chunks that the list can name: 16 GiB less 18 MiB. What a disk has beyond them is not used.
  public static let maximumChunkCount = (copyByteCount - headerByteCount) / 2
  /// The smallest disk: the superblocks, and a chunk for each of the three files.
  public static let minimumByteCount = 4 * chunkByteCount
  /// UTF-8 bytes of a service's name.
  public static let maximumServiceNameByteCount = 31

  /// Where the other copy of the superblock is.
  static func otherCopy(_ offset: UInt64) -> UInt64 { offset == 0 ? UInt64(copyByteCount) : 0 }

  /// Chunks that hold `byteCount` bytes.
  static func chunkCount(_ byteCount: Int64) -> Int {
    Int((byteCount + Int64(chunkByteCount) - 1) / Int64(chunkByteCount))
  }
}

/// The files on a disk: SQLite's.
public enum DiskFileKind: Int, CaseIterable, Sendable {
  /// The database.
  case database = 0
  /// The write-ahead log.
  case log = 1
  /// The rollback journal, which SQLite needs until the database is in write-ahead mode.
  case journal = 2
}
