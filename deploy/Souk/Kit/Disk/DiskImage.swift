import Disk
import Glibc
import Machine
import Platform

/// What `souk disk` does with a disk, which is a file or a block device.
enum DiskImage {
  /// Makes the disk at `path` and returns its bytes. An existing one is replaced only with `force`.
  @discardableResult
  static func create(_ path: String, service: String, byteCount: Int?, force: Bool) throws(Failure) -> UInt64
  {
    var status = stat()
    let exists = lstat(path, &status) == 0
    let isBlockDevice = exists && status.st_mode & S_IFMT == S_IFBLK
    if isBlockDevice, byteCount != nil {
      throw Failure("\(Files.shown(path)) is a block device and has its size: leave out --size")
    }
    guard !exists || force else {
      throw Failure("\(Files.shown(path)) is there already: choose another path, or --force to replace it")
    }
    // Refuses one that a shop holds.
    if exists { _ = try device(path, writable: true) }
    if !isBlockDevice {
      try makeFile(path, byteCount: byteCount ?? defaultByteCount, isNew: !exists)
    }
    do throws(Failure) {
      let device = try device(path, writable: true)
      do throws(DiskError) {
        try Disk.format(device, service: service, id: DiskID(LinuxEntropy()))
      } catch {
        throw Failure("\(Files.shown(path)): \(error.advice)")
      }
      return device.sectorCount * UInt64(device.sectorByteCount)
    } catch {
      if !exists { unlink(path) }
      throw error
    }
  }

  /// Bytes of a disk for which no size is given.
  static let defaultByteCount = 64 << 20

