// RFC 6298 §5, RFC 9293 §3.8.3, §3.8.4 and §3.8.6.1 before changing this file.

import Platform
import Wire

extension Connection {
  /// Does what is due at `now`. Cost: a few compares when nothing is.
  public mutating func advance(to now: Instant) -> Events {
    guard deadline <= now else { return [] }
    if giveUpAt <= now {
      giveUpAt = .never
      switch state {
      case .synSent, .synReceived: return fail(.timedOut)
      // The peer of an orphan never finished: nobody is there to mind.
      case .finWait2: return end()
      default:
        // Nor shall one stay for weeks that takes what is left byte by byte.
        guard unacknowledged - orphanProgress >= Self.orphanQuotaByteCount else { return giveUp() }
        orphanProgress = unacknowledged
        giveUpAt = now.advanced(byNanoseconds: configuration.orphanTimeout)
      }
    }
    if paceAt <= now { isPacing = false }
    if acknowledgeAt <= now {
      acknowledgeAt = .never
      owesAcknowledgement = true
    }
    if retransmitAt <= now {
      retransmitAt = .never
      let events = retransmissionTimedOut(at: now)
      if state == .closed { return events }
    }
    if lossProbeAt <= now {
      lossProbeAt = .never
      lossProbeTimedOut(at: now)
    }
    if persistAt <= now {
      persistAt = .never
      if now.nanoseconds - waitingSince.nanoseconds > patience { return giveUp() }
      persistCount += 1
      owedProbe = .window
    }
    if keepAliveAt <= now { return keepAliveTimedOut(at: now) }
    return []
  }

  /// What the peer of an orphan has to take within `Configuration.orphanTimeout`: 2 kbit/s.
  private static let orphanQuotaByteCount = 16 << 10

  /// How long silence is borne while we wait for an acknowledgement.
  private var patience: UInt64 { isOrphan ? configuration.orphanTimeout : configuration.userTimeout }

  /// The peer is silent, or ignores us. If it lives after all, it shall not wait for what never comes.
  private mutating func giveUp() -> Events {
    owesReset = true
    return fail(.timedOut).union(.transmitNow)
  }

  private mutating func retransmissionTimedOut(at now: Instant) -> Events {
    counters.timeouts &+= 1
    timed = nil
    if state == .synSent || state == .synReceived {
      retransmission.backOff()
      owesSYN = true
      return []
    }
    guard unacknowledged < sendMaximum else { return [] }
    if now.nanoseconds - waitingSince.nanoseconds >= patience { return giveUp() }
    retransmission.backOff()
    reconsiderPath()
    // The front was reported as received and still is not acknowledged: the peer threw it away (RFC 2018 §8).
    let isReneged = scoreboard.ranges.first.map { $0.start <= unacknowledged } ?? false
    if isReneged { scoreboard.removeAll() }
    sentLog.loseAll(reported: isReneged)
    lossProbeAt = .never
    tailProbe = nil
    if owedProbe == .tail { owedProbe = .none }
    if case .loss = recovery.phase {
      congestion.timedOut(inFlight: flightByteCount, isRepeated: true)
    } else {
      congestion.timedOut(inFlight: flightByteCount, isRepeated: false)
    }
    recovery.begin(
      .loss(point: sendMaximum), from: unacknowledged, at: now, isSACKPermitted: isSACKPermitted)
    recovery.duplicateCount = 0
    return []
  }

  // MARK: Keep-alive

  mutating func scheduleKeepAlive(at now: Instant) {
    guard let idle = configuration.keepAliveIdle else { return }
    keepAliveAt = now.advanced(byNanoseconds: idle)
  }

  private mutating func keepAliveTimedOut(at now: Instant) -> Events {
    guard let idle = configuration.keepAliveIdle else {
      keepAliveAt = .never
      return []
    }
    let silentSince = lastReceivedAt.advanced(byNanoseconds: idle)
    // Somebody spoke meanwhile; or data is in flight, whose own timer asks more urgently.
    guard silentSince <= now, unacknowledged == sendMaximum else {
      keepAliveAt = silentSince <= now ? now.advanced(byNanoseconds: idle) : silentSince
      return []
    }
    guard Int(keepAlivesUnanswered) < configuration.keepAliveProbeCount else { return giveUp() }
    keepAlivesUnanswered += 1
    owedProbe = .keepAlive
    keepAliveAt = now.advanced(byNanoseconds: configuration.keepAliveInterval)
    return []
  }

  mutating func stopTimers() {
    isPacing = false
    retransmitAt = .never
    persistAt = .never
    lossProbeAt = .never
    acknowledgeAt = .never
    keepAliveAt = .never
    giveUpAt = .never
  }
}
