import Disk
import DiskSimulation
import Testing

@testable import Storage

@Suite struct DiskVFSTests {
  @Test func `work that wants temporary files is done in memory`() throws {
    let disk = SimulatedDisk.formatted(byteCount: 16 << 20)
    let bench = Bench(disk: disk)
    let database = try bench.open().get()
    let slot = bench.write(database) { (connection) throws(StorageError) in
      try connection.execute(
        """
        INSERT INTO items (name) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        SELECT 'item ' || i || hex(zeroblob(30)) FROM n
        """)
      // A savepoint undone, with more pages than a journal of a statement keeps in memory by default.
      try connection.execute("SAVEPOINT inner")
      try connection.execute("UPDATE items SET name = name || '!'")
      try connection.execute("ROLLBACK TO inner")
      try connection.execute("RELEASE inner")
      // A statement undone.
      do throws(StorageError) {
        try connection.execute("UPDATE items SET name = CASE WHEN id < 4000 THEN name || '?' ELSE 'same' END")
      } catch { guard error == .constraint(.unique) else { throw error } }
      let sorted = try connection.query("SELECT name FROM items ORDER BY substr(name, -70), name") {
        $0.text(0)
      }
      return .commit(sorted.count { $0.hasSuffix("0") })
    }
    bench.finish()
    #expect(slot.value == .success(5000))
    bench.close(database)
  }

  @Test func `a database that shrinks gives chunks back`() throws {
    let disk = SimulatedDisk.formatted(byteCount: 16 << 20)
    let connection = try Connection(
      DatabaseSource(
        location: .device(disk), service: "test", entropy: CountingEntropy(), clock: StoppedClock()),
      limits: StorageLimits())
    _ = try connection.pragma("auto_vacuum = FULL")
    try connection.configure(StorageLimits())
    connection.isWritable = true
    try connection.execute("CREATE TABLE pictures (bytes BLOB)")
    for _ in 0..<8 { try connection.execute("INSERT INTO pictures VALUES (zeroblob(300000))") }
    #expect(connection.checkpoint(truncating: true) == nil)
    let full = try Disk(SimulatedDisk(contents: disk.contents))
    #expect(full.file(.database).byteCount > 2_400_000)

    try connection.execute("DELETE FROM pictures")
    #expect(connection.checkpoint(truncating: true) == nil)
    connection.close()
    let small = try Disk(disk)
    #expect(small.file(.database).byteCount < 50_000 && small.freeChunkCount == small.chunkCount - 1)
  }

  @Test func `SQLite's time of day is the machine's`() throws {
    let bench = Bench(.disk)
    let database = try bench.open().get()
    let slot = bench.read(database) { (connection) throws(StorageError) in
      try connection.first("SELECT unixepoch('now')") { $0.int(0) }
    }
    bench.finish()
    #expect(slot.value == .success(StoppedClock().wallTime.secondsSinceEpoch))
    bench.close(database)
  }

  @Test func `many databases on disks of their own are open at once`() throws {
    let benches = (0..<8).map { _ in Bench(.disk) }
    let databases = try benches.map { try $0.open().get() }
    for (number, (bench, database)) in zip(benches, databases).enumerated() {
      for index in 0...number { _ = bench.insert("\(index)", into: database) }
      bench.finish()
    }
    for (number, (bench, database)) in zip(benches, databases).enumerated() {
      #expect(bench.names(database) == (0...number).map(String.init))
      bench.close(database)
    }
  }
}
