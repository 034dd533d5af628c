import CSQLite
import Testing

@testable import Storage

@Suite(.everywhere) struct GroupCommitTests {
  let bench = Bench()

  private func open(_ limits: StorageLimits = StorageLimits()) throws -> Database {
    try bench.open(limits: limits).get()
  }

  @Test func `writers that wait together are committed together`() throws {
    let database = try open()
    let slots = (0..<64).map { bench.insert("item \($0)", into: database) }
    bench.settle()
    #expect(bench.worker.waitingCount == 1)
    bench.finish()
    #expect(slots.map { try? $0.value?.get() } == (1...64).map(Int64.init))
    #expect(database.statistics.commits == 1)
    #expect(database.statistics.largestBatch == 64)
    bench.close(database)
  }

  @Test func `writers that come while the worker is busy share the next transaction`() throws {
    let database = try open()
    let first = bench.insert("first", into: database)
    bench.settle()
    let others = (0..<10).map { bench.insert("other \($0)", into: database) }
    bench.settle()
    #expect(bench.worker.waitingCount == 1 && database.queueLength == 10)
    #expect(first.value == nil)
    #expect(bench.worker.runNext())
    bench.settle()
    #expect(first.value != nil && others.allSatisfy { $0.value == nil })
    bench.finish()
    #expect(others.allSatisfy { $0.value?.failure == nil && $0.value != nil })
    #expect(database.statistics.commits == 2)
    bench.close(database)
  }

  @Test func `whoever writes again at once is in the next transaction with the others`() throws {
    let database = try open()
    let slots = (0..<8).map { writer in
      bench.start {
        for round in 0..<5 {
          _ = try? await database.write { (connection) throws(StorageError) in
            .commit(
              try connection.execute("INSERT INTO items (name) VALUES (?)", [.text("\(writer) \(round)")]))
          }
        }
      }
    }
    bench.finish()
    #expect(slots.allSatisfy { $0.value != nil })
    #expect(bench.names(database).count == 40)
    #expect(database.statistics.commits == 5)
    bench.close(database)
  }

  @Test func `a write that fails fails alone`() throws {
    let database = try open()
    let slots = ["a", "b", "a", "c"].map { bench.insert($0, into: database) }
    bench.finish()
    #expect(slots[2].value == .failure(.constraint(.unique)))
    #expect(slots[3].value == .success(3))
    #expect(bench.names(database) == ["a", "b", "c"])
    #expect(database.statistics.commits == 1 && database.statistics.undoneWrites == 1)
    bench.close(database)
  }

  @Test(arguments: [1, 2]) func `a rollback keeps its value and undoes all it did`(writers: Int) throws {
    let database = try open()
    if writers == 2 { _ = bench.insert("kept", into: database) }
    let slot = bench.write(database) { (connection) throws(StorageError) in
      try connection.execute("INSERT INTO items (name) VALUES ('x'), ('y')")
      return .rollback("not enough")
    }
    bench.finish()
    #expect(slot.value == .success("not enough"))
    #expect(bench.names(database) == (writers == 2 ? ["kept"] : []))
    bench.close(database)
  }

  @Test func `a write that throws half way leaves nothing`() throws {
    let database = try open()
    let slot = bench.write(database) { (connection) throws(StorageError) -> Outcome<Int> in
      try connection.execute("INSERT INTO items (name) VALUES ('x')")
      return .commit(try connection.execute("INSERT INTO items (name) VALUES ('x')"))
    }
    _ = bench.insert("kept", into: database)
    bench.finish()
    #expect(slot.value == .failure(.constraint(.unique)))
    #expect(bench.names(database) == ["kept"])
    bench.close(database)
  }

  @Test func `a write sees what those before it in its transaction left`() throws {
    let database = try open()
    _ = bench.insert("a", into: database)
    let count = bench.write(database) { (connection) throws(StorageError) in
      .commit(try connection.first("SELECT count(*) FROM items") { $0.int(0) })
    }
    bench.finish()
    #expect(count.value == .success(1))
    bench.close(database)
  }

  @Test func `reads are answered before the transaction they came with`() throws {
    let database = try open()
    let write = bench.insert("a", into: database)
    let read = bench.read(database) { (connection) throws(StorageError) in
      try connection.first("SELECT count(*) FROM items") { $0.int(0) }
    }
    bench.finish()
    #expect(write.value == .success(1))
    #expect(read.value == .success(0))
    bench.close(database)
  }

  @Test func `a read cannot write`() throws {
    let database = try open()
    let slot = bench.read(database) { (connection) throws(StorageError) in
      try connection.execute("DELETE FROM items")
    }
    bench.finish()
    #expect(slot.value == .failure(.readOnly))
    bench.close(database)
  }

