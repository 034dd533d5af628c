import EventLoop
import Log
import Platform
import _Concurrency

/// The limits of a database; reaching one has a defined answer.
public struct StorageLimits: Sendable {
  /// Operations that may wait; one more gets `.overloaded`.
  public var maximumQueueLength = 1024
  /// Compiled statements that are kept.
  public var maximumStatementCount = 128
  /// Pages in the write-ahead log after which it is moved into the file (a page has 4 KiB).
  public var checkpointFrameCount = 1000
  /// Bytes that the write-ahead log may keep on disk once it was moved.
  public var maximumIdleLogByteCount = 16 << 20
  /// Bytes of file up to which every open checks the whole file; a larger one is checked only after a crash.
  public var maximumCheckedByteCount: Int64 = 64 << 20
  /// KiB of pages kept in memory.
  public var cacheKibibytes = 4096
  /// Bytes of one row, text, blob or statement.
  public var maximumValueByteCount = 64 << 20

  /// The usual ones.
  public init() {}
}

/// How a `write` body ends when it does not throw.
public enum Outcome<T> {
  /// Keep the changes and return the value once they are durable.
  case commit(T)
  /// Undo the changes of this body, and return the value.
  case rollback(T)
}

extension Outcome: Sendable where T: Sendable {}

/// A service's database: lives on the loop, and does all its work on the worker.
///
/// While the worker is busy, operations wait. When it is free it takes all that wait: reads first, each answered
/// while the writes run; then all writes in one transaction, each in its own savepoint, answered after COMMIT
/// returned.
/// So one flush serves everybody who came during the last one, and a write that fails fails alone.
/// Cost: a read is two hops (to the worker and back); a write also a share of a flush.
public final class Database {
  private let worker: any Worker
  private let loop: EventLoop
  private let log: Logger
  private let engine: Handover<Engine>
  private let limits: StorageLimits
  private var reads: [Operation] = []
  private var writes: [Operation] = []
  private var walFrameCount = 0
  private var isPumping = false
  private var isClosed = false
  private let idle = Signal()
  /// What was done so far. Grows; for metrics and tests.
  public private(set) var statistics = StorageStatistics()

  private init(
    worker: any Worker, loop: EventLoop, log: Logger, engine: Handover<Engine>, limits: StorageLimits
  ) {
    self.worker = worker
    self.loop = loop
    self.log = log
    self.engine = engine
    self.limits = limits
  }

  deinit {
    guard !isClosed else { return }
    let engine = engine
    worker.submit { engine.value.close() }
  }

