import Disk
import DiskSimulation
import EventLoop
import Foundation
import Log
import Platform
import Synchronization
import Testing

@testable import Storage

/// A loop whose turns the test takes, and a worker whose jobs the test runs: all on the test's thread, so every
/// interleaving is the test's own.
final class Bench {
  let driver = ManualDriver()
  let loop: EventLoop
  let worker = ManualWorker()
  let console = RecordingConsole()
  let log: Logger
  let folder = TemporaryFolder()
  var path: String { folder.path + "/shop.db" }
  /// Where the database is, unless the test says otherwise.
  let location: DatabaseLocation
  /// The disk under it, if it is on one.
  let disk: SimulatedDisk?
  /// For the randomness that SQLite asks a disk's VFS for.
  let entropy = CountingEntropy()

  /// Where the test's trait says.
  convenience init() { self.init(Place.current) }

  convenience init(_ place: Place) {
    switch place {
    case .file: self.init(disk: nil)
    case .disk: self.init(disk: .formatted())
    }
  }

  /// On `disk`, or in a file.
  init(disk: SimulatedDisk?) {
    self.disk = disk
    location = disk.map { .device($0) } ?? .file(path: folder.path + "/shop.db")
    let clock = StoppedClock()
    loop = EventLoop(driver: driver, clock: clock)
    log = Logger(service: "test", level: .debug, format: .logfmt, console: console, clock: clock)
  }

  /// Starts a task; its result appears in the returned slot once it is done.
  func start<T>(_ body: @escaping () async -> T) -> Slot<T> {
    let slot = Slot<T>()
    loop.spawn { slot.value = await body() }
    return slot
  }

  /// Runs every task as far as it comes without the worker.
  func settle() {
    repeat { loop.turn() } while driver.hasJobs
  }

  /// Runs everything to its end.
  func finish() {
    repeat { settle() } while worker.runNext()
  }

  /// Runs `body` to its end.
  func run<T>(_ body: @escaping () async -> T) -> T {
    let slot = start(body)
    finish()
    return slot.value!
  }

  func open(
    _ path: String? = nil, migrations: [Migration] = [items], limits: StorageLimits = StorageLimits()
  ) -> Result<Database, StorageError> {
    run { [self] () async -> Result<Database, StorageError> in
      do throws(StorageError) {
        return .success(
          try await Database.open(
            path.map { .file(path: $0) } ?? location, service: "test", migrations: migrations, worker: worker,
            loop: loop, entropy: entropy, log: log, limits: limits))
      } catch {
        return .failure(error)
      }
    }
  }

  /// Starts `database.write` of one row.
  func insert(_ name: String, into database: Database) -> Slot<Result<Int64, StorageError>> {
    write(database) { connection throws(StorageError) in
      try connection.execute("INSERT INTO items (name) VALUES (?)", [.text(name)])
      return .commit(connection.lastInsertedRowID)
    }
  }

  func write<T: Sendable>(
    _ database: Database, _ body: @escaping @Sendable (Connection) throws(StorageError) -> Outcome<T>
  ) -> Slot<Result<T, StorageError>> {
    start {
      do throws(StorageError) { return .success(try await database.write(body)) } catch {
        return .failure(error)
      }
    }
  }

  func read<T: Sendable>(
    _ database: Database, _ body: @escaping @Sendable (Connection) throws(StorageError) -> T
  ) -> Slot<Result<T, StorageError>> {
    start {
      do throws(StorageError) { return .success(try await database.read(body)) } catch {
        return .failure(error)
      }
    }
  }

  /// The names in the table, in order of insertion.
  func names(_ database: Database) -> [String] {
    let slot = read(database) { (connection) throws(StorageError) in
      try connection.query("SELECT name FROM items ORDER BY id") { $0.text(0) }
    }
    finish()
    return (try? slot.value?.get()) ?? ["could not read"]
  }

  func close(_ database: Database) { run { await database.close() } }
}

/// The schema of these tests.
let items = Migration(
  version: 1,
  sql: """
    CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, CHECK (length(name) < 100)) STRICT;
    CREATE TABLE parts (item INTEGER NOT NULL REFERENCES items, part INTEGER NOT NULL) STRICT;
    CREATE TABLE pictures (name TEXT NOT NULL, bytes BLOB NOT NULL) STRICT;
    CREATE TABLE later (item INTEGER NOT NULL REFERENCES items DEFERRABLE INITIALLY DEFERRED) STRICT;
    """)

final class Slot<T> {
  var value: T?
}

final class ManualDriver: LoopDriver, TaskExecutor {
  private let jobs = Mutex<[UnownedJob]>([])

  var hasJobs: Bool { jobs.withLock { !$0.isEmpty } }

  func start(_ body: @escaping () async -> Void) {
    // Every job of the task runs on the test's thread.
    nonisolated(unsafe) let body = body
    _ = Task.detached(executorPreference: self) { await body() }
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    jobs.withLock { $0.append(job) }
  }

  func runJobs() -> Bool {
    let ready = jobs.withLock { jobs in
      defer { jobs = [] }
      return jobs
    }
    for job in ready { job.runSynchronously(on: asUnownedTaskExecutor()) }
    return hasJobs
  }

  func poll(until deadline: Instant) {}
}

/// Keeps jobs until the test runs them.
final class ManualWorker: Worker {
  private let jobs = Mutex<[@Sendable () -> Void]>([])

  var waitingCount: Int { jobs.withLock { $0.count } }

  func submit(_ job: @escaping @Sendable () -> Void) { jobs.withLock { $0.append(job) } }

  /// Runs the oldest job; false when there is none.
  func runNext() -> Bool {
    let job = jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    job?()
    return job != nil
  }
}

final class StoppedClock: Platform.Clock {
  var now: Platform.Instant { Platform.Instant(nanoseconds: 1) }
  var wallTime: WallTime { WallTime(secondsSinceEpoch: 1_795_452_628) }
}

/// Bytes that count up: all that is asked of them is that they differ.
final class CountingEntropy: Entropy {
  private var next: UInt8 = 0
  func fill(_ bytes: UnsafeMutableRawBufferPointer) {
    for index in bytes.indices {
      bytes[index] = next
      next &+= 1
    }
  }
}

extension SimulatedDisk {
  /// An empty disk of the service "test".
  static func formatted(byteCount: Int = 4 << 20, sectorByteCount: Int = 512) -> SimulatedDisk {
    let disk = SimulatedDisk(byteCount: byteCount, sectorByteCount: sectorByteCount)
    try! Disk.format(disk, service: "test", id: DiskID(CountingEntropy()))
    return disk
  }
}

final class RecordingConsole: Console {
  var lines: [String] = []
  func write(_ bytes: RawSpan) {
    lines.append(bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
  }
}

/// A folder that goes when the test does.
final class TemporaryFolder {
  let path: String

  init() {
    path = FileManager.default.temporaryDirectory.path + "/souk-storage-\(UUID().uuidString)"
    try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

extension Result {
  var failure: Failure? {
    if case .failure(let error) = self { error } else { nil }
  }
}
