// https://sqlite.org/vfs.html and https://sqlite.org/c3ref/io_methods.html before changing this file.

import CSQLite
import Disk
import Platform

/// SQLite's operating system where a database has a disk of its own: one VFS for one database.
///
/// What it promises SQLite (https://sqlite.org/c3ref/c_iocap_atomic.html): nothing but that a flush is a flush. Not
/// `SQLITE_IOCAP_POWERSAFE_OVERWRITE`: a disk whose sectors of 512 bytes are parts of physical ones of 4096 may lose
/// all of those when the power goes, so SQLite begins every transaction of its log in a block of its own. Files other
/// than the database, its log and its journal are refused: temporary ones are in memory.
/// There is no shared memory and there are no locks: `locking_mode=EXCLUSIVE`, one connection.
public final class DiskVFS {
  /// The disk that the files are on.
  public let disk: Disk
  /// For randomness and the time of day, which SQLite asks for.
  private let entropy: any Entropy
  private let clock: any Clock
  private let vfs: UnsafeMutablePointer<sqlite3_vfs>
  private let methods: UnsafeMutablePointer<sqlite3_io_methods>
  private let storedName: UnsafeMutablePointer<CChar>
  private let nameByteCount = 24
  /// What SQLite's generator is seeded with.
  private static let randomKeyByteCount: Int32 = 32

  /// The database's name as SQLite is to hear it.
  public static var path: String { "/database" }
  private static var databaseName: StaticString { "/database" }
  private static var logSuffix: StaticString { "-wal" }
  private static var journalSuffix: StaticString { "-journal" }

  /// Registers a VFS; it is gone with the object, which has to outlive the connection.
  ///
  /// It needs no other VFS, and becomes SQLite's default where there is none.
  public init(_ disk: Disk, entropy: any Entropy, clock: any Clock) throws(StorageError) {
    self.disk = disk
    self.entropy = entropy
    self.clock = clock
    vfs = .allocate(capacity: 1)
    methods = .allocate(capacity: 1)
    storedName = .allocate(capacity: nameByteCount)
    methods.initialize(to: Self.makeMethods())
    vfs.initialize(to: Self.makeVFS())
    // Its own address is a name that nobody else has.
    var address = UInt(bitPattern: UnsafeRawPointer(vfs))
    let letters: StaticString = "souk-"
    var end = 0
    while end < letters.utf8CodeUnitCount {
      storedName[end] = CChar(bitPattern: letters.utf8Start[end])
      end += 1
    }
    while address > 0 {
      storedName[end] = CChar(bitPattern: UInt8(97 + address % 16))
      address /= 16
      end += 1
    }
    storedName[end] = 0
    vfs.pointee.zName = UnsafePointer(storedName)
    // Safe: not owned; the VFS is unregistered before this object goes.
    vfs.pointee.pAppData = Unmanaged.passUnretained(self).toOpaque()
    let code = sqlite3_vfs_register(vfs, 0)
    guard code == SQLITE_OK else { throw StorageError(code: code, database: nil) }
  }

  deinit {
    sqlite3_vfs_unregister(vfs)
    vfs.deallocate()
    methods.deallocate()
    storedName.deallocate()
  }

  /// What `sqlite3_open_v2` takes as the VFS's name.
  public var name: UnsafePointer<CChar> { UnsafePointer(storedName) }

  // MARK: The VFS

