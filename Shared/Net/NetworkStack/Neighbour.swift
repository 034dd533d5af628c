// RFC 4861 §7.3.2 before changing this file.

import Platform
import Wire

/// What is known about a host on the link.
struct Neighbour {
  /// How sure we are that it can be reached (RFC 4861 §7.3.2, for ARP too).
  enum State: UInt8, Equatable, Sendable {
    /// Its hardware address is being asked for, of everybody.
    case incomplete
    /// It answered us lately.
    case reachable
    /// Its hardware address was right some time ago, or was not confirmed by an answer to us.
    case stale
    /// Stale and used again: TCP may confirm it before it is asked.
    case delay
    /// It is asked, at the hardware address known.
    case probe
    /// It did not answer; it is not asked again for a while.
    case failed

    /// Whether it changes by a timer.
    var isTimed: Bool { self == .incomplete || self == .delay || self == .probe }
  }

  /// Its address; of IPv4 in the mapped form.
  let address: IPv6Address
  /// Its interface; zero while not known.
  var hardware: EthernetAddress
  /// How sure we are.
  var state: State
  /// Requests sent in this state.
  var requestCount = 0
  /// When the state changes by itself: in `incomplete`, `delay` and `probe` by a timer, else when it is looked at.
  var deadline: Instant
  /// Until when a lookup has nothing to change: 0 in states where it has.
  var trustedUntil = Instant(nanoseconds: 0)
  /// When it was last looked up; nil when it only told us about itself.
  var usedAt: Instant?
  /// When it was last asked for with a broadcast.
  var askedAt: Instant?
  /// When its hardware address changed.
  var changedAt: Instant

  /// Whether packets can be sent to it.
  var isResolved: Bool { state != .incomplete && state != .failed }

  /// Changes its state.
  mutating func enter(_ state: State, until deadline: Instant) {
    if self.state != state { requestCount = 0 }
    self.state = state
    self.deadline = deadline
    switch state {
    case .reachable: trustedUntil = deadline
    case .delay, .probe: trustedUntil = .never
    case .incomplete, .stale, .failed: trustedUntil = Instant(nanoseconds: 0)
    }
  }

  /// Counts a request that is about to be sent, whose answer is waited for until `deadline`.
  mutating func ask(at now: Instant, until deadline: Instant) {
    requestCount += 1
    askedAt = now
    self.deadline = deadline
  }
}
