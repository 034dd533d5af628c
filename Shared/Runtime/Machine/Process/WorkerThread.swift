import DequeModule
import Glibc
import Platform

/// A thread that runs blocking jobs one after another.
///
/// `@unchecked Sendable`: its queue is touched only under `lock`.
public final class WorkerThread: Worker, @unchecked Sendable {
  private var jobs = Deque<@Sendable () -> Void>()
  private var isStopped = false
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let arrival = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// Starts the thread; it ends after `stop`, when its queue is empty.
  public init() {
    pthread_mutex_init(lock, nil)
    pthread_cond_init(arrival, nil)
    var thread = pthread_t()
    // The thread owns a reference to this object until it ends.
    let this = Unmanaged.passRetained(self).toOpaque()
    let result = pthread_create(
      &thread, nil,
      { context in
        Unmanaged<WorkerThread>.fromOpaque(context!).takeRetainedValue().runJobs()
        return nil
      }, this)
    precondition(result == 0, "no thread for blocking work")
    pthread_detach(thread)
  }

  deinit {
    pthread_mutex_destroy(lock)
    pthread_cond_destroy(arrival)
    lock.deallocate()
    arrival.deallocate()
  }

  public func submit(_ job: @escaping @Sendable () -> Void) {
    pthread_mutex_lock(lock)
    jobs.append(job)
    pthread_mutex_unlock(lock)
    pthread_cond_signal(arrival)
  }

  /// Lets the thread end once it has run what waits.
  public func stop() {
    pthread_mutex_lock(lock)
    isStopped = true
    pthread_mutex_unlock(lock)
    pthread_cond_signal(arrival)
  }

  private func runJobs() {
    while true {
      pthread_mutex_lock(lock)
      while jobs.isEmpty && !isStopped { pthread_cond_wait(arrival, lock) }
      let job = jobs.popFirst()
      pthread_mutex_unlock(lock)
      guard let job else { return }
      job()
    }
  }
}
