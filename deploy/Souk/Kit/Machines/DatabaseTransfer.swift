import Glibc

extension DatabasePlace.Transfer {
  /// Bytes of a new disk. The file is sparse: it takes what is written to it.
  static let diskByteCount = 4 << 30

  static var disks: DatabasePlace.Transfer {
    DatabasePlace.Transfer(
      fileToDisk: { (file, _, service) throws(Failure) in
        throw Failure(
          "the \(service)'s database \(Files.shown(file)) cannot be moved to a disk yet: give another --data")
      },
      diskToFile: { (disk, _, service) throws(Failure) in
        throw Failure(
          "the \(service)'s disk \(Files.shown(disk)) cannot be moved to a file yet: give another --data")
      },
      makeDisk: { (disk, _) throws(Failure) in
        unlink(disk)
        let descriptor = open(disk, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, ftruncate(descriptor, diskByteCount) == 0 else {
          throw Failure("cannot make the disk \(Files.shown(disk)): \(String(cString: strerror(errno)))")
        }
      })
  }
}
