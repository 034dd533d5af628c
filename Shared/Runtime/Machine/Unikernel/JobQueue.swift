import CBoot

// swift/ExecutorImpl.h of the toolchain before changing this file.

/// Swift's jobs that wait to run, first come first served: the image's global and main executor.
///
/// Intrusive: a job's scheduler-private word holds the next one, so enqueueing allocates nothing. The image has one
/// processor, so nothing here is locked.
enum JobQueue {
  /// Where a job's first scheduler-private word lies: behind its metadata and reference counts.
  private static let nextOffset = 16

  // Safe: one processor, and no interrupt handler comes here.
  nonisolated(unsafe) private static var first: UnsafeMutableRawPointer?
  // Safe: the same.
  nonisolated(unsafe) private static var last: UnsafeMutableRawPointer?

  static var isEmpty: Bool { first == nil }

  static func append(_ job: UnsafeMutableRawPointer) {
    job.storeBytes(of: nil, toByteOffset: nextOffset, as: UnsafeMutableRawPointer?.self)
    if let last {
      last.storeBytes(of: job, toByteOffset: nextOffset, as: UnsafeMutableRawPointer?.self)
    } else {
      first = job
    }
    last = job
  }

  /// Runs the oldest job; returns false when there is none.
  static func runFirst() -> Bool {
    guard let job = first else { return false }
    first = job.load(fromByteOffset: nextOffset, as: UnsafeMutableRawPointer?.self)
    if first == nil { last = nil }
    _swift_job_run_c(job, nil, 0)
    return true
  }
}

// MARK: What the concurrency runtime links to

@_silgen_name("swift_task_enqueueGlobalImpl")
public func enqueueGlobal(_ job: UnsafeMutableRawPointer) { JobQueue.append(job) }

@_silgen_name("swift_task_enqueueMainExecutorImpl")
public func enqueueMain(_ job: UnsafeMutableRawPointer) { JobQueue.append(job) }

/// Behind `Task.sleep`, which Embedded Swift does not have: wait on the loop.
@_silgen_name("swift_task_enqueueGlobalWithDelayImpl")
public func enqueueGlobal(delay: UInt64, _ job: UnsafeMutableRawPointer) {
  fatalError("Task.sleep in an image: use EventLoop.sleep")
}

/// The same, by a clock.
@_silgen_name("swift_task_enqueueGlobalWithDeadlineImpl")
public func enqueueGlobal(
  seconds: Int64, nanoseconds: Int64, toleranceSeconds: Int64, toleranceNanoseconds: Int64, clock: Int32,
  _ job: UnsafeMutableRawPointer
) {
  fatalError("Task.sleep in an image: use EventLoop.sleep")
}

/// The generic executor, two zero words, is the main one too.
@_silgen_name("swift_task_getMainExecutorImpl")
public func mainExecutor() -> (UnsafeRawPointer?, UInt) { (nil, 0) }

@_silgen_name("swift_task_isMainExecutorImpl")
public func isMainExecutor(_ identity: UnsafeRawPointer?, _ implementation: UInt) -> Bool { identity == nil }

/// Everything runs on the one processor, one job after another.
@_silgen_name("swift_task_checkIsolatedImpl")
public func checkIsolated(_ identity: UnsafeRawPointer?, _ implementation: UInt) {}

/// 1: isolated.
@_silgen_name("swift_task_isIsolatingCurrentContextImpl")
public func isIsolating(_ identity: UnsafeRawPointer?, _ implementation: UInt) -> Int8 { 1 }

/// Behind an `async` main: the image's main runs the loop instead.
@_silgen_name("swift_task_asyncMainDrainQueueImpl")
public func drainMainQueue() -> Never { fatalError("an async main in an image: use Machine.run") }

@_silgen_name("swift_task_donateThreadToGlobalExecutorUntilImpl")
public func donateThread(
  _ condition: @convention(c) (UnsafeMutableRawPointer?) -> Bool, _ context: UnsafeMutableRawPointer?
) {
  while !condition(context) && JobQueue.runFirst() {}
}
