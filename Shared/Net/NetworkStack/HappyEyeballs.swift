// RFC 8305 before changing this file.

import Platform

/// Which address of a name is tried when, so that a family that does not work costs a quarter of a second and not a
/// time-out. A value that is given answers, failures and the time, and says what to do.
struct HappyEyeballs {
  /// How long addresses of IPv4 wait for those of IPv6 (§3, Resolution Delay), in nanoseconds.
  static let resolutionDelay: UInt64 = 50_000_000
  /// How long an attempt is alone before the next one begins (§5, Connection Attempt Delay), in nanoseconds.
  static let attemptDelay: UInt64 = 250_000_000

  /// What to do.
  enum Step: Equatable {
    /// Begin to connect to this address, and ask again.
    case attempt(IPAddress)
    /// Nothing until something happens, or until then.
    case wait(until: Instant)
    /// Nobody is left to be tried.
    case fail
  }

  /// Addresses that were not tried, by family: IPv6, IPv4.
  private var addresses: ([IPAddress], [IPAddress]) = ([], [])
  private var isAnswered: (Bool, Bool)
  private var isIPv6Next = true
  private var hasBegun = false
  private var runningCount = 0
  private var nextAttemptAt = Instant(nanoseconds: 0)
  private var resolutionEnd = Instant.never

  /// Nothing is known yet. Families that are not asked for have no addresses.
  init(asksIPv6: Bool, asksIPv4: Bool) { isAnswered = (!asksIPv6, !asksIPv4) }

  /// What DNS said of one family; empty when there is nothing.
  mutating func found(_ found: [IPAddress], isIPv6: Bool, at now: Instant) {
    if isIPv6 {
      addresses.0 += found
      isAnswered.0 = true
    } else {
      addresses.1 += found
      isAnswered.1 = true
      resolutionEnd = now.advanced(byNanoseconds: Self.resolutionDelay)
    }
  }

  /// An attempt came to nothing: the next one need not wait.
  mutating func attemptFailed() {
    runningCount -= 1
    nextAttemptAt = Instant(nanoseconds: 0)
  }

  /// What to do now.
  mutating func next(at now: Instant) -> Step {
    let isEmpty = (addresses.0.isEmpty, addresses.1.isEmpty)
    if isEmpty.0 && isEmpty.1 {
      return isAnswered.0 && isAnswered.1 && runningCount == 0 ? .fail : .wait(until: .never)
    }
    if !hasBegun, !isAnswered.0, now < resolutionEnd { return .wait(until: resolutionEnd) }
    if runningCount > 0, now < nextAttemptAt { return .wait(until: nextAttemptAt) }
    // The families take turns as long as both have addresses (§4).
    let isIPv6 = isEmpty.1 || isIPv6Next && !isEmpty.0
    isIPv6Next = !isIPv6
    hasBegun = true
    runningCount += 1
    nextAttemptAt = now.advanced(byNanoseconds: Self.attemptDelay)
    return .attempt(isIPv6 ? addresses.0.removeFirst() : addresses.1.removeFirst())
  }
}
