import _Concurrency

/// A memory of one: `notify` lets one waiter through, now or later. Notifications do not add up.
///
/// One task waits at a time.
public final class Signal {
  private var isSet = false
  private var waiter: UnsafeContinuation<Void, Never>?

  /// Not notified, nobody waiting.
  public init() {}

  /// Whether a task waits.
  public var hasWaiter: Bool { waiter != nil }

  /// Wakes the waiter, or lets the next `wait` pass.
  public func notify() {
    if let waiter {
      self.waiter = nil
      waiter.resume()
    } else {
      isSet = true
    }
  }

  /// Returns once notified.
  public func wait() async {
    if isSet {
      isSet = false
      return
    }
    await withUnsafeContinuation { continuation in
      precondition(waiter == nil, "two tasks wait for one signal")
      waiter = continuation
    }
  }
}
