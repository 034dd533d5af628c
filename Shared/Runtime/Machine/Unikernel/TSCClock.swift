import CBoot
import Platform

/// The time stamp counter as the monotonic clock; civil time is the real-time clock's, read once, plus what passed.
public final class TSCClock: Clock {
  private let start: UInt64
  /// Nanoseconds in a tick, as a fraction of 2^32.
  private let scale: UInt64
  private let wallTimeAtStart: WallTime

  /// Reads the real-time clock.
  public init() {
    // A billion shifted by 32 fits in 62 bits.
    scale = (1_000_000_000 << 32) / boot_tsc_frequency()
    start = boot_tsc()
    wallTimeAtStart = WallTime(secondsSinceEpoch: boot_rtc_seconds())
  }

  public var now: Instant {
    let (high, low) = (boot_tsc() &- start).multipliedFullWidth(by: scale)
    return Instant(nanoseconds: high << 32 | low >> 32)
  }

  public var wallTime: WallTime {
    WallTime(nanosecondsSinceEpoch: wallTimeAtStart.nanosecondsSinceEpoch + Int64(now.nanoseconds))
  }
}
