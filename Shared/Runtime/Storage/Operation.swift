import _Concurrency

/// One `read` or `write` on its way: made on the loop, run on the worker, answered on the loop.
class Operation {
  /// Runs the body. Returns whether its changes are to be kept.
  func run(on connection: Connection) -> Bool { false }

  /// The error that will be answered, if one will.
  var failure: StorageError? { nil }

  /// Undoes what `run` promised: the answer will be `error`.
  func fail(_ error: StorageError) {}

  /// Resumes whoever waits. Once.
  func answer() {}
}

final class ReadOperation<T: Sendable>: Operation {
  private let body: @Sendable (Connection) throws(StorageError) -> T
  private let continuation: UnsafeContinuation<Result<T, StorageError>, Never>
  private var result: Result<T, StorageError> = .failure(.closed)

  init(
    _ body: @escaping @Sendable (Connection) throws(StorageError) -> T,
    _ continuation: UnsafeContinuation<Result<T, StorageError>, Never>
  ) {
    self.body = body
    self.continuation = continuation
  }

  override func run(on connection: Connection) -> Bool {
    do throws(StorageError) {
      result = .success(try body(connection))
      return true
    } catch {
      result = .failure(error)
      return false
    }
  }

  override var failure: StorageError? {
    if case .failure(let error) = result { error } else { nil }
  }

  override func fail(_ error: StorageError) { result = .failure(error) }

  override func answer() { continuation.resume(returning: result) }
}

final class WriteOperation<T: Sendable>: Operation {
  private let body: @Sendable (Connection) throws(StorageError) -> Outcome<T>
  private let continuation: UnsafeContinuation<Result<T, StorageError>, Never>
  private var result: Result<T, StorageError> = .failure(.closed)

  init(
    _ body: @escaping @Sendable (Connection) throws(StorageError) -> Outcome<T>,
    _ continuation: UnsafeContinuation<Result<T, StorageError>, Never>
  ) {
    self.body = body
    self.continuation = continuation
  }

  override func run(on connection: Connection) -> Bool {
    do throws(StorageError) {
      switch try body(connection) {
      case .commit(let value):
        result = .success(value)
        return true
      case .rollback(let value):
        result = .success(value)
        return false
      }
    } catch {
      result = .failure(error)
      return false
    }
  }

  override var failure: StorageError? {
    if case .failure(let error) = result { error } else { nil }
  }

  override func fail(_ error: StorageError) { result = .failure(error) }

  override func answer() { continuation.resume(returning: result) }
}
