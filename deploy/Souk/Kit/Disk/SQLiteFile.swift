import CSQLite
import Disk
import Glibc
import Machine
import Storage

/// A database that a command looks at or copies: in a file, or on a disk.
final class SQLiteFile {
  private var database: OpaquePointer?
  /// Of a database on a disk: it outlives the connection.
  private let vfs: DiskVFS?
  private let shown: String
  /// The path of a log that was not there when the file was opened for reading.
  private var lonelyLog: String?

  /// Opens the file at `path`, which is left as it is: its log is read, not moved. `shown`: how to speak of it.
  convenience init(reading path: String) throws(Failure) {
    let hasLog = Files.exists(path + "-wal")
    try self.init(path, nil, SQLITE_OPEN_READWRITE, shown: Files.shown(path))
    if !hasLog { lonelyLog = path + "-wal" }
    // A log stays where it is when the file is closed.
    _ = souk_sqlite3_switch(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    // No -shm file, and nobody else meanwhile.
    _ = try rows("PRAGMA locking_mode = EXCLUSIVE")
    _ = try rows("SELECT count(*) FROM sqlite_schema")
  }

  /// A new file at `path`.
  convenience init(creating path: String) throws(Failure) {
    try self.init(path, nil, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, shown: Files.shown(path))
  }

  /// The database on `disk`, which SQLite may mend: an overlay, mostly.
  convenience init(on disk: Disk, shown: String) throws(Failure) {
    let vfs: DiskVFS
    do throws(StorageError) {
      vfs = try DiskVFS(disk, entropy: LinuxEntropy(), clock: LinuxClock())
    } catch {
      throw Failure("\(shown): \(error.advice)")
    }
    try self.init(DiskVFS.path, vfs, SQLITE_OPEN_READWRITE, shown: shown)
    // There is no shared memory for its log.
    _ = try rows("PRAGMA locking_mode = EXCLUSIVE")
    _ = try rows("SELECT count(*) FROM sqlite_schema")
  }

  private init(_ path: String, _ vfs: DiskVFS?, _ flags: Int32, shown: String) throws(Failure) {
    self.vfs = vfs
    self.shown = shown
    let code = sqlite3_open_v2(
      path, &database, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs?.name)
    guard code == SQLITE_OK else { throw failure(code) }
    _ = try rows("PRAGMA temp_store = MEMORY")
  }

  deinit {
    sqlite3_close_v2(database)
    // SQLite makes a log for a database in write-ahead mode, and was told to leave it.
    if let lonelyLog, Files.byteCount(lonelyLog) == 0 { unlink(lonelyLog) }
  }

  /// The first column of every row.
  func rows(_ sql: String) throws(Failure) -> [String] {
    var statement: OpaquePointer?
    var code = sqlite3_prepare_v2(database, sql, -1, &statement, nil)
    guard code == SQLITE_OK else { throw failure(code) }
    defer { sqlite3_finalize(statement) }
    var rows: [String] = []
    while true {
      code = sqlite3_step(statement)
      guard code == SQLITE_ROW else { break }
      rows.append(sqlite3_column_text(statement, 0).map { String(cString: $0) } ?? "")
    }
    guard code == SQLITE_DONE else { throw failure(code) }
    return rows
  }

  /// What is wrong with it; empty when it is sound.
  func problems() throws(Failure) -> [String] {
    let found = try rows("PRAGMA integrity_check(20)")
    return found == ["ok"] ? [] : found
  }

  /// Makes this a copy of `source`, page by page.
  func copy(from source: SQLiteFile) throws(Failure) {
    guard let backup = sqlite3_backup_init(database, "main", source.database, "main") else {
      throw failure(sqlite3_errcode(database))
    }
    let step = sqlite3_backup_step(backup, -1)
    let code = sqlite3_backup_finish(backup)
    guard step == SQLITE_DONE else { throw source.failure(step) }
    guard code == SQLITE_OK else { throw failure(code) }
  }

  private func failure(_ code: Int32) -> Failure {
    Failure("\(shown): \(StorageError(code: code, database: database).advice)")
  }
}
