import Bytes

/// Why a disk cannot be used, or an operation on it failed.
public enum DiskError: Error, Equatable, Sendable {
  /// Every chunk is taken.
  case full
  /// The device reported an error.
  case failed
  /// The device cannot flush, so nothing on it could be called durable.
  case unflushable
  /// Nothing but zeros where a superblock should be.
  case blank
  /// Something else is on the disk.
  case foreign
  /// Souk's disk, but no copy of the superblock is whole.
  case damaged
  /// The layout is of a newer Souk.
  case newerFormat(version: Int, known: Int)
  /// The disk belongs to another service.
  case otherService(found: String, expected: String)
  /// Fewer bytes than any disk needs.
  case tooSmall(byteCount: UInt64)
  /// Fewer bytes than the disk had when it was last written.
  case shrunk(byteCount: UInt64, recordedByteCount: UInt64)
  /// The device's sectors are larger than a block, or not a power of two of at least 512 bytes.
  case unsupportedSector(byteCount: Int)

  /// What somebody who runs the shop can do about it, in one sentence.
  public var advice: String {
    switch self {
    case .full: "The disk is full: make it larger and start again, nothing that was answered is lost."
    case .failed: "The disk reported an error: look at the health of the disk below it, then start again."
    case .unflushable:
      "The disk cannot flush its cache, so no order would be safe on it: use one that can "
        + "(QEMU: cache=writeback or cache=none, not cache=unsafe)."
    case .blank: "The disk is blank: make it ready with `souk disk create`."
    case .foreign:
      "The disk holds something that is not Souk's: give the right one, or move what is there away and make it "
        + "ready with `souk disk create --force`."
    case .damaged:
      "Both copies of the disk's superblock are damaged: keep a copy of the disk, and restore a backup with "
        + "`souk disk import`."
    case .newerFormat(let version, let known):
      "The disk has format \(version), this Souk knows up to \(known): use the newer Souk, or a backup."
    case .otherService(let found, let expected):
      "The disk belongs to \(found), not to \(expected): give each service its own disk."
    case .tooSmall(let byteCount):
      "This is no disk of Souk's: it has \(byteCount) bytes, and the smallest has \(DiskLayout.minimumByteCount)."
    case .shrunk(let byteCount, let recordedByteCount):
      "The disk has \(byteCount) bytes and had \(recordedByteCount) when it was written last: give it its size "
        + "back, or restore a backup."
    case .unsupportedSector(let byteCount):
      "The disk has sectors of \(byteCount) bytes: use one with 512 to \(DiskLayout.blockByteCount)."
    }
  }

  /// A word for logs.
  public var name: StaticString {
    switch self {
    case .full: "full"
    case .failed: "input/output"
    case .unflushable: "unflushable disk"
    case .blank: "blank disk"
    case .foreign: "foreign disk"
    case .damaged: "damaged superblock"
    case .newerFormat: "newer disk format"
    case .otherService: "disk of another service"
    case .tooSmall: "disk too small"
    case .shrunk: "disk shrunk"
    case .unsupportedSector: "unsupported sector size"
    }
  }
}
