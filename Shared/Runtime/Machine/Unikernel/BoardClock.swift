import CBoot
import Platform

/// The machine's clock: Xen's, else the time stamp counter with the real-time clock for civil time.
public final class BoardClock: Clock {
  /// What the counter showed at `now` zero.
  private var start: UInt64

  /// A clock that shows zero now.
  public init() { start = boot_nanoseconds() }

  public var now: Instant { Instant(nanoseconds: boot_nanoseconds() &- start) }

  public var wallTime: WallTime { WallTime(nanosecondsSinceEpoch: boot_wall_nanoseconds()) }

  /// Goes on from `instant`, in a domain that was restored: another host's counter shows something else, and nobody
  /// here was aware of the time between.
  func resume(at instant: Instant) { start = boot_nanoseconds() &- instant.nanoseconds }
}
