import CSQLite

/// A compiled statement. Used by one caller at a time (`isInUse`); finalised with the object.
final class Statement {
  let pointer: OpaquePointer
  /// Whether it changes nothing in the file.
  let isReadOnly: Bool
  /// Whether somebody steps it. A second use of the same text meanwhile gets its own statement.
  var isInUse = false
  /// The cache's clock at the last use.
  var lastUse: UInt64 = 0

  /// Takes over `pointer`.
  init(_ pointer: OpaquePointer) {
    self.pointer = pointer
    isReadOnly = sqlite3_stmt_readonly(pointer) != 0
  }

  deinit { sqlite3_finalize(pointer) }

  /// Gives every `?` its value. Texts and blobs are copied.
  func bind(_ values: [SQLValue]) -> Int32 {
    precondition(
      Int(sqlite3_bind_parameter_count(pointer)) == values.count, "as many values as the statement has `?`")
    var index: Int32 = 0
    for value in values {
      index += 1
      let code: Int32
      switch value {
      case .null: code = sqlite3_bind_null(pointer, index)
      case .integer(let number): code = sqlite3_bind_int64(pointer, index, number)
      case .real(let number): code = sqlite3_bind_double(pointer, index, number)
      case .text(var text):
        code = text.withUTF8 { utf8 in
          // An empty text must not come as a null pointer, which would be NULL.
          guard let start = utf8.baseAddress, utf8.count > 0 else {
            return souk_sqlite3_bind_text(pointer, index, "", 0)
          }
          return start.withMemoryRebound(to: CChar.self, capacity: utf8.count) {
            souk_sqlite3_bind_text(pointer, index, $0, UInt64(utf8.count))
          }
        }
      case .blob(let bytes):
        code = bytes.withUnsafeBytes { bytes in
          bytes.count == 0
            ? sqlite3_bind_zeroblob(pointer, index, 0)
            : souk_sqlite3_bind_blob(pointer, index, bytes.baseAddress, UInt64(bytes.count))
        }
      }
      guard code == SQLITE_OK else { return code }
    }
    return SQLITE_OK
  }

  /// Ready for the next use; the values are forgotten, so no blob outlives its request.
  func reset() {
    sqlite3_reset(pointer)
    sqlite3_clear_bindings(pointer)
  }
}

/// The statements compiled so far, by their text. Bounded: the one unused for longest makes room.
struct StatementCache {
  private var statements: [String: Statement] = [:]
  private var clock: UInt64 = 0
  let capacity: Int

  init(capacity: Int) {
    precondition(capacity > 0)
    self.capacity = capacity
  }

  var count: Int { statements.count }

  /// The statement with that text, unless it is in use.
  mutating func idle(_ sql: String) -> Statement? {
    guard let statement = statements[sql], !statement.isInUse else { return nil }
    clock += 1
    statement.lastUse = clock
    return statement
  }

  /// Keeps a statement for `idle`, unless one with its text is there.
  mutating func insert(_ statement: Statement, for sql: String) {
    guard statements[sql] == nil else { return }
    if statements.count >= capacity { evict() }
    clock += 1
    statement.lastUse = clock
    statements[sql] = statement
  }

  mutating func removeAll() { statements.removeAll() }

  /// Cost: O(capacity), only when a new text comes to a full cache.
  private mutating func evict() {
    var oldest: (sql: String, lastUse: UInt64)?
    for (sql, statement) in statements where !statement.isInUse {
      if let known = oldest, known.lastUse <= statement.lastUse { continue }
      oldest = (sql, statement.lastUse)
    }
    if let oldest { statements[oldest.sql] = nil }
  }
}
