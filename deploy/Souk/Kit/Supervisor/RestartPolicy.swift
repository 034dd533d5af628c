/// How long to wait before a service that died is started again: twice as long each time, up to a bound;
/// from the beginning after it has run for a while.
struct RestartPolicy {
  /// Before the first restart.
  static let firstDelayMilliseconds = 100
  /// Never more than this.
  static let maximumDelayMilliseconds = 10_000
  /// Having run for this long, a service is called steady.
  static let steadyAfterMilliseconds = 30_000

  private var next = firstDelayMilliseconds

  /// The delay before the next start of a service that just died after `milliseconds`.
  mutating func delay(afterRunning milliseconds: Int) -> Int {
    if milliseconds >= Self.steadyAfterMilliseconds { next = Self.firstDelayMilliseconds }
    defer { next = min(next * 2, Self.maximumDelayMilliseconds) }
    return next
  }
}
