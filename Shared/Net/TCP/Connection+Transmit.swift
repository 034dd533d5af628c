// RFC 9293 §3.8, RFC 6675 §4 (NextSeg), RFC 8985 and RFC 5681 before changing this file.

import Bytes
import Platform
import Wire

extension Connection {
  /// What to send now; nil when there is nothing, or nothing that may be sent. Changes nothing: report by `didSend`.
  ///
  /// `largeByteCount` is the largest payload that the device cuts into segments by itself; 0 when it does not.
  ///
  /// `mutating` so that it is called in place: the compiler would else copy all of the connection, a kilobyte, first.
  public mutating func nextSegment(at now: Instant, largeByteCount: Int = 0) -> OutboundSegment? {
    guard let plan = plan(at: now, largeByteCount: largeByteCount) else { return nil }
    return segment(plan, at: now)
  }

  /// Which segment `nextSegment` shall make.
  private mutating func plan(at now: Instant, largeByteCount: Int) -> SegmentPlan? {
    if owesReset { return SegmentPlan(.reset, from: sendNext) }
    switch state {
    case .closed, .timeWait: return owesAcknowledgement ? planAcknowledgement() : nil
    case .synSent, .synReceived:
      if owesSYN { return SegmentPlan(.syn, from: initialSendNumber) }
      return owesAcknowledgement && state == .synReceived ? planAcknowledgement() : nil
    default: break
    }
    // While there is a gap, ACKs go alone: data would leave no room for SACK blocks (RFC 2018 §4), and an ACK with
    // data is no duplicate (RFC 5681 §2).
    if owesAcknowledgement, receiveQueue.hasGap || duplicateArrival != nil { return planAcknowledgement() }
    if !recovery.isOpen, let plan = planRetransmission() { return plan }
    if let plan = planNewData(at: now, largeByteCount: largeByteCount) { return plan }
    if owedProbe != .none { return planProbe() }
    return owesAcknowledgement ? planAcknowledgement() : nil
  }

  /// Lends the payload of `segment`, in two pieces.
  @inline(__always)
  public func withPayload<R, E: Error>(
    of segment: OutboundSegment, _ body: (RawSpan, RawSpan) throws(E) -> R
  ) throws(E) -> R {
    try sendQueue.withBytes(at: segment.payloadOffset, segment.payloadByteCount, body)
  }

  // MARK: Headers

  /// Makes the segment of a plan.
  private mutating func segment(_ plan: SegmentPlan, at now: Instant) -> OutboundSegment {
    var header = TCPHeader(
      sourcePort: localPort, destinationPort: remotePort, sequenceNumber: plan.number,
      acknowledgementNumber: receiveNext, flags: .ack, window: windowField)
    header.options.timestamps = timestamps?.option(at: now)
    switch plan.purpose {
    case .reset:
      header.flags = [.rst, .ack]
      header.window = 0
    case .syn: completeSYN(&header, at: now)
    case .acknowledgement: reportGaps(&header.options)
    case .keepAlive: break
    case .retransmission, .data, .windowProbe: header.flags = flags(of: plan)
    }
    return OutboundSegment(
      header, plan, payloadOffset: plan.byteCount == 0 ? 0 : plan.number - unacknowledged)
  }

  /// ACK; PSH and FIN when the segment ends with the last byte.
  private mutating func flags(of plan: SegmentPlan) -> TCPFlags {
    var flags: TCPFlags = .ack
    guard plan.end == sendQueueEnd else { return flags }
    if plan.byteCount > 0 { flags.insert(.psh) }
    // FIN takes a place of the window.
    let fits = plan.purpose != .data || plan.byteCount == 0 || plan.end < unacknowledged + sendWindow
    // Sent again is only what was sent: a FIN that is new would be acknowledged beyond what we know to be sent.
    if plan.purpose == .retransmission ? isFinSent : owesFin && fits { flags.insert(.fin) }
    return flags
  }

  /// What an ACK that goes alone tells of arrivals beside RCV.NXT.
  private mutating func reportGaps(_ options: inout TCPOptions) {
    guard isSACKPermitted else { return }
    var limit = TCPOptions.maximumSACKBlockCount - (timestamps == nil ? 0 : 1)
    if let duplicateArrival {
      options.appendSACKBlock(duplicateArrival)
      limit -= 1
    }
    if receiveQueue.hasGap { receiveQueue.report(into: &options, next: receiveNext, limit: limit) }
  }

  @inline(never)
  private mutating func planAcknowledgement() -> SegmentPlan {
    // Not SND.NXT: a probe that the peer took lies behind it. But behind a window that was taken back it would not be
    // acceptable to the peer, either.
    let edge = unacknowledged + sendWindow
    return SegmentPlan(
      .acknowledgement, from: sendMaximum > edge && state.isSynchronized ? edge : sendMaximum)
  }

  // MARK: Again

