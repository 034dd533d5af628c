/// A file on a disk: bytes 0..<byteCount. Keeps the disk.
public struct DiskFile {
  private let disk: Disk
  private let state: FileState

  init(_ disk: Disk, _ state: FileState) {
    self.disk = disk
    self.state = state
  }

  /// Whether it is there.
  public var exists: Bool { state.exists }

  /// Bytes in it.
  public var byteCount: Int64 { state.byteCount }

  /// Chunks that are its own.
  public var chunkCount: Int { state.chunkCount }

  /// Makes it exist, empty. Durable with `Disk.sync`.
  public func create() { state.create() }

  /// Makes it not exist. Durable with `Disk.sync`.
  public func remove() { state.remove() }

  /// Fills `destination` with what stands from `offset` on; returns how many bytes there were before the end. The
  /// rest of `destination` is left alone.
  ///
  /// Cost: whole sectors go straight to `destination`; other ranges are copied.
  public func read(at offset: Int64, into destination: UnsafeMutableRawBufferPointer) throws(DiskError) -> Int
  {
    try state.read(at: offset, into: destination)
  }

  /// Puts `source` at `offset`, growing the file. Durable with `Disk.sync`.
  ///
  /// Throws `full` before anything is changed when there is no chunk left. Cost: a copy; one write of the device for
  /// up to 64 KiB that follow one another.
  public func write(_ source: UnsafeRawBufferPointer, at offset: Int64) throws(DiskError) {
    try state.write(source, at: offset)
  }

  /// Cuts or extends it to `byteCount`; what is new is zeros. Durable with `Disk.sync`.
  public func truncate(to byteCount: Int64) throws(DiskError) { try state.truncate(to: byteCount) }
}