  /// A file whose bytes are there, so that the computer's own full disk cannot come between later.
  private static func makeFile(_ path: String, byteCount: Int, isNew: Bool) throws(Failure) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | (isNew ? O_EXCL : 0), 0o600)
    guard descriptor >= 0 else { throw cannot("make", path, errno) }
    defer { close(descriptor) }
    var code: Int32 = 0
    if fchmod(descriptor, 0o600) != 0 || ftruncate(descriptor, 0) != 0 { code = errno }
    if code == 0 { code = posix_fallocate(descriptor, 0, byteCount) }
    guard code == 0 else {
      if isNew { unlink(path) }
      throw cannot("make", path, code)
    }
  }

  /// Copies the database on the disk at `path` into a new file. The disk is left as it is.
  static func export(_ path: String, to file: String, force: Bool) throws(Failure) {
    for suffix in ["", "-wal", "-journal", "-shm"] where Files.exists(file + suffix) {
      guard force else {
        throw Failure(
          "\(Files.shown(file + suffix)) is there already: choose another path, or --force to replace it")
      }
    }
    let disk = try overlaid(path)
    guard holdsDatabase(disk) else {
      throw Failure("\(Files.shown(path)) holds no database yet: its service has not run on it")
    }
    let partial = file + ".partial"
    unlink(partial)
    // SQLite makes files that others can read.
    let descriptor = open(partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw cannot("write", file, errno) }
    close(descriptor)
    do throws(Failure) {
      try copy(disk, shown: Files.shown(path), to: partial)
    } catch {
      for suffix in ["", "-journal", "-wal"] { unlink(partial + suffix) }
      throw error
    }
    // A log of what is replaced would be taken for one of the copy.
    for suffix in ["-wal", "-journal", "-shm"] { unlink(file + suffix) }
    guard rename(partial, file) == 0 else { throw cannot("write", file, errno) }
  }

  /// Makes the file at `file` the database of the disk at `path`, all at once: a power cut leaves the old one or the
  /// new one. A database that is there is replaced only with `force`. Returns the bytes of the database.
  @discardableResult
  static func `import`(_ file: String, to path: String, force: Bool) throws(Failure) -> Int {
    let disk = try self.disk(on: try device(path, writable: true), shown: Files.shown(path))
    guard force || !holdsDatabase(disk) else {
      throw Failure(
        "\(Files.shown(path)) holds a database already: use another disk, or --force to replace what it holds"
      )
    }
    guard Files.exists(file) else { throw Failure("there is no file \(Files.shown(file))") }
    var template = Array("/tmp/souk-import-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw cannot("make", "/tmp", errno) }
    // Safe: mkdtemp keeps the terminating zero.
    let folder = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    defer {
      for suffix in ["", "-journal", "-wal", "-shm"] { unlink(folder + "/copy" + suffix) }
      rmdir(folder)
    }
    // One file without a log, whatever the source was.
    do {
      let source = try SQLiteFile(reading: file)
      guard try source.rows("PRAGMA page_count") != ["0"] else {
        throw Failure("\(Files.shown(file)) is empty: there is no database in it")
      }
      let copy = try SQLiteFile(creating: folder + "/copy")
      try copy.copy(from: source)
      let problems = try copy.problems()
      guard problems.isEmpty else {
        throw Failure("\(Files.shown(file)) is damaged (\(problems[0])): import a backup that is sound")
      }
    }
    guard let bytes = Files.read(folder + "/copy") else { throw cannot("read", folder, errno) }
    do throws(DiskError) {
      try replaceDatabase(disk, with: bytes)
    } catch .full {
      throw Failure(
        "\(Files.shown(path)) has no room for \(Console.megabytes(bytes.count)) beside what it holds; nothing was "
          + "changed: make it larger, or make a new disk")
    } catch {
      throw Failure("\(Files.shown(path)): \(error.advice)")
    }
    return bytes.count
  }

  /// In other chunks than the old database's; the superblock that `sync` writes makes it the database.
  private static func replaceDatabase(_ disk: Disk, with bytes: [UInt8]) throws(DiskError) {
    for kind in DiskFileKind.allCases { disk.file(kind).remove() }
    let database = disk.file(.database)
    database.create()
    let needed = (bytes.count + DiskLayout.chunkByteCount - 1) / DiskLayout.chunkByteCount
    // Otherwise chunks of the old database would be made free on the way, with a superblock that has lost it.
    guard needed <= disk.unusedChunkCount else { throw .full }
    var failure: DiskError?
    // Safe: the pointer is used only during the call.
    bytes.withUnsafeBytes { bytes in
      do throws(DiskError) { try database.write(bytes, at: 0) } catch { failure = error }
    }
    if let failure { throw failure }
    try disk.sync()
  }

  /// Copies through SQLite: a transaction that was under way when the power went is undone in the copy.
  private static func copy(_ disk: Disk, shown: String, to file: String) throws(Failure) {
    let source = try SQLiteFile(on: disk, shown: shown)
    let problems = try source.problems()
    guard problems.isEmpty else {
      throw Failure(
        "\(shown): the database is damaged (\(problems[0])): keep a copy of the disk, and restore a backup")
    }
    try SQLiteFile(creating: file).copy(from: source)
  }

  // MARK: Opening

  /// The disk at `path` as it is, with all changes kept in memory.
  static func overlaid(_ path: String) throws(Failure) -> Disk {
    try disk(on: OverlayDevice(try device(path, writable: false)), shown: Files.shown(path))
  }

  /// Whether a service has run on it.
  static func holdsDatabase(_ disk: Disk) -> Bool {
    disk.file(.database).byteCount > 0 || disk.file(.log).byteCount > 0
  }

  private static func disk(on device: any BlockDevice, shown: String) throws(Failure) -> Disk {
    do throws(DiskError) {
      return try Disk(device)
    } catch {
      throw Failure("\(shown): \(error.advice)")
    }
  }

  /// The loop device behind which the file at `path` is, which no lock tells: a domain of Xen has it as its disk, or it
  /// is mounted. Nil when there is none. `system` is Linux's folder of block devices.
  static func loopDevice(of path: String, in system: String = "/sys/block") -> String? {
    guard let whole = realpath(path, nil) else { return nil }
    defer { free(whole) }
    return Files.names(in: system)?.first { name in
      name.hasPrefix("loop") && Files.text("\(system)/\(name)/loop/backing_file") == String(cString: whole)
    }
  }

  private static func device(_ path: String, writable: Bool) throws(Failure) -> FileBlockDevice {
    if let loop = loopDevice(of: path) {
      throw Failure(
        "\(Files.shown(path)) is in use, as /dev/\(loop): a domain of Xen has it, or it is mounted; stop that first"
      )
    }
    do throws(FileDeviceError) {
      return try FileBlockDevice(path: path, writable: writable)
    } catch {
      throw Failure("\(Files.shown(path)): \(error.advice)")
    }
  }

  private static func cannot(_ verb: String, _ path: String, _ code: Int32) -> Failure {
    Failure("cannot \(verb) \(Files.shown(path)): \(String(cString: strerror(code)))")
  }
}