  private mutating func planRetransmission() -> SegmentPlan? {
    if isSACKPermitted { return planSelectiveRetransmission() }
    if recovery.mustRetransmitFront { return again(from: unacknowledged, to: sendMaximum) }
    // Without SACK only an RTO tells of more than the front.
    guard case .loss(let point) = recovery.phase, congestion.window - pipeByteCount >= segmentByteCount
    else { return nil }
    let from = recovery.highRetransmitted < unacknowledged ? unacknowledged : recovery.highRetransmitted
    // Only the front may go beyond a window that was taken back.
    guard from < unacknowledged + sendWindow else { return nil }
    return from < point ? again(from: from, to: point) : nil
  }

  /// With SACK: what RACK found to be lost, from the front on.
  private mutating func planSelectiveRetransmission() -> SegmentPlan? {
    let full = segmentByteCount
    let isFirst = recovery.mustRetransmitFront
    guard isFirst || allowance >= full else { return nil }
    let edge = unacknowledged + sendWindow
    if let lost = sentLog.firstLost {
      // Only the front may go beyond a window that was taken back.
      guard lost.start < edge || isFirst && lost.start == unacknowledged else { return nil }
      return again(from: lost.start, to: lost.end)
    }
    if isFirst { return again(from: unacknowledged, to: sendMaximum) }
    // Rule 4 of NextSeg: when there is no new data, once in a recovery, the last segment: what is lost behind all
    // that was reported shows when it arrives.
    guard case .fast = recovery.phase, !recovery.hasRescued, congestion.window - pipeByteCount >= full,
      sendNext == sendQueueEnd + (owesFin ? 1 : 0) || usableWindow <= 0
    else { return nil }
    let end = scoreboard.end ?? unacknowledged
    let from = recovery.highRetransmitted < unacknowledged ? unacknowledged : recovery.highRetransmitted
    guard end < sendMaximum, from < sendMaximum, from < edge else { return nil }
    return again(from: end > sendMaximum - full ? end : sendMaximum - full, to: sendMaximum)
  }

  mutating func again(from start: SequenceNumber, to end: SequenceNumber) -> SegmentPlan {
    // FIN stands behind the queue's last byte and comes with it, or alone.
    let byteCount = min(segmentByteCount, end - start, max(0, sendQueueEnd - start))
    // A window that was taken back still gets one byte, so that the peer says where it stands.
    let inWindow = max(1, unacknowledged + sendWindow - start)
    return SegmentPlan(.retransmission, from: start, min(byteCount, inWindow))
  }

  // MARK: New data

  /// Bytes that the peer's window still takes.
  var usableWindow: Int { unacknowledged + sendWindow - sendNext }

  private mutating func planNewData(at now: Instant, largeByteCount: Int) -> SegmentPlan? {
    let waiting = sendQueueEnd - sendNext
    let wantsFin = owesFin && sendNext <= sendQueueEnd
    guard waiting > 0 || wantsFin else { return nil }
    let full = segmentByteCount
    let window = usableWindow
    // While all is well, each of the first two duplicate ACKs lets a segment out (Limited Transmit, RFC 3042); with
    // SACK, what it reports is out of the pipe.
    let limited = recovery.isOpen && !isSACKPermitted ? Int(min(recovery.duplicateCount, 2)) * full : 0
    let allowed = allowance + limited
    if waiting <= 0 {
      // FIN alone; the window may be closed but not the congestion window.
      return window > 0 && allowed > 0 ? SegmentPlan(.data, from: sendNext) : nil
    }
    var byteCount = min(waiting, window, allowed)
    guard byteCount > 0 else { return nil }
    if byteCount < waiting || waiting > full {
      if byteCount >= full {
        // Whole segments; what is left over follows when there is more room.
        if byteCount < waiting { byteCount -= byteCount % full }
      } else if byteCount < waiting {
        // Silly windows (RFC 9293 §3.8.6.2.1): less than a segment only when it is half of the largest window, or
        // when it has waited long enough.
        guard byteCount == window, byteCount * 2 >= maximumSendWindow || owedProbe == .window else {
          return nil
        }
      }
    }
    let maximum = max(full, largeByteCount - largeByteCount % full)
    if byteCount > maximum { byteCount = maximum }
    byteCount = paced(byteCount, at: now)
    guard byteCount > 0 else { return nil }
    // Nagle (RFC 9293 §3.7.4). The short end of a large segment is a segment behind others in flight.
    if isNagleEnabled && !isFinishing {
      if byteCount > full { byteCount -= byteCount % full }
      if byteCount < full && flightByteCount > 0 { return nil }
    }
    var plan = SegmentPlan(.data, from: sendNext, byteCount)
    if byteCount > full { plan.segmentByteCount = full }
    return plan
  }

  private mutating func planProbe() -> SegmentPlan {
    if owedProbe == .tail { return planTailProbe() }
    if owedProbe == .window, sendQueueEnd > unacknowledged || owesFin {
      // One byte beyond the closed window (RFC 9293 §3.8.6.1); what an open one takes was sent as data.
      return SegmentPlan(.windowProbe, from: unacknowledged, min(sendQueue.count, 1))
    }
    // A keep-alive segment stands before the window, so that it must be answered (RFC 9293 §3.8.4).
    return SegmentPlan(.keepAlive, from: unacknowledged - 1)
  }

  // MARK: Sent

