import CLinux
import DequeModule
import EventLoop
import Glibc
import Platform
import Synchronization

/// Something with a file descriptor that the loop watches.
protocol EventSource: AnyObject {
  /// The descriptor became ready; `events` are EPOLL… bits.
  func ready(_ events: UInt32)
}

/// A Linux process's loop: `epoll` for events, and the preferred executor of every task that is started on it.
///
/// `@unchecked Sendable` because a `TaskExecutor` must be: everything but `inbox` is touched by the loop's thread
/// alone, which `enqueue` checks before it chooses between the two.
public final class EpollDriver: LoopDriver, TaskExecutor, @unchecked Sendable {
  /// Jobs run between two looks at the machine's events, so that a busy task cannot keep the others from theirs.
  static let maximumJobsPerTurn = 4096
  /// Events taken from the kernel at once.
  static let maximumEventsPerTurn = 512

  private let epoll: Int32
  private let wakeup: Int32
  private let thread: pthread_t
  private let clock = LinuxClock()
  private var jobs = Deque<UnownedJob>()
  private let inbox = Mutex<[UnownedJob]>([])
  /// Watched sources by descriptor; the generation tells an event of a closed descriptor from one of its successor.
  private var sources: [Slot] = []

  private struct Slot {
    /// Not owned: a stream that nobody holds any more closes itself and leaves.
    unowned var source: (any EventSource)?
    var generation: UInt32 = 0
  }

  private var events = [epoll_event](repeating: epoll_event(), count: maximumEventsPerTurn)

  /// A driver for the calling thread, which must be the one that runs the loop.
  public init() {
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    wakeup = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    precondition(epoll >= 0 && wakeup >= 0, "no file descriptors left for the event loop")
    thread = pthread_self()
    var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: .max))
    epoll_ctl(epoll, EPOLL_CTL_ADD, wakeup, &event)
  }

  deinit {
    Glibc.close(epoll)
    Glibc.close(wakeup)
  }

  // MARK: Tasks

  public func start(_ body: @escaping () async -> Void) {
    // Every job of this task runs on the one thread that calls `runJobs`, so what it captures never crosses threads.
    nonisolated(unsafe) let body = body
    _ = Task.detached(executorPreference: self) { await body() }
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if pthread_equal(thread, pthread_self()) != 0 {
      jobs.append(job)
      return
    }
    let isFirst = inbox.withLock { inbox in
      inbox.append(job)
      return inbox.count == 1
    }
    if isFirst { eventfd_write(wakeup, 1) }
  }

  public func runJobs() -> Bool {
    let executor = asUnownedTaskExecutor()
    var budget = Self.maximumJobsPerTurn
    while budget > 0, let job = jobs.popFirst() {
      job.runSynchronously(on: executor)
      budget -= 1
    }
    return !jobs.isEmpty
  }

  private func emptyInbox() {
    var count: eventfd_t = 0
    eventfd_read(wakeup, &count)
    let arrived = inbox.withLock { inbox in
      defer { inbox.removeAll(keepingCapacity: true) }
      return inbox
    }
    jobs.append(contentsOf: arrived)
  }

  // MARK: Events

  public func poll(until deadline: Instant) {
    var timeout: Int32 = -1
    if deadline.nanoseconds == 0 {
      timeout = 0
    } else if deadline != .never {
      // Rounded up: waking early would only turn the loop for nothing.
      let now = clock.now.nanoseconds
      let wait = deadline.nanoseconds > now ? deadline.nanoseconds - now : 0
      timeout = Int32(clamping: (wait + 999_999) / 1_000_000)
    }
    let count = epoll_wait(epoll, &events, Int32(Self.maximumEventsPerTurn), timeout)
    guard count > 0 else { return }
    for index in 0..<Int(count) {
      let event = events[index]
      if event.data.u64 == .max {
        emptyInbox()
        continue
      }
      let descriptor = Int(event.data.u64 & 0xffff_ffff)
      guard sources[descriptor].generation == UInt32(event.data.u64 >> 32) else { continue }
      sources[descriptor].source?.ready(event.events)
    }
  }

  /// Reports edges of `descriptor` (readable, writable, hung up) to `source` until `forget`.
  func watch(_ descriptor: Int32, _ source: any EventSource) {
    while sources.count <= Int(descriptor) { sources.append(Slot()) }
    sources[Int(descriptor)].source = source
    sources[Int(descriptor)].generation &+= 1
    let interest = EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue
    let tag = UInt64(sources[Int(descriptor)].generation) << 32 | UInt64(descriptor)
    var event = epoll_event(events: interest, data: epoll_data_t(u64: tag))
    precondition(epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0, "epoll refused a descriptor")
  }

  /// Stops watching and closes `descriptor`.
  func forget(_ descriptor: Int32) {
    stopWatching(descriptor)
    Glibc.close(descriptor)
  }

  /// Stops watching `descriptor`, which stays open.
  func stopWatching(_ descriptor: Int32) {
    sources[Int(descriptor)].source = nil
    sources[Int(descriptor)].generation &+= 1
    // Explicitly: a listening descriptor that was inherited stays open elsewhere, and so would its registration.
    epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nil)
  }
}
