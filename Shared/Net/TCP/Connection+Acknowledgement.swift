// RFC 9293 §3.10.7.4 (fifth), RFC 5681, RFC 6675, RFC 8985 and RFC 6582 before changing this file.

import Bytes
import Platform
import Wire

extension Connection {
  /// Takes the acknowledgement, the window and the SACK blocks of an acceptable segment.
  mutating func takeAcknowledgement(_ segment: borrowing TCPSegment, at now: Instant) -> Events {
    let acknowledgement = segment.acknowledgementNumber
    let advance = acknowledgement - unacknowledged
    var events: Events = []
    let receivedBefore = sentLog.receivedByteCount
    let lostBefore = sentLog.lostByteCount
    if isSACKPermitted { beginLossDetection(segment, at: now) }
    let hasNews = advance >= 0 && takeSACK(segment, from: acknowledgement)
    let previousWindow = sendWindow
    if advance >= 0 { updateWindow(segment) }
    if advance > 0 {
      events = advanceAcknowledged(to: acknowledgement, segment, at: now)
    } else if advance == 0, sendNext > unacknowledged {
      // RFC 5681 §2: what makes a duplicate; with SACK it must tell something new (RFC 6675 §2).
      let isDuplicate =
        isSACKPermitted ? hasNews : segment.sequenceLength == 0 && sendWindow == previousWindow
      if isDuplicate { takeDuplicate(at: now) }
    }
    if advance > 0 || hasNews, sendQueueHasRoom { events.insert(.writable) }
    if isSACKPermitted {
      if tailProbe != nil {
        judgeTailProbe(acknowledgement, isDuplicate: advance == 0 && !hasNews && segment.sequenceLength == 0)
      }
      if hasGapAtPeer {
        let arrived = max(0, advance) + sentLog.receivedByteCount - receivedBefore
        findLosses(at: now, arrived: arrived)
        if case .fast = recovery.phase {
          reduceRate(arrived, isSafe: advance > 0 && sentLog.lostByteCount <= lostBefore)
        }
      } else if advance > 0 {
        scheduleTailProbe(at: now)
      }
    }
    if sendWindow > previousWindow { events.insert(.writable) }
    if sendWindow > 0 {
      // Probes go on from the shortest interval when the window closes again.
      persistCount = 0
      if previousWindow == 0 {
        persistAt = .never
        // What was in flight when the window was taken back need not wait for the next RTO, which may be far.
        if case .loss = recovery.phase {
          recovery.mustRetransmitFront = true
          sentLog.loseFront()
        }
      }
    } else if !isOrphan {
      // A closed window that is confirmed is no reason to give up (RFC 9293 §3.8.6.1), as long as somebody minds.
      waitingSince = now
    }
    return events
  }

  /// An ACK in fast recovery tells that `arrived` bytes have: what that lets out.
  mutating func reduceRate(_ arrived: Int, isSafe: Bool) {
    recovery.rate.acknowledged(
      arrived, pipe: pipeByteCount, target: congestion.window, segment: segmentByteCount, isSafe: isSafe)
  }

  /// What may be sent now as far as the network is concerned.
  var allowance: Int {
    @inline(__always) get {
      if isSACKPermitted, case .fast = recovery.phase { return Int(recovery.rate.allowed) }
      return congestion.window - pipeByteCount
    }
  }

  private mutating func takeSACK(_ segment: borrowing TCPSegment, from acknowledgement: SequenceNumber)
    -> Bool
  {
    guard isSACKPermitted else { return false }
    let options = segment.options
    var hasNews = false
    if options.sackBlockCount > 0 { takeDuplicateReport(options, from: acknowledgement) }
    for index in 0..<options.sackBlockCount {
      let block = options.sackBlock(index)
      if scoreboard.insert(block, unacknowledged: acknowledgement, sent: sendMaximum) {
        sentLog.report(from: block.start, to: block.end, &rack)
        hasNews = true
      }
    }
    return hasNews
  }

