// RFC 9293 §3.10.7, RFC 5961 and RFC 7323 §5 before changing this file.

import Bytes
import Platform
import Wire

extension Connection {
  /// Takes a segment of this connection that arrived at `now`. The peer's mistakes are counted and answered as the
  /// RFCs say; nothing traps. Cost: O(payload), plus O(pieces) while there are gaps.
  public mutating func receive(_ segment: borrowing TCPSegment, at now: Instant) -> Events {
    counters.segmentsReceived &+= 1
    switch state {
    case .closed, .timeWait: return []
    case .synSent: return receiveInSynSent(segment, at: now)
    default: break
    }
    let flags = segment.flags
    let number = segment.sequenceNumber
    if timestamps != nil, let refusal = checkTimestamp(segment, at: now) { return refusal }

    // First, the sequence number (§3.10.7.4).
    let length = segment.sequenceLength
    guard isAcceptable(number, length: length) else {
      counters.droppedOutsideWindow &+= 1
      if flags.contains(.rst) { return [] }
      // A SYN-ACK that was lost: the peer asks again, and gets the same answer.
      if state == .synReceived && flags.contains(.syn) && number + 1 == receiveNext && !flags.contains(.ack) {
        owesSYN = true
        return .transmitNow
      }
      // Data that came again: its sender lacks our ACK. One answer for one segment amplifies nothing.
      let events = hearOld(segment, at: now)
      if state == .closed || state == .timeWait { return events }
      if length > 0 && !flags.contains(.syn) {
        noteDuplicate(from: number, segment.payload.byteCount)
        owesAcknowledgement = true
        return events.union(.transmitNow)
      }
      return events.union(challenge(at: now))
    }
    lastReceivedAt = now
    keepAlivesUnanswered = 0

    // Second, RST: only exactly at RCV.NXT it is believed (RFC 5961 §3.2).
    if flags.contains(.rst) {
      guard number == receiveNext else {
        counters.droppedBlindReset &+= 1
        return challenge(at: now)
      }
      counters.resetsReceived &+= 1
      return fail(state == .synReceived && !isPassive ? .refused : .reset)
    }
    // Fourth, SYN (RFC 5961 §4.2).
    if flags.contains(.syn) {
      counters.droppedBlindSYN &+= 1
      return challenge(at: now)
    }
    // Fifth, ACK.
    guard flags.contains(.ack) else {
      counters.droppedBadFlags &+= 1
      return []
    }
    var events: Events = []
    let acknowledgement = segment.acknowledgementNumber
    if state == .synReceived {
      guard acknowledgement > unacknowledged, acknowledgement <= sendMaximum else {
        counters.droppedBadAcknowledgement &+= 1
        return .answerReset
      }
      // The last acceptable SYN was taken; scaling begins with this segment.
      windowUpdateNumber = number - 1
      synWasAcknowledged(at: now)
      events.formUnion([.established, .writable])
    }
    guard mayAcknowledge(acknowledgement) else {
      counters.droppedBadAcknowledgement &+= 1
      return challenge(at: now)
    }
    noteTimestamp(segment, at: now)
    events.formUnion(takeAcknowledgement(segment, at: now))
    if state == .closed || state == .timeWait { return events }

    // Sixth, URG, is of no use to us: urgent bytes are bytes (RFC 6093 §6). Seventh and eighth, data and FIN.
    if length > 0 { events.formUnion(takePayload(segment, at: now)) }
    return events
  }

  /// Whether any part of a segment lies in the receive window (§3.10.7.4, table 6). Into a closed window fits what
  /// begins at RCV.NXT: its data is left out, its ACK counts.
  @inline(__always)
  private func isAcceptable(_ number: SequenceNumber, length: Int) -> Bool {
    let offset = number - receiveNext
    let window = receiveEdge - receiveNext
    if offset == 0 { return true }
    // A peer that has filled the window has no other number for its ACKs than the one at its edge.
    if length == 0 { return offset > 0 && offset <= window }
    return offset < window && offset + length > 0
  }

  /// Takes the ACK of a segment that lies before RCV.NXT, if it acknowledges anything. Two ends that probed each other's
  /// closed windows at once, or had them taken back, have nothing else to say that the other's bytes were taken: what
  /// they send stands in the window that they were told, and the other has moved on.
  private mutating func hearOld(_ segment: borrowing TCPSegment, at now: Instant) -> Events {
    let age = receiveNext - segment.sequenceNumber
    guard age > 0, age <= max(0xffff, receiveWindowTarget), state.isSynchronized,
      segment.flags.intersection([.ack, .syn]) == .ack, mayAcknowledge(segment.acknowledgementNumber),
      segment.acknowledgementNumber > unacknowledged
    else { return [] }
    return takeAcknowledgement(segment, at: now)
  }

  /// Whether an ACK is of what was sent, and not too old (RFC 5961 §5.2).
  private func mayAcknowledge(_ number: SequenceNumber) -> Bool {
    number <= sendMaximum && unacknowledged - number <= max(maximumSendWindow, 1)
  }

  // MARK: Timestamps

  /// PAWS (RFC 7323 §5.3, R1): nil when the segment may go on.
  private mutating func checkTimestamp(_ segment: borrowing TCPSegment, at now: Instant) -> Events? {
    guard let timestamps, !segment.flags.contains(.rst) else { return nil }
    guard let theirs = segment.options.timestamps else {
      // A SYN sent again is answered whatever it carries.
      if segment.flags.contains(.syn) { return nil }
      counters.droppedNoTimestamp &+= 1
      return []
    }
    guard timestamps.isOld(theirs.value, at: now) else { return nil }
    counters.droppedOldTimestamp &+= 1
    return challenge(at: now)
  }

