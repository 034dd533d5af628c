import Bytes
import CSQLite

/// The database as a `read` or `write` body sees it: valid during the body, on the worker, never afterwards.
///
/// Bodies must not begin or end transactions; `Database` does.
public final class Connection {
  private(set) var database: OpaquePointer?
  private var cache: StatementCache
  /// Whether statements that write are allowed now.
  var isWritable = false
  /// Frames in the write-ahead log after the last commit; SQLite's hook writes here.
  let walFrameCount: UnsafeMutablePointer<Int32>
  /// The operating system of a database on a disk; nil for a file.
  private var vfs: DiskVFS?

  /// Opens the database of `source`, creates it if there is none, and sets nothing.
  init(_ source: DatabaseSource, limits: StorageLimits) throws(StorageError) {
    cache = StatementCache(capacity: limits.maximumStatementCount)
    walFrameCount = .allocate(capacity: 1)
    walFrameCount.pointee = 0
    // One connection, used by one job at a time: SQLite's own mutexes are not needed.
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let code: Int32
    switch source.location {
    case .file(let path):
      code = sqlite3_open_v2(path, &database, flags, nil)
    case .device(let device):
      let vfs = try DiskVFS(try source.disk(device), entropy: source.entropy, clock: source.clock)
      self.vfs = vfs
      code = sqlite3_open_v2(DiskVFS.path, &database, flags, vfs.name)
    }
    guard code == SQLITE_OK else {
      let error = StorageError(code: code, database: database)
      close()
      throw error
    }
  }

  deinit {
    close()
    walFrameCount.deallocate()
  }

  /// Closes the file. Statements after this trap.
  func close() {
    cache.removeAll()
    sqlite3_close_v2(database)
    database = nil
    // Lets go of the device, too: whoever opens it next finds it closed.
    vfs = nil
  }

  // MARK: Statements

  /// Runs one statement to its end and returns how many rows it inserted, updated or deleted.
  ///
  /// Statements are compiled once and kept by their text, so write texts that repeat: values go into `?`.
  @discardableResult
  public func execute(_ sql: String, _ values: [SQLValue] = []) throws(StorageError) -> Int {
    let statement = try begin(sql, values)
    defer { end(statement) }
    var code: Int32
    repeat { code = sqlite3_step(statement.pointer) } while code == SQLITE_ROW
    guard code == SQLITE_DONE else { throw error(code) }
    return statement.isReadOnly ? 0 : Int(sqlite3_changes64(database))
  }

  /// Every row of a SELECT (or of a RETURNING clause), mapped. Bound it with LIMIT: all rows are in memory.
  public func query<T>(
    _ sql: String, _ values: [SQLValue] = [], _ map: (Row) throws(StorageError) -> T
  ) throws(StorageError) -> [T] {
    let statement = try begin(sql, values)
    defer { end(statement) }
    let row = Row(statement: statement.pointer)
    var rows: [T] = []
    while true {
      let code = sqlite3_step(statement.pointer)
      if code == SQLITE_DONE { return rows }
      guard code == SQLITE_ROW else { throw error(code) }
      rows.append(try map(row))
    }
  }

  /// The first row of a SELECT, mapped; nil when there is none. A statement that writes (RETURNING) is still run
  /// to its end.
  public func first<T>(
    _ sql: String, _ values: [SQLValue] = [], _ map: (Row) throws(StorageError) -> T
  ) throws(StorageError) -> T? {
    let statement = try begin(sql, values)
    defer { end(statement) }
    var code = sqlite3_step(statement.pointer)
    guard code == SQLITE_ROW else {
      if code == SQLITE_DONE { return nil }
      throw error(code)
    }
    let value = try map(Row(statement: statement.pointer))
    if !statement.isReadOnly {
      repeat { code = sqlite3_step(statement.pointer) } while code == SQLITE_ROW
      guard code == SQLITE_DONE else { throw error(code) }
    }
    return value
  }

  /// The rowid of the row inserted last.
  public var lastInsertedRowID: Int64 { sqlite3_last_insert_rowid(database) }

  /// Runs statements separated by `;`, as migrations have them. Nothing is cached.
  func run(script: String) throws(StorageError) {
    precondition(database != nil, "the database is closed")
    let code = sqlite3_exec(database, script, nil, nil, nil)
    guard code == SQLITE_OK else { throw error(code) }
  }

  /// The first row of a statement that is compiled for this use only.
  func once<T>(_ sql: String, _ map: (Row) -> T) throws(StorageError) -> T? {
    let statement = try compile(sql, 0)
    let code = sqlite3_step(statement.pointer)
    guard code == SQLITE_ROW || code == SQLITE_DONE else { throw error(code) }
    return code == SQLITE_ROW ? map(Row(statement: statement.pointer)) : nil
  }

  // MARK: What Database needs

  /// Whether `close` was not called yet.
  var isOpen: Bool { database != nil }

  /// Whether no transaction is open. SQLite rolls back by itself after some errors (full disk, failed I/O).
  var isOutsideTransaction: Bool { sqlite3_get_autocommit(database) != 0 }

  /// Whether a deferred foreign key points nowhere: the COMMIT would fail.
  var hasDeferredViolation: Bool {
    var current: Int32 = 0
    var highest: Int32 = 0
    let code = sqlite3_db_status(database, SQLITE_DBSTATUS_DEFERRED_FKS, &current, &highest, 0)
    return code == SQLITE_OK && current != 0
  }

  /// Compiled statements that are kept.
  var cachedStatementCount: Int { cache.count }

  /// The error behind `code`.
  func error(_ code: Int32) -> StorageError { StorageError(code: code, database: database) }

  // MARK: Compiling

  private func begin(_ sql: String, _ values: [SQLValue]) throws(StorageError) -> Statement {
    let statement: Statement
    if let idle = cache.idle(sql) {
      statement = idle
    } else {
      statement = try compile(sql, SQLITE_PREPARE_PERSISTENT)
      cache.insert(statement, for: sql)
    }
    guard isWritable || statement.isReadOnly else { throw .readOnly }
    let code = statement.bind(values)
    guard code == SQLITE_OK else {
      let error = error(code)
      statement.reset()
      throw error
    }
    statement.isInUse = true
    return statement
  }

  private func end(_ statement: Statement) {
    statement.reset()
    statement.isInUse = false
  }

  private func compile(_ sql: String, _ flags: Int32) throws(StorageError) -> Statement {
    precondition(database != nil, "the database is closed")
    var text = sql
    var pointer: OpaquePointer?
    var isOne = true
    let code = text.withUTF8 { utf8 -> Int32 in
      guard let start = utf8.baseAddress else { return SQLITE_OK }
      return start.withMemoryRebound(to: CChar.self, capacity: utf8.count) { start in
        var tail: UnsafePointer<CChar>?
        let code = sqlite3_prepare_v3(
          database, start, Int32(utf8.count), UInt32(flags), &pointer, &tail)
        if let tail {
          let rest = UnsafeBufferPointer(start: tail, count: utf8.count - (tail - start))
          isOne = rest.allSatisfy { $0 == 0x20 || ($0 >= 0x09 && $0 <= 0x0D) }
        }
        return code
      }
    }
    guard code == SQLITE_OK else { throw error(code) }
    guard let pointer else { throw .sql(code: SQLITE_MISUSE, message: "an empty statement") }
    let statement = Statement(pointer)
    guard isOne else { throw .sql(code: SQLITE_MISUSE, message: "more than one statement in one text") }
    return statement
  }
}
