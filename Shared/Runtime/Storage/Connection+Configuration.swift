// https://sqlite.org/pragma.html, https://sqlite.org/wal.html and https://sqlite.org/security.html before
// changing this file.

import Bytes
import CSQLite

extension Connection {
  /// Makes the connection durable, exclusive and strict. Takes the lock that keeps other processes out.
  func configure(_ limits: StorageLimits) throws(StorageError) {
    for (option, on) in [
      (SQLITE_DBCONFIG_DEFENSIVE, 1), (SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0),
      (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0), (SQLITE_DBCONFIG_ENABLE_FKEY, 1), (SQLITE_DBCONFIG_DQS_DML, 0),
      (SQLITE_DBCONFIG_DQS_DDL, 0),
    ] as [(Int32, Int32)] {
      let code = souk_sqlite3_switch(database, option, on)
      guard code == SQLITE_OK else { throw error(code) }
    }
    sqlite3_limit(database, SQLITE_LIMIT_LENGTH, Int32(limits.maximumValueByteCount))
    sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0)

    // A file that may only be read is opened without an error.
    guard sqlite3_db_readonly(database, "main") == 0 else { throw .readOnly }

    isWritable = true
    defer { isWritable = false }
    // Before anything reads the file: then the log's index is in our memory and no -shm file is made, which is
    // also how WAL works on a disk without shared memory.
    _ = try pragma("locking_mode = EXCLUSIVE")
    guard try pragma("journal_mode = WAL") == "wal" else {
      throw .sql(code: SQLITE_ERROR, message: "cannot switch to write-ahead logging")
    }
    // FULL: the log is flushed before a COMMIT returns.
    _ = try pragma("synchronous = FULL")
    _ = try pragma("cell_size_check = ON")
    _ = try pragma("temp_store = MEMORY")
    _ = try pragma("cache_size = \(-limits.cacheKibibytes)")
    _ = try pragma("journal_size_limit = \(limits.maximumIdleLogByteCount)")
    // Instead of SQLite's own checkpoint inside COMMIT: the engine makes one once everybody is answered.
    sqlite3_wal_hook(
      database,
      { count, _, _, frameCount in
        count?.assumingMemoryBound(to: Int32.self).pointee = frameCount
        return SQLITE_OK
      }, walFrameCount)
    // Takes the lock now, not at the first request.
    try execute("BEGIN IMMEDIATE")
    try execute("ROLLBACK")
  }

  /// Looks through the file for damage: always while it is small, otherwise when the last run did not close it.
  func check(_ limits: StorageLimits) throws(StorageError) {
    var frameCount: Int32 = 0
    let code = sqlite3_wal_checkpoint_v2(database, nil, SQLITE_CHECKPOINT_PASSIVE, &frameCount, nil)
    // On a full disk the log stays where it is: what can be read and freed is worth more than a refusal.
    guard code == SQLITE_OK || code & 0xFF == SQLITE_FULL else { throw error(code) }
    let pageCount = try first("PRAGMA page_count") { $0.int(0) } ?? 0
    let pageByteCount = try first("PRAGMA page_size") { $0.int(0) } ?? 0
    guard frameCount > 0 || pageCount * pageByteCount <= limits.maximumCheckedByteCount else { return }
    guard try pragma("quick_check(1)") == "ok" else { throw .corrupt }
  }

  /// Moves the write-ahead log into the file.
  func checkpoint(truncating: Bool) -> StorageError? {
    let mode = truncating ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE
    let code = sqlite3_wal_checkpoint_v2(database, nil, mode, nil, nil)
    return code == SQLITE_OK ? nil : error(code)
  }

  /// Runs a PRAGMA and returns what it says.
  func pragma(_ text: String) throws(StorageError) -> String? {
    // Not cached: these run once.
    try once("PRAGMA " + text) { $0.columnCount > 0 ? $0.optionalText(0) : nil } ?? nil
  }
}