  @Test func `a full queue refuses one more`() throws {
    var limits = StorageLimits()
    limits.maximumQueueLength = 3
    let database = try open(limits)
    let slots = (0..<4).map { bench.insert("\($0)", into: database) }
    bench.finish()
    #expect(slots[3].value == .failure(.overloaded))
    #expect(slots[..<3].allSatisfy { $0.value?.failure == nil })
    #expect(database.statistics.refusedOperations == 1)
    #expect(bench.names(database) == ["0", "1", "2"])
    bench.close(database)
  }

  @Test func `when the commit fails everybody in it gets the error`() throws {
    let database = try open()
    let before = bench.insert("before", into: database)
    bench.finish()
    let slots = ["a", "b"].map { bench.insert($0, into: database) }
    let rollback = bench.write(database) { (connection) throws(StorageError) -> Outcome<Int> in
      // A commit hook that answers 1 turns the COMMIT into a ROLLBACK.
      sqlite3_commit_hook(connection.database, { _ in 1 }, nil)
      return .rollback(7)
    }
    bench.finish()
    #expect(before.value == .success(1))
    for slot in slots { #expect(slot.value == .failure(.constraint(.other))) }
    #expect(rollback.value == .failure(.constraint(.other)))
    #expect(database.statistics.failedTransactions == 1)
    #expect(bench.console.lines.contains { $0.contains("database transaction failed") })
    let repair = bench.write(database) { (connection) throws(StorageError) in
      sqlite3_commit_hook(connection.database, nil, nil)
      return .rollback(0)
    }
    bench.finish()
    #expect(repair.value == .success(0))
    #expect(bench.names(database) == ["before"])
    let after = bench.insert("after", into: database)
    bench.finish()
    #expect(after.value?.failure == nil)
    bench.close(database)
  }

  @Test func `when SQLite gives the transaction up those before fail and those behind go on`() throws {
    let database = try open()
    let first = bench.insert("a", into: database)
    let culprit = bench.write(database) { (connection) throws(StorageError) in
      .commit(try connection.execute("INSERT OR ROLLBACK INTO items (name) VALUES ('a')"))
    }
    let last = bench.insert("b", into: database)
    bench.finish()
    #expect(first.value == .failure(.constraint(.unique)))
    #expect(culprit.value == .failure(.constraint(.unique)))
    #expect(last.value == .success(1))
    #expect(bench.names(database) == ["b"])
    bench.close(database)
  }

  @Test func `a full disk fails the write that filled it`() throws {
    let database = try open()
    let limit = bench.write(database) { (connection) throws(StorageError) in
      .rollback(try connection.first("PRAGMA max_page_count = 20") { $0.int(0) })
    }
    bench.finish()
    #expect(limit.value == .success(20))
    let small = bench.insert("small", into: database)
    let fat = bench.write(database) { (connection) throws(StorageError) in
      try connection.execute("CREATE TABLE fat (bytes BLOB)")
      return .commit(try connection.execute("INSERT INTO fat VALUES (zeroblob(1000000))"))
    }
    bench.finish()
    #expect(fat.value == .failure(.full))
    let after = bench.insert("after", into: database)
    bench.finish()
    #expect(after.value?.failure == nil)
    let names = bench.names(database)
    #expect(names == (small.value?.failure == nil ? ["small", "after"] : ["after"]))
    bench.close(database)
  }

  @Test func `a deferred foreign key that points nowhere fails its own write`() throws {
    let database = try open()
    let good = bench.insert("a", into: database)
    let bad = bench.write(database) { (connection) throws(StorageError) in
      .commit(try connection.execute("INSERT INTO later VALUES (99)"))
    }
    bench.finish()
    #expect(good.value == .success(1))
    #expect(bad.value == .failure(.constraint(.foreignKey)))
    let alone = bench.write(database) { (connection) throws(StorageError) in
      .commit(try connection.execute("INSERT INTO later VALUES (98)"))
    }
    bench.finish()
    #expect(alone.value == .failure(.constraint(.foreignKey)))
    bench.close(database)
  }

  @Test func `closing finishes what waits and refuses what comes later`() throws {
    let database = try open()
    let slot = bench.insert("a", into: database)
    let closing = bench.start { await database.close() }
    bench.settle()
    let late = bench.insert("b", into: database)
    bench.finish()
    #expect(slot.value == .success(1))
    #expect(closing.value != nil)
    #expect(late.value == .failure(.closed))
    let again = try open()
    #expect(bench.names(again) == ["a"])
    bench.close(again)
  }

  @Test func `a database that nobody holds closes itself`() throws {
    do { _ = try open() }
    bench.finish()
    let again = try open()
    bench.close(again)
  }
}
