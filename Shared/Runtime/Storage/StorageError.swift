import Bytes
import CSQLite
import Disk

/// Why the database said no.
public enum StorageError: Error, Equatable, Sendable {
  /// A row breaks a rule of the schema. The statement was undone.
  case constraint(Constraint)
  /// The disk is full.
  case full
  /// The file was damaged.
  case corrupt
  /// The file is something else.
  case notADatabase
  /// Reading, writing or flushing failed. After a write that answered this, nobody knows whether it is there.
  case io
  /// Another process has the database open.
  case locked
  /// The file or its folder cannot be written; or a `read` tried to write.
  case readOnly
  /// The file or its folder cannot be opened.
  case cannotOpen
  /// The database was written by a newer Souk.
  case newer(version: Int, known: Int)
  /// The disk cannot be used.
  case disk(DiskError)
  /// Too many operations wait (`StorageLimits.maximumQueueLength`): try again later.
  case overloaded
  /// The database was closed.
  case closed
  /// Anything else, with SQLite's extended code and message. Mostly a mistake in a statement.
  case sql(code: Int32, message: String)

  /// What somebody who runs the shop can do about it, in one sentence.
  public var advice: String {
    switch self {
    case .constraint: "The data contradicts itself; this is a mistake in Souk, please report it."
    case .full: "The disk is full: free some space, nothing that was answered is lost."
    case .corrupt:
      "The database is damaged: stop the shop, keep a copy of the file and its -wal, and restore a backup "
        + "or rescue it with `sqlite3 FILE .recover`."
    case .notADatabase: "The file is not a database: move it away or restore the right one."
    case .io: "The disk reported an error: look at `dmesg` and the health of the disk, then start again."
    case .locked:
      "Another process has the database open: stop it (is the shop running twice?), then try again."
    case .readOnly:
      "The database cannot be written: give this user write permission to the file and its folder."
    case .cannotOpen: "The database cannot be opened: does its folder exist, and may this user write to it?"
    case .newer(let version, let known):
      "The database has version \(version), this Souk knows up to \(known): use the newer Souk, or a backup."
    case .disk(let error): error.advice
    case .overloaded: "Too many requests wait for the database: try again in a moment."
    case .closed: "The service is stopping: try again in a moment."
    case .sql(let code, let message):
      "SQLite says \(message) (\(code)); this is a mistake in Souk, please report it."
    }
  }

  /// A word for logs.
  public var name: StaticString {
    switch self {
    case .constraint(let constraint): constraint.name
    case .full: "full"
    case .corrupt: "corrupt"
    case .notADatabase: "not a database"
    case .io: "input/output"
    case .locked: "locked"
    case .readOnly: "read-only"
    case .cannotOpen: "cannot open"
    case .newer: "newer"
    case .disk(let error): error.name
    case .overloaded: "overloaded"
    case .closed: "closed"
    case .sql: "sql"
    }
  }

  /// The error behind an extended result code (not SQLITE_OK, SQLITE_ROW, SQLITE_DONE).
  public init(code: Int32, database: OpaquePointer?) {
    switch code & 0xFF {
    case SQLITE_CONSTRAINT: self = .constraint(Constraint(code: code))
    case SQLITE_FULL: self = .full
    case SQLITE_CORRUPT: self = .corrupt
    case SQLITE_NOTADB: self = .notADatabase
    case SQLITE_IOERR: self = .io
    case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: self = .locked
    case SQLITE_READONLY: self = .readOnly
    case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH: self = .cannotOpen
    default:
      let message = database.flatMap { sqlite3_errmsg($0) } ?? sqlite3_errstr(code)
      self = .sql(code: code, message: message.map { String(cString: $0) } ?? "unknown error")
    }
  }
}

/// The kind of rule that a row broke.
public enum Constraint: Equatable, Sendable {
  /// A UNIQUE column or a primary key has that value already.
  case unique
  /// A FOREIGN KEY points nowhere, or something points at what was removed.
  case foreignKey
  /// A CHECK does not hold.
  case check
  /// A NOT NULL column has no value.
  case notNull
  /// A trigger raised.
  case trigger
  /// A value does not have the type of its STRICT column.
  case type
  /// Another rule.
  case other

  init(code: Int32) {
    // The extended codes are expressions in C, which Swift does not import: SQLITE_CONSTRAINT | n << 8.
    switch code >> 8 {
    case 6, 8, 10: self = .unique  // PRIMARYKEY, UNIQUE, ROWID
    case 3: self = .foreignKey
    case 1: self = .check
    case 5: self = .notNull
    case 7: self = .trigger
    case 12: self = .type  // DATATYPE
    default: self = .other
    }
  }

  /// A word for logs.
  public var name: StaticString {
    switch self {
    case .unique: "unique"
    case .foreignKey: "foreign key"
    case .check: "check"
    case .notNull: "not null"
    case .trigger: "trigger"
    case .type: "type"
    case .other: "constraint"
    }
  }
}