  private static func makeVFS() -> sqlite3_vfs {
    var vfs = sqlite3_vfs()
    vfs.iVersion = 2
    vfs.szOsFile = Int32(MemoryLayout<OpenFile>.size)
    vfs.mxPathname = 64
    vfs.xOpen = { vfs, name, file, flags, outFlags in
      // SQLite closes what it has opened when the method table is there, and only then.
      file!.pointee.pMethods = nil
      guard let kind = DiskVFS.kind(flags) else { return SQLITE_CANTOPEN }
      let this = DiskVFS.from(vfs)
      let diskFile = this.disk.file(kind)
      if !diskFile.exists {
        guard flags & SQLITE_OPEN_CREATE != 0 else { return SQLITE_CANTOPEN }
        diskFile.create()
      }
      // Safe: SQLite gives `szOsFile` bytes, which is OpenFile's size.
      UnsafeMutableRawPointer(file!).assumingMemoryBound(to: OpenFile.self).initialize(
        to: OpenFile(
          base: sqlite3_file(pMethods: UnsafePointer(this.methods)),
          disk: Unmanaged.passUnretained(this.disk),
          kind: kind))
      outFlags?.pointee = flags
      return SQLITE_OK
    }
    vfs.xDelete = { vfs, name, _ in
      let this = DiskVFS.from(vfs)
      // A name that is none of the three must not end as the database's.
      guard let kind = DiskVFS.kind(named: name!) else { return IOFailure.nothingToDelete }
      let file = this.disk.file(kind)
      guard file.exists else { return IOFailure.nothingToDelete }
      file.remove()
      // Whatever SQLite asks for: it happens when a database is opened or closed, and then it is certain.
      return this.disk.answer(IOFailure.delete) { (disk) throws(DiskError) in try disk.sync() }
    }
    vfs.xAccess = { vfs, name, _, result in
      let this = DiskVFS.from(vfs)
      let isThere = DiskVFS.kind(named: name!).map { this.disk.file($0).exists } ?? false
      result!.pointee = isThere ? 1 : 0
      return SQLITE_OK
    }
    vfs.xFullPathname = { _, name, capacity, output in
      var index = 0
      while name![index] != 0 {
        guard index + 1 < Int(capacity) else { return SQLITE_CANTOPEN }
        output![index] = name![index]
        index += 1
      }
      output![index] = 0
      return SQLITE_OK
    }
    // No libraries. SQLite was told not to ask (SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION).
    vfs.xDlOpen = { _, _ in nil }
    vfs.xDlError = { _, capacity, output in if capacity > 0 { output![0] = 0 } }
    vfs.xDlSym = { _, _, _ in nil }
    vfs.xDlClose = { _, _ in }
    vfs.xRandomness = { vfs, count, output in
      // Safe: SQLite gives `count` bytes, of zeros. It asks once, for the key (32 bytes), the counter and the nonce of
      // a ChaCha20 of its own (random.c): a random key is enough.
      let keyByteCount = min(count, DiskVFS.randomKeyByteCount)
      DiskVFS.from(vfs).entropy.fill(UnsafeMutableRawBufferPointer(start: output, count: Int(keyByteCount)))
      return keyByteCount
    }
    // Nothing here waits for anybody: there are no locks.
    vfs.xSleep = { _, _ in 0 }
    vfs.xCurrentTime = { vfs, output in
      output!.pointee = Double(DiskVFS.from(vfs).julianMilliseconds) / 86_400_000
      return SQLITE_OK
    }
    vfs.xCurrentTimeInt64 = { vfs, output in
      output!.pointee = DiskVFS.from(vfs).julianMilliseconds
      return SQLITE_OK
    }
    return vfs
  }

  /// Milliseconds since noon in Greenwich on November 24, 4714 BC: SQLite's time.
  private var julianMilliseconds: Int64 {
    clock.wallTime.nanosecondsSinceEpoch / 1_000_000 + 210_866_760_000_000
  }

  private static func from(_ vfs: UnsafeMutablePointer<sqlite3_vfs>?) -> DiskVFS {
    // Safe: set in `init`, and the object outlives the connection that calls.
    Unmanaged<DiskVFS>.fromOpaque(vfs!.pointee.pAppData).takeUnretainedValue()
  }

  /// The file that the flags of xOpen mean.
  private static func kind(_ flags: Int32) -> DiskFileKind? {
    if flags & SQLITE_OPEN_MAIN_DB != 0 { return .database }
    if flags & SQLITE_OPEN_WAL != 0 { return .log }
    if flags & SQLITE_OPEN_MAIN_JOURNAL != 0 { return .journal }
    return nil
  }

  /// The file of that name; nil for any other name, which is none of ours.
  private static func kind(named name: UnsafePointer<CChar>) -> DiskFileKind? {
    if ends(name, with: logSuffix) { return .log }
    if ends(name, with: journalSuffix) { return .journal }
    return ends(name, with: databaseName) ? .database : nil
  }

  private static func ends(_ name: UnsafePointer<CChar>, with suffix: StaticString) -> Bool {
    var count = 0
    while name[count] != 0 { count += 1 }
    guard count >= suffix.utf8CodeUnitCount else { return false }
    for index in 0..<suffix.utf8CodeUnitCount
    where UInt8(bitPattern: name[count - suffix.utf8CodeUnitCount + index]) != suffix.utf8Start[index] {
      return false
    }
    return true
  }
}