  /// `segment`, which `nextSegment` gave, is on its way.
  public mutating func didSend(_ segment: OutboundSegment, at now: Instant) {
    counters.segmentsSent &+= 1
    if segment.payloadByteCount > 0 { lastSentAt = now }
    if segment.header.flags.contains(.ack) {
      owesAcknowledgement = false
      unacknowledgedByteCount = 0
      acknowledgeAt = .never
      lastAcknowledgementSent = receiveNext
      if !segment.header.flags.contains(.syn) {
        let edge = receiveNext + Int(segment.header.window) << Int(receiveWindowShift)
        if edge > receiveEdge { receiveEdge = edge }
      } else {
        receiveEdge = receiveNext + Int(segment.header.window)
      }
    }
    let end = segment.header.sequenceNumber + segment.sequenceLength
    switch segment.purpose {
    case .reset:
      counters.resetsSent &+= 1
      owesReset = false
    case .syn: didSendSYN(at: now)
    case .data:
      if recovery.isFast { recovery.rate.didSend(segment.payloadByteCount) }
      didSendData(segment, to: end, at: now)
    case .retransmission:
      counters.retransmissions &+= 1
      if case .fast = recovery.phase, isSACKPermitted, !recovery.mustRetransmitFront,
        !sentLog.isLost(at: segment.header.sequenceNumber)
      {
        recovery.hasRescued = true
      } else if end > recovery.highRetransmitted {
        recovery.highRetransmitted = end
      }
      if !recovery.isOpen { recovery.didRetransmit(segment) }
      if recovery.isFast { recovery.rate.didSend(segment.payloadByteCount) }
      logSent(segment, to: end, at: now)
      inNetworkWhenSent = Int32(flightByteCount - sentLog.receivedByteCount)
      recovery.mustRetransmitFront = false
      timed = nil
      retransmitAt = now.advanced(byNanoseconds: retransmission.timeout)
    case .windowProbe:
      counters.probes &+= 1
      owedProbe = .none
      if end > sendMaximum { sendMaximum = end }
      logSent(segment, to: end, at: now)
      timed = nil
    case .keepAlive:
      counters.probes &+= 1
      owedProbe = .none
    // Said once (RFC 2883 §4).
    case .acknowledgement: duplicateArrival = nil
    }
  }

  private mutating func didSendSYN(at now: Instant) {
    owesSYN = false
    sendNext = initialSendNumber + 1
    if sendMaximum == sendNext {
      counters.retransmissions &+= 1
      timed = nil
    } else {
      timed = (sendNext, now)
    }
    sendMaximum = sendNext
    retransmitAt = now.advanced(byNanoseconds: retransmission.timeout)
  }

  private mutating func didSendData(_ segment: OutboundSegment, to end: SequenceNumber, at now: Instant) {
    counters.bytesSent &+= UInt64(segment.payloadByteCount)
    if unacknowledged == sendMaximum { waitingSince = now }
    sendNext = end
    didPace(segment.payloadByteCount, at: now)
    if end > sendMaximum {
      sendMaximum = end
      if timed == nil && recovery.isOpen { timed = (end, now) }
    }
    inNetworkWhenSent = Int32(flightByteCount - sentLog.receivedByteCount)
    persistAt = .never
    if retransmitAt == .never { retransmitAt = now.advanced(byNanoseconds: retransmission.timeout) }
    logSent(segment, to: end, at: now)
    owedProbe = .none
    if isSACKPermitted, !hasGapAtPeer { scheduleTailProbe(at: now) }
  }

  /// Keeps when it was sent, and whether it answers for a tail-loss probe.
  private mutating func logSent(_ segment: OutboundSegment, to end: SequenceNumber, at now: Instant) {
    guard isSACKPermitted else { return }
    let size = segment.segmentByteCount > 0 ? segment.segmentByteCount : segment.payloadByteCount
    sentLog.transmitted(
      from: segment.header.sequenceNumber, to: end, size: UInt16(truncatingIfNeeded: size), at: now)
    guard owedProbe == .tail else { return }
    counters.tailProbes &+= 1
    owedProbe = .none
    tailProbe = TailProbe(end: sendMaximum, isAgain: segment.purpose == .retransmission)
    retransmitAt = now.advanced(byNanoseconds: retransmission.timeout)
  }

  /// Nothing more can be sent for now: starts the timer that looks again when no ACK will come to tell us.
  public mutating func settle(at now: Instant) {
    guard state.isSynchronized, state != .timeWait else { return }
    let hasUnsent = sendNext < sendQueueEnd || owesFin && sendNext <= sendQueueEnd
    guard hasUnsent, unacknowledged == sendNext, persistAt == .never, !isPacing, owedProbe == .none else {
      return
    }
    // Nothing was asked yet that the peer could have answered.
    if unacknowledged == sendMaximum { waitingSince = now }
    persistAt = now.advanced(byNanoseconds: persistInterval)
  }

  /// RTO, doubled with every probe (RFC 9293 §3.8.6.1).
  private var persistInterval: UInt64 {
    @inline(__always) get {
      min(
        configuration.maximumRetransmissionTimeout, retransmission.timeout << UInt64(min(persistCount, 16)))
    }
  }
}
