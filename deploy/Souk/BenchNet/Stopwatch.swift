import Glibc

/// What a measurement took. Wall time on a shared machine holds what others did in between; the time this process had
/// on a processor holds much less of it.
struct Stopwatch {
  private let wallBegan = Self.read(CLOCK_MONOTONIC)
  private let processorBegan = Self.read(CLOCK_PROCESS_CPUTIME_ID)

  /// Seconds since it was made.
  var wallSeconds: Double { Self.read(CLOCK_MONOTONIC) - wallBegan }
  /// Seconds of processor time since it was made.
  var processorSeconds: Double { Self.read(CLOCK_PROCESS_CPUTIME_ID) - processorBegan }

  private static func read(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
