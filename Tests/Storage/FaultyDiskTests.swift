import CSQLite
import Testing

@testable import Storage

/// What the disk answers from now on when the log is written or flushed. Set inside a body, on the worker.
private enum Fault {
  case none, flush, write
}

extension Connection {
  /// Replaces two methods of the log's file: SQLite's own test method, without a VFS of our own.
  fileprivate func breakLog(_ fault: Fault) {
    var pointer: UnsafeMutableRawPointer?
    precondition(
      sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &pointer) == SQLITE_OK)
    let file = pointer!.assumingMemoryBound(to: sqlite3_file.self)
    // The first call keeps the real methods' table right behind the changed copy; both stay for the test's time.
    let isBroken = file.pointee.pMethods.pointee.iVersion >= 100
    let real = isBroken ? file.pointee.pMethods[1] : file.pointee.pMethods.pointee
    let tables = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 2)
    var broken = real
    broken.iVersion = real.iVersion + 100
    switch fault {
    case .none: broken.iVersion = real.iVersion
    case .flush: broken.xSync = { _, _ in SQLITE_IOERR | 4 << 8 }  // SQLITE_IOERR_FSYNC
    case .write: broken.xWrite = { _, _, _, _ in SQLITE_FULL }
    }
    tables.initialize(to: broken)
    (tables + 1).initialize(to: real)
    file.pointee.pMethods = UnsafePointer(tables)
  }
}

@Suite(.everywhere) struct FaultyDiskTests {
  let bench = Bench()

  /// Joins the next transaction and changes the disk before it commits.
  private func set(_ fault: Fault, _ database: Database) -> Slot<Result<Int, StorageError>> {
    bench.write(database) { (connection) throws(StorageError) in
      connection.breakLog(fault)
      return .rollback(0)
    }
  }

  @Test(arguments: [false, true]) func `when the log cannot be flushed nobody is told that it was`(many: Bool)
    throws
  {
    let database = try bench.open().get()
    let before = bench.insert("before", into: database)
    bench.finish()
    #expect(before.value == .success(1))

    _ = set(.flush, database)
    bench.finish()
    let slots = (0..<(many ? 5 : 1)).map { bench.insert("lost \($0)", into: database) }
    bench.finish()
    for slot in slots { #expect(slot.value == .failure(.io)) }
    #expect(bench.console.lines.contains { $0.contains("failed\" reason=input/output") })
    #expect(bench.names(database) == ["before"])

    _ = set(.none, database)
    bench.finish()
    let after = bench.insert("after", into: database)
    bench.finish()
    #expect(after.value?.failure == nil && after.value != nil)
    #expect(bench.names(database) == ["before", "after"])
    bench.close(database)
    let again = try bench.open().get()
    #expect(bench.names(again) == ["before", "after"])
    bench.close(again)
  }

  @Test func `when the disk is full at the commit everybody is told, and later writers succeed`() throws {
    let database = try bench.open().get()
    _ = set(.write, database)
    bench.finish()
    let slots = ["a", "b"].map { bench.insert($0, into: database) }
    bench.finish()
    for slot in slots { #expect(slot.value == .failure(.full)) }
    _ = set(.none, database)
    bench.finish()
    let after = bench.insert("after", into: database)
    bench.finish()
    #expect(after.value == .success(1))
    #expect(bench.names(database) == ["after"])
    bench.close(database)
  }
}