  /// Opens the database at `location` (creates it if there is none), checks it, and brings its schema up to date.
  ///
  /// A disk has to be in Souk's layout already, and to be `service`'s. `entropy` is asked by the worker, and only for
  /// a database on a disk.
  /// Throws `locked` while another process has it open, `notADatabase`, `corrupt`, `newer`, `cannotOpen`, `readOnly`
  /// or `disk` for what they say; `StorageError.advice` has a sentence for each.
  public static func open(
    _ location: DatabaseLocation, service: String, migrations: [Migration], worker: any Worker,
    loop: EventLoop, entropy: any Entropy, log: Logger, limits: StorageLimits = StorageLimits()
  ) async throws(StorageError) -> Database {
    let source = Handover(
      DatabaseSource(location: location, service: service, entropy: entropy, clock: loop.clock))
    let result: Result<Handover<Engine>, StorageError> = await withUnsafeContinuation { continuation in
      worker.submit {
        do throws(StorageError) {
          let engine = try Engine(source.value, migrations: migrations, limits: limits)
          continuation.resume(returning: .success(Handover(engine)))
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    }
    let engine = try result.get()
    return Database(worker: worker, loop: loop, log: log, engine: engine, limits: limits)
  }

  /// Runs `body` between transactions. It sees every durable write, and one state throughout.
  ///
  /// A statement that would change something throws `readOnly`.
  public func read<T: Sendable>(
    _ body: @escaping @Sendable (Connection) throws(StorageError) -> T
  ) async throws(StorageError) -> T {
    try admit()
    let result: Result<T, StorageError> = await withUnsafeContinuation { continuation in
      reads.append(ReadOperation(body, continuation))
      start()
    }
    return try result.get()
  }

  /// Runs `body` in the next transaction and returns after its COMMIT is durable.
  ///
  /// Its changes alone are undone when it throws or returns `.rollback`; that too is answered after the
  /// transaction it shared. When the transaction fails as a whole, everybody in it gets the error.
  /// Bodies run in the order of the calls, each seeing what those before it left.
  public func write<T: Sendable>(
    _ body: @escaping @Sendable (Connection) throws(StorageError) -> Outcome<T>
  ) async throws(StorageError) -> T {
    try admit()
    let result: Result<T, StorageError> = await withUnsafeContinuation { continuation in
      writes.append(WriteOperation(body, continuation))
      start()
    }
    return try result.get()
  }

  /// Finishes what waits, moves the log into the file, and closes it. Later operations throw `closed`.
  public func close() async {
    guard !isClosed else { return }
    isClosed = true
    if isPumping { await idle.wait() }
    let engine = engine
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      worker.submit {
        engine.value.close()
        continuation.resume()
      }
    }
  }

  /// Operations that wait for the worker.
  public var queueLength: Int { reads.count + writes.count }

  // MARK: The queue

  private func admit() throws(StorageError) {
    guard !isClosed else { throw .closed }
    guard queueLength < limits.maximumQueueLength else {
      statistics.refusedOperations += 1
      throw .overloaded
    }
  }

  private func start() {
    guard !isPumping else { return }
    isPumping = true
    // The new task's turn comes after the tasks that are ready now, so their operations are in the first batch;
    // and after a batch was answered, those of everybody who goes on at once are in the next.
    loop.spawn { await self.pump() }
  }

  /// Gives the worker batch after batch until nothing waits.
  private func pump() async {
    while queueLength > 0 {
      let reads = reads
      let writes = writes
      self.reads = []
      self.writes = []
      if reads.isEmpty {
        finish(writes, await run(writes))
      } else {
        await run(reads, before: writes)
      }
      if walFrameCount >= limits.checkpointFrameCount { await checkpoint() }
    }
    isPumping = false
    if isClosed { idle.notify() }
  }

  private func run(_ writes: [Operation]) async -> BatchReport {
    let engine = engine
    let writes = Handover(writes)
    return await withUnsafeContinuation { continuation in
      worker.submit { continuation.resume(returning: engine.value.run(writes: writes.value)) }
    }
  }

  /// Answers the reads while the worker is already at the writes.
  private func run(_ reads: [Operation], before writes: [Operation]) async {
    let engine = engine
    let batch = Handover((reads: reads, writes: writes, report: Slot()))
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      worker.submit {
        engine.value.run(reads: batch.value.reads)
        continuation.resume()
      }
      guard !writes.isEmpty else { return }
      worker.submit { batch.value.report.value = engine.value.run(writes: batch.value.writes) }
    }
    for read in reads { read.answer() }
    statistics.reads += reads.count
    guard !writes.isEmpty else { return }
    let report: BatchReport = await withUnsafeContinuation { continuation in
      // Behind the writes in the worker's queue.
      worker.submit { continuation.resume(returning: batch.value.report.value) }
    }
    finish(writes, report)
  }

  private func finish(_ writes: [Operation], _ report: BatchReport) {
    for write in writes { write.answer() }
    statistics.add(report)
    walFrameCount = report.walFrameCount
    if let failure = report.failure {
      log.error(
        "database transaction failed", LogField("reason", failure.name), LogField("advice", failure.advice))
    }
  }

  /// Moves the log into the file. After the writers were answered, so that none of them waits for it.
  private func checkpoint() async {
    let engine = engine
    walFrameCount = 0
    let failure: StorageError? = await withUnsafeContinuation { continuation in
      worker.submit { continuation.resume(returning: engine.value.checkpoint()) }
    }
    statistics.checkpoints += 1
    if let failure {
      log.warning(
        "database checkpoint failed", LogField("reason", failure.name), LogField("advice", failure.advice))
    }
  }
}

/// Where the worker leaves a report until it is fetched.
private final class Slot {
  var value = BatchReport()
}
