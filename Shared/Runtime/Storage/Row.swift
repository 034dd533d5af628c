import CSQLite

/// A row of a result, lent to the closure that maps it; worthless afterwards.
///
/// Columns count from 0, in the order of the SELECT. Asking for a column that is not there traps, and so does
/// asking for a value where the column is NULL: declare NOT NULL or use the `optional…` forms.
public struct Row {
  let statement: OpaquePointer

  /// Columns of the result.
  public var columnCount: Int { Int(sqlite3_data_count(statement)) }

  /// Whether the column is NULL.
  public func isNull(_ column: Int) -> Bool {
    sqlite3_column_type(statement, index(column)) == SQLITE_NULL
  }

  /// A whole number.
  public func int(_ column: Int) -> Int64 {
    requireValue(column)
    return sqlite3_column_int64(statement, Int32(truncatingIfNeeded: column))
  }

  /// Whether a number is not 0.
  public func bool(_ column: Int) -> Bool { int(column) != 0 }

  /// A floating-point number.
  public func real(_ column: Int) -> Double {
    requireValue(column)
    return sqlite3_column_double(statement, Int32(truncatingIfNeeded: column))
  }

  /// Text. Copies it.
  public func text(_ column: Int) -> String {
    requireValue(column)
    let column = Int32(truncatingIfNeeded: column)
    // SQLite wants the text first, then its length; the memory is valid until the next step.
    guard let start = sqlite3_column_text(statement, column) else { return "" }
    let count = Int(sqlite3_column_bytes(statement, column))
    return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }

  /// Bytes. Copies them.
  public func blob(_ column: Int) -> [UInt8] {
    requireValue(column)
    let column = Int32(truncatingIfNeeded: column)
    // An empty blob has no address.
    guard let start = sqlite3_column_blob(statement, column) else { return [] }
    return [UInt8](UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
  }

  /// A whole number, or nil where the column is NULL.
  public func optionalInt(_ column: Int) -> Int64? { isNull(column) ? nil : int(column) }
  /// A floating-point number, or nil where the column is NULL.
  public func optionalReal(_ column: Int) -> Double? { isNull(column) ? nil : real(column) }
  /// Text, or nil where the column is NULL.
  public func optionalText(_ column: Int) -> String? { isNull(column) ? nil : text(column) }
  /// Bytes, or nil where the column is NULL.
  public func optionalBlob(_ column: Int) -> [UInt8]? { isNull(column) ? nil : blob(column) }

  private func index(_ column: Int) -> Int32 {
    precondition(column >= 0 && column < columnCount, "no such column in the result")
    return Int32(truncatingIfNeeded: column)
  }

  private func requireValue(_ column: Int) {
    precondition(!isNull(column), "NULL where the column was read as a value")
  }
}
