import CSQLite

/// The worker's half of a database: runs batches of operations on the one connection.
final class Engine {
  let connection: Connection

  /// Opens, checks and migrates.
  init(_ source: DatabaseSource, migrations: [Migration], limits: StorageLimits) throws(StorageError) {
    connection = try Connection(source, limits: limits)
    do throws(StorageError) {
      try connection.configure(limits)
      try connection.check(limits)
      connection.isWritable = true
      try connection.migrate(migrations)
      connection.isWritable = false
    } catch {
      connection.close()
      throw error
    }
  }

  /// Moves the log into the file and closes it. Nothing is lost when that fails: the log stays.
  func close() {
    guard connection.isOpen else { return }
    _ = connection.checkpoint(truncating: true)
    connection.close()
  }

  /// Runs reads, one after the other.
  func run(reads: [Operation]) {
    for operation in reads {
      _ = operation.run(on: connection)
      precondition(connection.isOutsideTransaction, "a body began a transaction")
    }
  }

  /// Runs writes in one transaction, or in more where SQLite gives one up.
  func run(writes: [Operation]) -> BatchReport {
    var report = BatchReport()
    connection.isWritable = true
    var rest = writes[...]
    while !rest.isEmpty { runTransaction(&rest, &report) }
    connection.isWritable = false
    report.walFrameCount = Int(connection.walFrameCount.pointee)
    return report
  }

  /// Moves the log into the file.
  func checkpoint() -> StorageError? { connection.checkpoint(truncating: false) }

  // MARK: One transaction

  /// Runs writes in one transaction: all of `rest`, or those up to the one at which SQLite gave the transaction
  /// up. Takes them off `rest`.
  private func runTransaction(_ rest: inout ArraySlice<Operation>, _ report: inout BatchReport) {
    var members = rest
    var kept = 0
    var failure: StorageError?
    do throws(StorageError) {
      try connection.execute("BEGIN IMMEDIATE")
      if rest.count == 1 {
        kept = runAlone(members[members.startIndex])
      } else {
        for index in rest.indices {
          if runInSavepoint(rest[index]) { kept += 1 }
          guard connection.isOutsideTransaction else { continue }
          // SQLite rolled everything back (full disk, failed I/O, no memory): those up to here fail with it.
          members = rest[...index]
          throw rest[index].failure ?? .sql(code: SQLITE_ABORT, message: "a body ended the transaction")
        }
      }
      if connection.isOutsideTransaction {
        if let lost = members[members.startIndex].failure { throw lost }
        throw .sql(code: SQLITE_ABORT, message: "a body ended the transaction")
      }
      try connection.execute(kept == 0 ? "ROLLBACK" : "COMMIT")
    } catch {
      failure = error
      if !connection.isOutsideTransaction { _ = try? connection.execute("ROLLBACK") }
    }

    rest = rest[members.endIndex...]
    if let failure {
      for member in members { member.fail(failure) }
      report.failure = failure
      report.failedTransactions += 1
      kept = 0
    } else if kept > 0 {
      report.commits += 1
    }
    report.committedWrites += kept
    report.undoneWrites += members.count - kept
  }

  /// The transaction is this write's own: no savepoint needed. Returns how many writes are to be committed.
  private func runAlone(_ operation: Operation) -> Int {
    operation.run(on: connection) && !failsDeferred(operation) ? 1 : 0
  }

  /// Runs a write so that it can be undone alone. Returns whether it is to be committed.
  private func runInSavepoint(_ operation: Operation) -> Bool {
    do throws(StorageError) {
      try connection.execute("SAVEPOINT member")
    } catch {
      operation.fail(error)
      return false
    }
    let isKept = operation.run(on: connection) && !failsDeferred(operation)
    guard !connection.isOutsideTransaction else { return false }
    do throws(StorageError) {
      if !isKept { try connection.execute("ROLLBACK TO member") }
      try connection.execute("RELEASE member")
      return isKept
    } catch {
      // The savepoint could not be closed, so nobody's changes are certain: give the transaction up.
      operation.fail(error)
      _ = try? connection.execute("ROLLBACK")
      return false
    }
  }

  /// A deferred foreign key that points nowhere would fail the COMMIT, and with it everybody: find it before.
  private func failsDeferred(_ operation: Operation) -> Bool {
    guard connection.hasDeferredViolation else { return false }
    operation.fail(.constraint(.foreignKey))
    return true
  }
}
