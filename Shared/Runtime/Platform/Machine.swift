/// Random bytes fit for keys.
public protocol Entropy: AnyObject {
  /// Fills all of `bytes`. Never fails: a machine without entropy does not start.
  func fill(_ bytes: UnsafeMutableRawBufferPointer)
}

/// Where log lines go.
public protocol Console: AnyObject {
  /// Writes whole lines, in order; may wait for the device.
  func write(_ bytes: RawSpan)
}

/// The memory that everything on a machine shares.
public protocol MemoryGauge: AnyObject {
  /// Whether so little is left that what peers hold of it has to be given back. Asked often, so it must be quick.
  var isScarce: Bool { get }
}

/// Something that runs blocking work away from the loop: a thread in a process, a fiber in an image.
///
/// Jobs run one at a time, in the order they were submitted.
public protocol Worker: AnyObject, Sendable {
  /// Queues `job`. May be called from any thread.
  func submit(_ job: @escaping @Sendable () -> Void)
}

/// A disk: `sectorCount` sectors of `sectorByteCount` bytes.
public protocol BlockDevice: AnyObject {
  /// Bytes in a sector; a power of two of at least 512.
  var sectorByteCount: Int { get }
  /// Sectors on the disk.
  var sectorCount: UInt64 { get }
  /// Reads `destination.count` bytes (whole sectors) from `sectorIndex` on.
  func read(at sectorIndex: UInt64, into destination: UnsafeMutableRawBufferPointer) throws(BlockError)
  /// Writes whole sectors. Durable only after a `flush` that follows.
  func write(at sectorIndex: UInt64, from source: RawSpan) throws(BlockError)
  /// Returns when everything written before is durable.
  func flush() throws(BlockError)
}

/// Why a disk said no.
public enum BlockError: Error, Equatable, Sendable {
  /// Beyond the last sector, or not whole sectors.
  case outOfRange
  /// The device reported an error.
  case failed
  /// The device cannot flush, so no write could ever be called durable.
  case unflushable
}
