/// A moment of a clock that never goes back and never jumps. Only differences mean anything.
public struct Instant: Comparable, Hashable, Sendable {
  /// Nanoseconds since the clock's own, unspecified start.
  public var nanoseconds: UInt64

  /// A moment `nanoseconds` after the clock's start.
  public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  /// A moment that never comes.
  public static let never = Instant(nanoseconds: .max)

  public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

  /// The moment `nanoseconds` later; saturates. For the hot path: taking a `Duration` apart costs hundreds of
  /// instructions.
  @inline(__always)
  public func advanced(byNanoseconds amount: UInt64) -> Instant {
    let (moment, overflow) = nanoseconds.addingReportingOverflow(amount)
    return Instant(nanoseconds: overflow ? .max : moment)
  }

  /// The moment `duration` later; saturates at both ends.
  public static func + (instant: Instant, duration: Duration) -> Instant {
    let amount = duration.nanoseconds
    if amount < 0 {
      let (moment, underflow) = instant.nanoseconds.subtractingReportingOverflow(amount.magnitude)
      return Instant(nanoseconds: underflow ? 0 : moment)
    }
    let (moment, overflow) = instant.nanoseconds.addingReportingOverflow(UInt64(amount))
    return Instant(nanoseconds: overflow ? .max : moment)
  }

  /// How long after `earlier` this moment is; negative when it is before.
  public static func - (later: Instant, earlier: Instant) -> Duration {
    later >= earlier
      ? .nanoseconds(Int64(clamping: later.nanoseconds - earlier.nanoseconds))
      : .nanoseconds(-Int64(clamping: earlier.nanoseconds - later.nanoseconds))
  }
}

extension Duration {
  /// The whole duration in nanoseconds, saturated to 292 years.
  public var nanoseconds: Int64 {
    // Of the attoseconds' magnitude, 128 bits: two divisions of 64, where `components` takes hundreds of instructions.
    let isNegative = _high < 0
    let low = isNegative ? 0 &- _low : _low
    let high = UInt64(bitPattern: isNegative ? ~_high &+ (_low == 0 ? 1 : 0) : _high)
    guard high < 500_000_000 else { return isNegative ? .min : .max }
    // Both dividends are below 2^62: a rest is below 2^30.
    let (first, rest) = (high << 32 | low >> 32).quotientAndRemainder(dividingBy: 1_000_000_000)
    let magnitude = Int64(first << 32 | (rest << 32 | low & 0xffff_ffff) / 1_000_000_000)
    return isNegative ? -magnitude : magnitude
  }
}

/// A moment of civil time (UTC): what orders, logs and `Date:` headers show. It can jump; never measure with it.
public struct WallTime: Comparable, Hashable, Sendable {
  /// Nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
  public var nanosecondsSinceEpoch: Int64

  /// The moment `nanosecondsSinceEpoch` after 1970-01-01T00:00:00Z.
  public init(nanosecondsSinceEpoch: Int64) { self.nanosecondsSinceEpoch = nanosecondsSinceEpoch }

  /// The moment `secondsSinceEpoch` after 1970-01-01T00:00:00Z.
  public init(secondsSinceEpoch: Int64) { nanosecondsSinceEpoch = secondsSinceEpoch * 1_000_000_000 }

  /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
  public var secondsSinceEpoch: Int64 {
    let quotient = nanosecondsSinceEpoch / 1_000_000_000
    return nanosecondsSinceEpoch % 1_000_000_000 < 0 ? quotient - 1 : quotient
  }

  public static func < (left: WallTime, right: WallTime) -> Bool {
    left.nanosecondsSinceEpoch < right.nanosecondsSinceEpoch
  }

  /// The moment `duration` later.
  public static func + (time: WallTime, duration: Duration) -> WallTime {
    WallTime(nanosecondsSinceEpoch: time.nanosecondsSinceEpoch + duration.nanoseconds)
  }
}

/// The machine's clocks.
public protocol Clock: AnyObject {
  /// Reads the monotonic clock.
  var now: Instant { get }
  /// Reads civil time.
  var wallTime: WallTime { get }
}
