/// What a database has done since it was opened.
public struct StorageStatistics: Equatable, Sendable {
  /// Reads that were run.
  public var reads = 0
  /// Writes whose changes were committed.
  public var committedWrites = 0
  /// Writes that threw, asked for a rollback, or were in a transaction that failed.
  public var undoneWrites = 0
  /// Transactions that were committed.
  public var commits = 0
  /// Transactions that failed as a whole.
  public var failedTransactions = 0
  /// Writes in the largest transaction.
  public var largestBatch = 0
  /// Times the write-ahead log was moved into the file.
  public var checkpoints = 0
  /// Operations answered with `.overloaded`.
  public var refusedOperations = 0

  mutating func add(_ report: BatchReport) {
    committedWrites += report.committedWrites
    undoneWrites += report.undoneWrites
    commits += report.commits
    failedTransactions += report.failedTransactions
    largestBatch = max(largestBatch, report.committedWrites + report.undoneWrites)
  }
}

/// What a batch of writes did.
struct BatchReport: Sendable {
  var committedWrites = 0
  var undoneWrites = 0
  var commits = 0
  var failedTransactions = 0
  /// Frames in the write-ahead log afterwards.
  var walFrameCount = 0
  var failure: StorageError?
}