  private mutating func updateWindow(_ segment: borrowing TCPSegment) {
    let number = segment.sequenceNumber
    let acknowledgement = segment.acknowledgementNumber
    // Beside what §3.10.7.4 says: data sent again carries an old SEG.SEQ, but an ACK that moves SND.UNA is the peer's
    // latest word, and so is its window. Without it SND.UNA + SND.WND would pass what was ever offered.
    guard
      acknowledgement > unacknowledged || windowUpdateNumber < number
        || windowUpdateNumber == number && windowUpdateAcknowledgement <= acknowledgement
    else { return }
    sendWindow = Int(segment.window) << Int(sendWindowShift)
    if sendWindow > maximumSendWindow { maximumSendWindow = sendWindow }
    windowUpdateNumber = number
    windowUpdateAcknowledgement = acknowledgement
  }

  private mutating func advanceAcknowledged(
    to acknowledgement: SequenceNumber, _ segment: borrowing TCPSegment, at now: Instant
  ) -> Events {
    if recovery.doubt == .awaitsEcho, recovery.isForNothing(segment.options.timestamps?.echo) {
      if case .loss = recovery.phase { retransmission.passedTooSoon(after: roundTrip(segment, at: now)) }
      undoRecovery()
    }
    measureRoundTrip(to: acknowledgement, segment, at: now)
    if !recovery.isOpen, acknowledgement > recovery.highRetransmitted { retransmission.resetBackOff() }
    // While the window is what limits, its pace included, nothing more could have been in flight.
    let isLimiting = flightByteCount + segmentByteCount > congestion.window || isPacing || !recovery.isOpen
    let finIsAcknowledged = isFinSent && acknowledgement == sendMaximum
    let byteCount = acknowledgement - unacknowledged - (finIsAcknowledged ? 1 : 0)
    sendQueue.consume(byteCount)
    unacknowledged = acknowledgement
    if finIsAcknowledged { isFinAcknowledged = true }
    if sendNext < acknowledgement { sendNext = acknowledgement }
    if isSACKPermitted {
      scoreboard.acknowledge(acknowledgement)
      sentLog.acknowledge(acknowledgement, &rack)
    }
    waitingSince = now
    repair(byteCount, isLimiting: isLimiting, at: now)
    retransmitAt =
      unacknowledged == sendMaximum ? .never : now.advanced(byNanoseconds: retransmission.timeout)
    guard finIsAcknowledged else { return [] }
    switch state {
    case .finWait1:
      state = .finWait2
      if isOrphan { giveUpAt = now.advanced(byNanoseconds: configuration.orphanTimeout) }
    case .closing: return enterTimeWait(at: now)
    case .lastAck: return end()
    default: break
    }
    return []
  }

  private mutating func measureRoundTrip(
    to acknowledgement: SequenceNumber, _ segment: borrowing TCPSegment, at now: Instant
  ) {
    if let timed {
      guard acknowledgement >= timed.end else { return }
      retransmission.measured(now.nanoseconds - timed.at.nanoseconds)
      self.timed = nil
    } else if !recovery.isOpen, let roundTrip = roundTrip(segment, at: now),
      roundTrip <= now.nanoseconds - recovery.began.nanoseconds + RetransmissionTimer.granularity
    {
      // Segments sent again can be measured by what the peer echoes (RFC 7323 §4.1).
      retransmission.measured(roundTrip)
    }
  }

  /// How long ago what `segment` echoes was sent, if timestamps tell.
  private func roundTrip(_ segment: borrowing TCPSegment, at now: Instant) -> UInt64? {
    guard let timestamps, let echo = segment.options.timestamps?.echo else { return nil }
    return timestamps.roundTrip(echo, at: now)
  }