  /// TS.Recent (RFC 7323 §4.3): from segments that begin at or before what was last acknowledged.
  private mutating func noteTimestamp(_ segment: borrowing TCPSegment, at now: Instant) {
    guard let theirs = segment.options.timestamps, segment.sequenceNumber <= lastAcknowledgementSent else {
      return
    }
    timestamps?.take(theirs.value, at: now)
  }

  /// An ACK that tells the peer where we are, if the budget of this second allows one (RFC 5961 §7).
  @inline(never)
  mutating func challenge(at now: Instant) -> Events {
    if now.nanoseconds - challengesCountedFrom.nanoseconds >= 1_000_000_000 {
      challengesCountedFrom = now
      challengeBudget = Int32(clamping: configuration.challengesPerSecond)
    }
    guard challengeBudget > 0 else { return [] }
    challengeBudget -= 1
    owesAcknowledgement = true
    return .transmitNow
  }

  // MARK: Data

  /// Takes payload and FIN of an acceptable segment.
  mutating func takePayload(_ segment: borrowing TCPSegment, at now: Instant) -> Events {
    guard state.expectsData else {
      // After the peer's FIN there is nothing more to come; it may have missed our ACK.
      owesAcknowledgement = true
      return []
    }
    let payload = segment.payload
    let start = segment.sequenceNumber + (segment.flags.contains(.syn) ? 1 : 0)
    var events: Events = []
    if segment.flags.contains(.fin) {
      let number = start + payload.byteCount
      // Whether FIN lies in the window; at its very edge counts, too, since FIN takes no room.
      if number - receiveNext >= 0, number - receiveNext <= max(0, receiveEdge - receiveNext) {
        finNumber = finNumber ?? number
      }
      // In order or beyond a gap, it is answered at once.
      owesAcknowledgement = true
    }
    let skipped = receiveNext - start
    if payload.byteCount > 0 {
      if isOrphan && skipped < payload.byteCount {
        // Nobody will read it (RFC 9293 §3.10.4, RFC 1122 §4.2.2.13).
        return resetForUnreadData()
      }
      events.formUnion(store(payload, skipping: skipped, at: now))
    }
    if let finNumber, finNumber == receiveNext, !hasReceivedFin { events.formUnion(takeFin(at: now)) }
    return events
  }

  /// Stores what is new of a payload, `skipped` bytes of which arrived before (negative: a gap lies before it).
  private mutating func store(_ payload: RawSpan, skipping skipped: Int, at now: Instant) -> Events {
    guard skipped < payload.byteCount else {
      // All of it arrived before: an ACK of ours was lost, or the network made a copy.
      noteDuplicate(from: receiveNext - skipped, payload.byteCount)
      owesAcknowledgement = true
      return .transmitNow
    }
    let offset = max(0, -skipped)
    var end = payload.byteCount
    // Not beyond the peer's FIN, nor beyond the window.
    let room = receiveEdge - receiveNext - offset
    let first = max(0, skipped)
    end = min(end, first + room)
    if let finNumber { end = min(end, first + (finNumber - receiveNext) - offset) }
    guard end > first else {
      counters.droppedForMemory &+= 1
      owesAcknowledgement = true
      return []
    }
    let hadGap = receiveQueue.hasGap
    let limit = receiveEdge - receiveNext + receiveQueue.count
    switch receiveQueue.insert(payload.extracting(first..<end), at: offset, limit: limit) {
    case .advanced(let count):
      counters.bytesReceived &+= UInt64(count)
      receiveNext += count
      unacknowledgedByteCount += count
      inOrderByteCount = hadGap ? 0 : inOrderByteCount + count
      // At least every second full segment, and at once when a gap was closed (RFC 5681 §4.2).
      if hadGap || unacknowledgedByteCount >= 2 * min(localSegmentByteCount, segmentByteCount) {
        owesAcknowledgement = true
        return hadGap || unacknowledgedByteCount >= stretchByteCount ? [.readable, .transmitNow] : .readable
      }
      if acknowledgeAt == .never {
        acknowledgeAt = now.advanced(byNanoseconds: configuration.acknowledgementDelay)
      }
      return .readable
    case .beyondGap:
      counters.outOfOrderSegments &+= 1
      inOrderByteCount = 0
      owesAcknowledgement = true
      return .transmitNow
    case .noRoom:
      counters.droppedForMemory &+= 1
      owesAcknowledgement = true
      return .transmitNow
    }
  }

  /// `byteCount` bytes from `start` on arrived before and were delivered: the next ACK says so (D-SACK, RFC 2883 §4).
  private mutating func noteDuplicate(from start: SequenceNumber, _ byteCount: Int) {
    let end = start + byteCount
    guard isSACKPermitted, byteCount > 0, end <= receiveNext, receiveNext - end < receiveWindowTarget
    else { return }
    duplicateArrival = SACKBlock(start: start, end: end)
  }

  /// Unacknowledged bytes that do not wait for the end of the holder's turn, which may take in a whole window: every
  /// second segment while gaps are not long ago, as a single ACK may be lost, too; else a quarter of the window, for
  /// an ACK costs both ends as much as a segment (RFC 5681 §4.2 lets data that comes as one have one ACK).
  private var stretchByteCount: Int {
    inOrderByteCount < configuration.steadyByteCount ? 0 : receiveWindowTarget / 4
  }

  private mutating func takeFin(at now: Instant) -> Events {
    hasReceivedFin = true
    receiveNext += 1
    if receiveEdge < receiveNext { receiveEdge = receiveNext }
    // Also when what came before it is what closes the gap now.
    owesAcknowledgement = true
    switch state {
    case .established: state = .closeWait
    case .finWait1: state = .closing
    case .finWait2: return enterTimeWait(at: now).union(.readable)
    default: break
    }
    return .readable
  }
}
