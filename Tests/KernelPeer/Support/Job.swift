import EventLoop
import Foundation
import Platform

/// Something that goes on beside a test's own steps.
final class Job<Value> {
  private var result: Result<Value, any Error>?
  private let loop: EventLoop

  init(loop: EventLoop, _ body: @escaping () async throws -> Value) {
    self.loop = loop
    loop.spawn {
      do { self.result = .success(try await body()) } catch { self.result = .failure(error) }
    }
  }

  /// Whether it is over.
  var isDone: Bool { result != nil }

  /// What came of it. Returns when it is over.
  func value() async throws -> Value {
    while result == nil { await loop.sleep(for: .milliseconds(1)) }
    return try result!.get()
  }
}

extension KernelLink {
  /// Runs `body` on the loop, beside what follows.
  func begin<Value>(_ body: @escaping () async throws -> Value) -> Job<Value> { Job(loop: loop, body) }

  /// Runs `body`, which blocks, on a thread in the link's namespace, beside what follows.
  func aside<Value>(_ body: @escaping @Sendable () throws -> Value) -> Job<Value> {
    begin {
      let result: Result<Value, any Error> = await withUnsafeContinuation { continuation in
        Thread { continuation.resume(returning: Result { try body() }) }.start()
      }
      return try result.get()
    }
  }
}