  /// New bytes are acknowledged: what that means for the repair of losses and for the congestion window.
  private mutating func repair(_ byteCount: Int, isLimiting: Bool, at now: Instant) {
    var (grown, isLimiting, latest) = (byteCount, isLimiting, rack.roundTrip)
    switch recovery.phase {
    case .open:
      recovery.duplicateCount = 0
      // Once passed it is forgotten: 2 GiB later it would lie ahead again.
      if let lastPoint = recovery.lastPoint, unacknowledged > lastPoint { recovery.lastPoint = nil }
    case .fast(let point):
      if unacknowledged >= point {
        endRecovery(at: point)
        congestion.repairedLoss()
        return
      }
      // A partial acknowledgement: the next hole is lost as well (RFC 6582 §3.2, step 3).
      if recovery.highRetransmitted < unacknowledged { recovery.highRetransmitted = unacknowledged }
      if !isSACKPermitted {
        recovery.highRetransmitted = unacknowledged
        recovery.mustRetransmitFront = true
        recovery.duplicateCount = max(
          0, recovery.duplicateCount - Int32(byteCount / max(1, segmentByteCount)))
      }
      return
    case .loss(let point):
      // What is acknowledged may have arrived before the loss: L is one segment (RFC 3465 §2.3).
      (grown, isLimiting, latest) = (min(byteCount, segmentByteCount), true, 0)
      if recovery.highRetransmitted < unacknowledged { recovery.highRetransmitted = unacknowledged }
      if unacknowledged >= point { endRecovery(at: point) }
    }
    congestion.acknowledged(
      grown, isLimiting: isLimiting, at: now, smoothed: retransmission.smoothed ?? 0, latest: latest)
  }

  private mutating func endRecovery(at point: SequenceNumber) {
    recovery.end(at: point)
    rack.recoveryEnded()
  }

  private mutating func takeDuplicate(at now: Instant) {
    counters.duplicateAcknowledgements &+= 1
    recovery.duplicateCount &+= 1
    // With SACK, RACK says what is a loss.
    guard !isSACKPermitted, recovery.isOpen, recovery.duplicateCount >= Scoreboard.duplicateThreshold,
      recovery.lastPoint.map({ unacknowledged > $0 }) ?? true
    else { return }
    beginFastRecovery(at: now)
  }

  /// A loss was found while nothing was known to be lost: by an ACK that told of `arrived` new bytes, or by the clock.
  ///
  /// What counts as in flight is what was when something was last sent. Several ACKs may have come since, one loop turn
  /// takes them all in: what they told of has left room that is still to be filled, and is not why the loss happened.
  mutating func beginFastRecovery(at now: Instant, arrived: Int = 0) {
    counters.fastRecoveries &+= 1
    let inNetwork = Int(inNetworkWhenSent)
    congestion.foundLoss(inFlight: windowInUse)
    recovery.begin(
      .fast(point: sendMaximum), from: unacknowledged, at: now, isSACKPermitted: isSACKPermitted)
    recovery.hasRescued = false
    let left = flightByteCount - sentLog.receivedByteCount
    recovery.rate = RateReduction(flight: inNetwork, delivered: inNetwork - left - arrived)
    // Karn: what is sent again cannot be measured.
    timed = nil
  }

  /// FlightSize of a loss, without what Limited Transmit sent (RFC 5681 §3.2, step 2): all of a window that had no room
  /// for another segment (RFC 9438 §4.6).
  var windowInUse: Int {
    @inline(__always) get {
      let inNetwork = Int(inNetworkWhenSent)
      return inNetwork + segmentByteCount > congestion.window ? congestion.window : inNetwork
    }
  }

  /// What is thought to be in the network (RFC 6675 §4, SetPipe).
  var pipeByteCount: Int {
    @inline(__always) get {
      switch recovery.phase {
      // With SACK what was reported has left the network, also while nothing is known to be lost (RFC 6675 §5, step
      // 3): new data takes its place.
      case _ where isSACKPermitted:
        return flightByteCount - sentLog.receivedByteCount - sentLog.lostByteCount
      case .open: return flightByteCount
      case .loss(let point):
        // All that was in flight then is lost, but for what was sent again.
        return max(0, recovery.highRetransmitted - unacknowledged)
          + max(0, sendMaximum - (point < unacknowledged ? unacknowledged : point))
      case .fast:
        let arrived = Int(recovery.duplicateCount) * segmentByteCount
        let lost = recovery.mustRetransmitFront ? segmentByteCount : 0
        return max(0, flightByteCount - arrived - lost)
      }
    }
  }
}
