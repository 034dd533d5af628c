// RFC 6298 before changing this file.

/// When to send again: the estimate of the round-trip time, and the RTO that follows from it.
struct RetransmissionTimer {
  /// The clock's own uncertainty G (§2): nothing is measured finer than this.
  static let granularity: UInt64 = 1_000_000

  /// In microseconds.
  private let minimum: UInt32
  private let maximum: UInt32
  /// SRTT, in nanoseconds; nil before the first measurement.
  var smoothed: UInt64? { estimate == .max ? nil : estimate }
  private var estimate = UInt64.max
  private var variation: UInt64 = 0
  /// RTO before back-off.
  private var base: UInt64
  /// How often it passed since something was measured.
  private(set) var backoffCount: UInt32 = 0

  init(_ configuration: borrowing Configuration) {
    minimum = UInt32(clamping: configuration.minimumRetransmissionTimeout / 1000)
    maximum = UInt32(clamping: configuration.maximumRetransmissionTimeout / 1000)
    base = configuration.initialRetransmissionTimeout
  }

  /// RTO: how long to wait for an acknowledgement.
  var timeout: UInt64 { min(UInt64(maximum) * 1000, base << UInt64(min(backoffCount, 16))) }

  /// A segment that was sent once took this long to be acknowledged (Karn: never one that was sent again).
  mutating func measured(_ roundTrip: UInt64) {
    if estimate != .max {
      // §2.3: alpha 1/8, beta 1/4.
      let error = estimate > roundTrip ? estimate - roundTrip : roundTrip - estimate
      variation = variation - variation / 4 + error / 4
      estimate = estimate - estimate / 8 + roundTrip / 8
    } else {
      estimate = roundTrip
      variation = roundTrip / 2
    }
    setBase()
  }

  /// The RTO passed while nothing was lost, but on its way for `roundTrip` (RFC 4015 §3.3).
  mutating func passedTooSoon(after roundTrip: UInt64?) {
    guard let roundTrip, estimate != .max else { return }
    estimate = max(estimate, roundTrip)
    variation = max(variation, roundTrip / 2)
    setBase()
  }

  private mutating func setBase() {
    base = max(UInt64(minimum) * 1000, estimate + max(Self.granularity, variation * 4))
    backoffCount = 0
  }

  /// Data that was sent once only is acknowledged, though how long it took was not measured: the path is not as slow as
  /// the back-off assumed (§5.7, last paragraph).
  mutating func resetBackOff() { backoffCount = 0 }

  /// The RTO passed (§5.5).
  mutating func backOff() { backoffCount += 1 }

  /// SYN is acknowledged. When it was sent again, data starts with a longer RTO (§5.7).
  mutating func handshakeEnded() {
    if backoffCount > 0 && estimate == .max { base = max(base, 3_000_000_000) }
    backoffCount = 0
  }
}
