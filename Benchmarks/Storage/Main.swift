// What a write and a read through Database cost, next to SQLite used directly by one thread in the same folder:
// the difference is the hops, the queue and the savepoints.

import CSQLite
import EventLoop
import Foundation
import Log
import Machine
import Platform
import Storage

let seconds = 2.0
/// The folder to measure in: the first argument, or the current one. On a tmpfs a flush costs nothing.
let folder =
  (CommandLine.arguments.dropFirst().first ?? FileManager.default.currentDirectoryPath)
  + "/.storage-benchmark-\(getpid())"
let schema = "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price INTEGER NOT NULL) STRICT"
let insertion = "INSERT INTO items (name, price) VALUES (?, ?)"
let selection = "SELECT name, price FROM items WHERE id = ?"

@main
enum StorageBenchmark {
  static func main() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    print("operation                          writers      per second     mean µs   writes/commit")
    for perTransaction in [1, 8, 64] { bareWrites(perTransaction: perTransaction) }
    for writers in [1, 8, 64, 256] { measure(writers: writers, isWrite: true) }
    bareReads()
    for readers in [1, 8, 64] { measure(writers: readers, isWrite: false) }
  }

  static func report(_ name: String, _ writers: Int, _ count: Int, _ elapsed: Double, _ batch: Double?) {
    let rate = Double(count) / elapsed
    print(
      name.padding(toLength: 32, withPad: " ", startingAt: 0)
        + String(format: "%10d %15.0f %11.1f", writers, rate, Double(writers) / rate * 1e6)
        + (batch.map { String(format: "%16.1f", $0) } ?? ""))
  }

  // MARK: SQLite by itself

  static func withBareDatabase(_ body: (OpaquePointer) -> Void) {
    var database: OpaquePointer?
    let path = folder + "/bare.db"
    for suffix in ["", "-wal"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nil)
    sqlite3_exec(
      database,
      "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; " + schema, nil, nil,
      nil)
    body(database!)
    sqlite3_close_v2(database)
  }

  static func prepare(_ database: OpaquePointer, _ sql: String) -> OpaquePointer {
    var statement: OpaquePointer?
    precondition(sqlite3_prepare_v2(database, sql, -1, &statement, nil) == SQLITE_OK)
    return statement!
  }

  static func bareWrites(perTransaction: Int) {
    withBareDatabase { database in
      let statements = ["BEGIN IMMEDIATE", insertion, "COMMIT"].map { prepare(database, $0) }
      let clock = LinuxClock()
      let start = clock.now
      var count = 0
      var elapsed = 0.0
      repeat {
        sqlite3_step(statements[0])
        sqlite3_reset(statements[0])
        for _ in 0..<perTransaction {
          sqlite3_bind_text(statements[1], 1, "a product of the shop", 21, nil)
          sqlite3_bind_int64(statements[1], 2, Int64(count))
          sqlite3_step(statements[1])
          sqlite3_reset(statements[1])
          count += 1
        }
        sqlite3_step(statements[2])
        sqlite3_reset(statements[2])
        elapsed = Double((clock.now - start).nanoseconds) / 1e9
      } while elapsed < seconds
      report("write, SQLite alone", perTransaction, count, elapsed, Double(perTransaction))
      for statement in statements { sqlite3_finalize(statement) }
    }
  }

  static func bareReads() {
    withBareDatabase { database in
      let insert = prepare(database, insertion)
      for number in 0..<1000 {
        sqlite3_bind_text(insert, 1, "a product of the shop", 21, nil)
        sqlite3_bind_int64(insert, 2, Int64(number))
        sqlite3_step(insert)
        sqlite3_reset(insert)
      }
      sqlite3_finalize(insert)
      let select = prepare(database, selection)
      let clock = LinuxClock()
      let start = clock.now
      var count = 0
      var elapsed = 0.0
      repeat {
        for _ in 0..<100 {
          sqlite3_bind_int64(select, 1, Int64(count % 1000) + 1)
          sqlite3_step(select)
          precondition(sqlite3_column_int64(select, 1) == Int64(count % 1000))
          sqlite3_reset(select)
          count += 1
        }
        elapsed = Double((clock.now - start).nanoseconds) / 1e9
      } while elapsed < seconds
      report("read, SQLite alone", 1, count, elapsed, nil)
      sqlite3_finalize(select)
    }
  }

  // MARK: Through Database

  static func measure(writers: Int, isWrite: Bool) {
    let clock = LinuxClock()
    let loop = EventLoop(driver: EpollDriver(), clock: clock)
    let log = Logger(
      service: "benchmark", level: .warning, format: .logfmt, console: StandardError(), clock: clock)
    let worker = WorkerThread()
    loop.spawn {
      do throws(StorageError) {
        let path = folder + "/\(isWrite ? "write" : "read")-\(writers).db"
        let database = try await Database.open(
          .file(path: path), service: "benchmark", migrations: [Migration(version: 1, sql: schema)],
          worker: worker, loop: loop, entropy: LinuxEntropy(), log: log)
        if !isWrite {
          try await database.write { (connection) throws(StorageError) in
            for number in 0..<1000 {
              try connection.execute(insertion, ["a product of the shop", SQLValue(number)])
            }
            return .commit(())
          }
        }
        let run = Run(loop: loop, database: database, clock: clock, writers: writers)
        for _ in 0..<writers {
          loop.spawn { isWrite ? await run.write() : await run.read() }
        }
        await run.done.wait()
        let elapsed = Double((clock.now - run.start).nanoseconds) / 1e9
        let statistics = database.statistics
        report(
          (isWrite ? "write" : "read") + ", Database", writers, run.count, elapsed,
          isWrite ? Double(statistics.committedWrites) / Double(statistics.commits) : nil)
        await database.close()
      } catch {
        print("failed: \(error.advice)")
      }
      loop.stop()
    }
    loop.run()
    worker.stop()
  }
}

/// Tasks that write or read until the time is over.
final class Run {
  let loop: EventLoop
  let database: Database
  let start: Platform.Instant
  let done = Signal()
  var count = 0
  private var running: Int

  init(loop: EventLoop, database: Database, clock: LinuxClock, writers: Int) {
    self.loop = loop
    self.database = database
    running = writers
    start = clock.now
  }

  private var isOver: Bool { loop.now - start >= .seconds(seconds) }

  private func finish() {
    running -= 1
    if running == 0 { done.notify() }
  }

  func write() async {
    while !isOver {
      let price = Int64(count)
      do throws(StorageError) {
        _ = try await database.write { (connection) throws(StorageError) in
          .commit(try connection.execute(insertion, ["a product of the shop", .integer(price)]))
        }
      } catch {
        fatalError(error.advice)
      }
      count += 1
    }
    finish()
  }

  func read() async {
    while !isOver {
      let id = Int64(count % 1000)
      do throws(StorageError) {
        let price = try await database.read { (connection) throws(StorageError) in
          try connection.first(selection, [.integer(id + 1)]) { $0.int(1) }
        }
        precondition(price == id)
      } catch {
        fatalError(error.advice)
      }
      count += 1
    }
    finish()
  }
}
