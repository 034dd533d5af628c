// "Open file description locks" in fcntl(2), and QEMU's block/file-posix.c (raw_check_lock_bytes) before changing this
// file.
import Glibc
import Platform

/// A disk that is a file, or a block device of Linux's.
///
/// One process at a time: it is locked as long as the object lives, by flock(2) against others like this one, and by
/// fcntl(2) against QEMU, which does not look at the former. Grows when the file has grown, with
/// the next opening.
public final class FileBlockDevice: BlockDevice {
  public let sectorByteCount = 512
  public let sectorCount: UInt64
  /// Whether it may be written.
  public let isWritable: Bool
  private let descriptor: Int32

  /// Opens and locks the disk at `path`. A last part of a sector is not used.
  public init(path: String, writable: Bool = true) throws(FileDeviceError) {
    descriptor = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotOpen(errno) }
    isWritable = writable
    var status = stat()
    let isDisk =
      fstat(descriptor, &status) == 0
      && (status.st_mode & S_IFMT == S_IFREG || status.st_mode & S_IFMT == S_IFBLK)
    guard isDisk else {
      close(descriptor)
      throw .notADisk
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, Self.keepOutMachines(descriptor, writable) else {
      let reason = errno
      Self.release(descriptor)
      throw reason == EWOULDBLOCK ? .inUse : .cannotOpen(reason)
    }
    // Of a block device, too, which has no size in its `stat`.
    let byteCount = lseek(descriptor, 0, SEEK_END)
    guard byteCount >= 0 else {
      let reason = errno
      Self.release(descriptor)
      throw .cannotOpen(reason)
    }
    sectorCount = UInt64(byteCount) / 512
  }

  deinit { Self.release(descriptor) }

  /// Unlocks and closes. Closing alone would leave the locks to a process that is being started meanwhile: it has a copy
  /// of every descriptor until its exec.
  private static func release(_ descriptor: Int32) {
    flock(descriptor, LOCK_UN)
    var lock = flock()
    lock.l_whence = Int16(SEEK_SET)
    lock.l_type = Int16(F_UNLCK)
    _ = fcntl(descriptor, setFileLock, &lock)
    close(descriptor)
  }

  /// F_OFD_SETLK and F_OFD_GETLK (Linux's include/uapi/asm-generic/fcntl.h), which the C library shows only to GNU
  /// programs.
  private static var setFileLock: Int32 { 37 }
  private static var getFileLock: Int32 { 36 }

  /// QEMU holds read locks on single bytes while it has an image, and afterwards asks whether others hold any: a lock of
  /// the whole file keeps it out. False, with a reason in errno, when it was there before.
  private static func keepOutMachines(_ descriptor: Int32, _ isWritable: Bool) -> Bool {
    var lock = flock()
    lock.l_whence = Int16(SEEK_SET)
    // A write lock needs a descriptor that may write.
    lock.l_type = Int16(isWritable ? F_WRLCK : F_RDLCK)
    guard fcntl(descriptor, setFileLock, &lock) == 0 else { return false }
    // Read locks go together, so ask whether a write lock would have been possible.
    lock.l_type = Int16(F_WRLCK)
    guard fcntl(descriptor, getFileLock, &lock) == 0 else { return false }
    errno = EWOULDBLOCK
    return lock.l_type == Int16(F_UNLCK)
  }

  public func read(at sectorIndex: UInt64, into destination: UnsafeMutableRawBufferPointer) throws(BlockError)
  {
    var offset = try offset(sectorIndex, destination.count)
    var rest = destination
    while rest.count > 0 {
      let count = pread(descriptor, rest.baseAddress, rest.count, offset)
      if count < 0, errno == EINTR { continue }
      // 0: the file was cut meanwhile.
      guard count > 0 else { throw .failed }
      rest = UnsafeMutableRawBufferPointer(rebasing: rest[count...])
      offset += count
    }
  }

  public func write(at sectorIndex: UInt64, from source: RawSpan) throws(BlockError) {
    var offset = try offset(sectorIndex, source.byteCount)
    // Safe: the pointer is used only during the call.
    let isDone = source.withUnsafeBytes { bytes -> Bool in
      var rest = bytes
      while rest.count > 0 {
        let count = pwrite(descriptor, rest.baseAddress, rest.count, offset)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        offset += count
      }
      return true
    }
    guard isDone else { throw .failed }
  }

  /// fdatasync(2): the file's size never changes here, so its data is all there is.
  public func flush() throws(BlockError) {
    guard isWritable else { return }
    guard fdatasync(descriptor) == 0 else { throw .failed }
  }

  private func offset(_ sectorIndex: UInt64, _ byteCount: Int) throws(BlockError) -> Int {
    guard byteCount % sectorByteCount == 0, sectorIndex <= sectorCount,
      UInt64(byteCount / sectorByteCount) <= sectorCount - sectorIndex
    else { throw .outOfRange }
    return Int(sectorIndex) * sectorByteCount
  }
}

/// Why a file cannot be a disk.
public enum FileDeviceError: Error, Equatable, Sendable {
  /// open(2) or another call said no, with this errno.
  case cannotOpen(Int32)
  /// Another process has it.
  case inUse
  /// A folder, a terminal or the like.
  case notADisk

  /// What happened and what to do, after "PATH: ".
  public var advice: String {
    switch self {
    case .cannotOpen(ENOENT): "there is no such disk; `souk disk create` makes one"
    case .cannotOpen(let reason): "cannot be opened as a disk: " + String(cString: strerror(reason))
    case .inUse: "another process uses this disk: stop it (does a shop run on it?), then try again"
    case .notADisk: "is neither a file nor a block device"
    }
  }
}
