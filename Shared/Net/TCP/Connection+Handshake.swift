// RFC 9293 §3.5 and §3.10.7.3, RFC 7323 §2.2 and §3.2, RFC 2018 §2 before changing this file.

import Platform
import Wire

extension Connection {
  /// Takes what a SYN says: the peer's first number and its options.
  mutating func takeSYN(_ options: TCPOptions, number: SequenceNumber, at now: Instant) {
    receiveNext = number + 1
    receiveEdge = receiveNext
    lastAcknowledgementSent = receiveNext
    let asked = Int(options.maximumSegmentSize ?? 536)
    path.agreedByteCount = UInt16(
      max(configuration.minimumSegmentByteCount, min(asked, localSegmentByteCount)))
    if let shift = options.windowScale {
      sendWindowShift = shift
      peerScales = true
    } else {
      // One side without scaling is both without (RFC 7323 §2.2).
      receiveWindowShift = 0
      receiveWindowTarget = min(receiveWindowTarget, 0xffff)
    }
    isSACKPermitted = options.isSACKPermitted
    if let theirs = options.timestamps {
      var ours = Timestamps(offset: timestampOffset)
      ours.take(theirs.value, at: now)
      timestamps = ours
    }
    segmentByteCount = Int(path.agreedByteCount) - optionByteCount
    beginCongestionControl(segmentCount: configuration.initialWindowSegmentCount)
  }

  private mutating func beginCongestionControl(segmentCount: Int) {
    let segment = segmentByteCount
    congestion = CongestionController(
      configuration.congestionAlgorithm, segmentByteCount: segment,
      initialWindow: Self.initialWindow(segmentCount: segmentCount, segmentByteCount: segment))
  }

  /// IW of RFC 6928 §2, in bytes: ten segments, but of jumbo frames no more than of others, or two.
  static func initialWindow(segmentCount: Int, segmentByteCount: Int) -> Int {
    min(segmentCount * segmentByteCount, max(2 * segmentByteCount, segmentCount * 1460))
  }

  /// The window of a segment with SYN is never scaled (RFC 7323 §2.2).
  mutating func takeWindowOfSYN(_ segment: borrowing TCPSegment) {
    sendWindow = Int(segment.window)
    maximumSendWindow = sendWindow
    windowUpdateNumber = segment.sequenceNumber
    windowUpdateAcknowledgement = segment.acknowledgementNumber
  }

  /// A segment while in SYN-SENT.
  mutating func receiveInSynSent(_ segment: borrowing TCPSegment, at now: Instant) -> Events {
    let flags = segment.flags
    if flags.contains(.ack) {
      let number = segment.acknowledgementNumber
      // SEG.ACK =< ISS, or > SND.NXT. Also before our SYN went out at all.
      guard number > initialSendNumber, number <= sendMaximum else {
        counters.droppedBadAcknowledgement &+= 1
        return flags.contains(.rst) ? [] : .answerReset
      }
    }
    if flags.contains(.rst) {
      guard flags.contains(.ack) else { return [] }
      counters.resetsReceived &+= 1
      return fail(.refused)
    }
    guard flags.contains(.syn) else {
      counters.droppedBadFlags &+= 1
      return []
    }
    takeSYN(segment.options, number: segment.sequenceNumber, at: now)
    takeWindowOfSYN(segment)
    lastReceivedAt = now
    guard flags.contains(.ack) else {
      // Both opened at once (RFC 9293 §3.5, figure 7).
      state = .synReceived
      owesSYN = true
      retransmitAt = .never
      return .transmitNow
    }
    owesAcknowledgement = true
    synWasAcknowledged(at: now)
    let events = takePayload(segment, at: now)
    return events.union([.established, .writable])
  }

  /// Our SYN is acknowledged: ESTABLISHED, or FIN-WAIT-1 when the program has finished already.
  mutating func synWasAcknowledged(at now: Instant) {
    if let timed { retransmission.measured(now.nanoseconds - timed.at.nanoseconds) }
    timed = nil
    // More than 1 segment would meet the congestion that the SYN met (RFC 5681 §3.1).
    if retransmission.backoffCount > 0 { beginCongestionControl(segmentCount: 1) }
    retransmission.handshakeEnded()
    unacknowledged = initialSendNumber + 1
    sendNext = unacknowledged
    sendMaximum = unacknowledged
    sentLog.begin(at: unacknowledged)
    rack.begin(at: unacknowledged)
    state = isFinishing ? .finWait1 : .established
    owesSYN = false
    retransmitAt = .never
    giveUpAt = isOrphan ? now.advanced(byNanoseconds: configuration.orphanTimeout) : .never
    waitingSince = now
    scheduleKeepAlive(at: now)
  }

  /// Makes `header` that of our SYN or SYN-ACK. RCV.NXT is 0 before the peer's SYN came.
  mutating func completeSYN(_ header: inout TCPHeader, at now: Instant) {
    let isAnswer = state == .synReceived
    header.flags = isAnswer ? [.syn, .ack] : .syn
    header.window = UInt16(min(offerableWindow, 0xffff))
    header.options.maximumSegmentSize = UInt16(localSegmentByteCount)
    // An answer has only the options that the SYN had. `receiveWindowShift` is 0 as well when ours needs no scaling,
    // but the peer's may: then 0 is said.
    if !isAnswer || peerScales { header.options.windowScale = receiveWindowShift }
    header.options.isSACKPermitted = !isAnswer || isSACKPermitted
    guard !isAnswer else { return }
    header.options.timestamps = Timestamps(offset: timestampOffset).option(at: now)
  }
}
