// RFC 6298 before changing this file.

/// When to send again: the estimate of the round-trip time, and the RTO that follows from it.
struct RetransmissionTimer {
  /// The clock's own uncertainty G (§2): nothing is measured finer than this.
  static let granularity: UInt64 = 1_000_000

  private let minimum: UInt64
  private let maximum: UInt64
  /// SRTT, in nanoseconds; nil before the first measurement.
  private(set) var smoothed: UInt64?
  private var variation: UInt64 = 0
  /// RTO before back-off.
  private var base: UInt64
  /// How often it passed since something was measured.
  private(set) var backoffCount = 0

  init(_ configuration: borrowing Configuration) {
    minimum = configuration.minimumRetransmissionTimeout
    maximum = configuration.maximumRetransmissionTimeout
    base = configuration.initialRetransmissionTimeout
  }

  /// RTO: how long to wait for an acknowledgement.
  var timeout: UInt64 { min(maximum, base << UInt64(min(backoffCount, 16))) }

  /// A segment that was sent once took this long to be acknowledged (Karn: never one that was sent again).
  mutating func measured(_ roundTrip: UInt64) {
    if let smoothed {
      // §2.3: alpha 1/8, beta 1/4.
      let error = smoothed > roundTrip ? smoothed - roundTrip : roundTrip - smoothed
      variation = variation - variation / 4 + error / 4
      self.smoothed = smoothed - smoothed / 8 + roundTrip / 8
    } else {
      smoothed = roundTrip
      variation = roundTrip / 2
    }
    base = max(minimum, (smoothed ?? 0) + max(Self.granularity, variation * 4))
    backoffCount = 0
  }

  /// Data that was sent once only is acknowledged, though how long it took was not measured: the path is not as slow as
  /// the back-off assumed (§5.7, last paragraph).
  mutating func resetBackOff() { backoffCount = 0 }

  /// The RTO passed (§5.5).
  mutating func backOff() { backoffCount += 1 }

  /// SYN is acknowledged. When it was sent again, data starts with a longer RTO (§5.7).
  mutating func handshakeEnded() {
    if backoffCount > 0 && smoothed == nil { base = max(base, 3_000_000_000) }
    backoffCount = 0
  }
}
