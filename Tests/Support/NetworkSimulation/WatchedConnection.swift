// RFC 9293 §3.4, §3.8 and §3.10, RFC 7323 §2 and §3, RFC 2018 §3 and §4 before changing this file.

import Bytes
import Wire

/// What was seen of a connection: the state behind `WireInvariants`.
final class WatchedConnection {
  /// What one end has sent.
  struct Direction {
    /// Its ISN, once its SYN was seen.
    var initial: SequenceNumber?
    /// Behind the last place it has used, SYN and FIN included.
    var end = SequenceNumber(0)
    /// The place of its FIN.
    var finish: SequenceNumber?
    /// What its SYN offered.
    var options = TCPOptions()
    var synWindow = 0
    /// The highest acknowledgement it has sent.
    var acknowledged: SequenceNumber?
    /// How far it allows the peer to send; nil before its first acknowledgement.
    var rightEdge: SequenceNumber?
    /// Whether an acknowledgement behind the handshake has set `rightEdge`.
    var isEdgeFirm = false
    var timestamp: UInt32?
    var history: StreamHistory?
  }

  var forward = Direction()
  var backward = Direction()

  /// Whether both ends have finished and know it of each other.
  var isOver: Bool { isFinished(forward, backward) && isFinished(backward, forward) }

  private func isFinished(_ sender: Direction, _ peer: Direction) -> Bool {
    guard let finish = sender.finish, let acknowledged = peer.acknowledged else { return false }
    return acknowledged > finish
  }

  /// Looks at a segment of `sender` and remembers it.
  func judge(
    _ sender: inout Direction, _ peer: inout Direction, _ payload: RawSpan, _ judgement: inout Judgement
  ) {
    let segment = judgement.segment
    if segment.header.flags.contains(.syn) { open(&sender, &peer, segment) }
    guard let initial = sender.initial else { return }
    if segment.header.flags.contains(.rst) {
      if segment.header.flags.contains(.ack), peer.initial != nil {
        judgement.expect(
          segment.header.acknowledgementNumber <= peer.end, "RST acknowledges what was not sent")
      }
      return
    }
    checkTimestamps(&sender, peer, &judgement)
    if segment.header.flags.contains(.ack) {
      guard peer.initial != nil else {
        return judgement.expect(false, "acknowledges although the peer has not sent a SYN")
      }
      checkAcknowledgement(&sender, peer, &judgement)
      checkSACK(sender, peer, &judgement)
    } else {
      judgement.expect(segment.header.flags.contains(.syn), "neither SYN, RST nor ACK")
    }
    checkSequence(&sender, peer, initial, payload, &judgement)
  }

  private func open(_ sender: inout Direction, _ peer: inout Direction, _ segment: SeenSegment) {
    guard sender.initial != segment.header.sequenceNumber else { return }
    // A SYN-ACK that is sent again to a connection that was forgotten.
    if segment.header.flags.contains(.ack) && peer.initial == nil { return }
    if sender.initial != nil {
      // Another incarnation (RFC 9293 §3.4). A SYN alone forgets what the peer did in the last one, too. A SYN-ACK
      // answers an old duplicate of the peer's SYN, and the peer, in TIME-WAIT, still speaks of the last one.
      peer = Direction()
      if segment.header.flags.contains(.ack) {
        sender = Direction()
        return
      }
    }
    sender = Direction()
    sender.initial = segment.header.sequenceNumber
    sender.end = segment.header.sequenceNumber
    sender.options = segment.header.options
    sender.synWindow = Int(segment.header.window)
    sender.history = StreamHistory(
      start: segment.header.sequenceNumber + 1, limit: WireInvariants.historyByteCount)
  }

  // MARK: Options

  private func checkTimestamps(_ sender: inout Direction, _ peer: Direction, _ judgement: inout Judgement) {
    guard let timestamps = judgement.segment.header.options.timestamps else {
      // Both SYNs had them: every segment has, but RST (RFC 7323 §3.2).
      let areNegotiated = sender.options.timestamps != nil && peer.options.timestamps != nil
      return judgement.expect(!areNegotiated, "no timestamps although they were negotiated")
    }
    judgement.expect(sender.options.timestamps != nil, "timestamps that the SYN did not offer")
    if let last = sender.timestamp {
      judgement.expect(Int32(truncatingIfNeeded: timestamps.value &- last) >= 0, "the timestamp goes back")
    }
    sender.timestamp = timestamps.value
    if judgement.segment.header.flags.contains(.ack), let last = peer.timestamp {
      judgement.expect(
        Int32(truncatingIfNeeded: last &- timestamps.echo) >= 0, "echoes a timestamp that was not sent")
    }
  }

  private func checkSACK(_ sender: Direction, _ peer: Direction, _ judgement: inout Judgement) {
    let header = judgement.segment.header
    guard header.options.sackBlockCount > 0 else { return }
    judgement.expect(
      sender.options.isSACKPermitted && peer.options.isSACKPermitted, "SACK that was not negotiated")
    for index in 0..<header.options.sackBlockCount {
      let block = header.options.sackBlock(index)
      judgement.expect(block.start < block.end, "an empty SACK block")
      judgement.expect(block.end <= peer.end, "a SACK block beyond what was sent")
      let isDuplicate = index == 0 && judgement.allowsDuplicateSACK
      judgement.expect(
        block.start > header.acknowledgementNumber || isDuplicate, "a SACK block at or below the ACK")
    }
  }

  // MARK: Acknowledgement and window

  private func checkAcknowledgement(
    _ sender: inout Direction, _ peer: Direction, _ judgement: inout Judgement
  ) {
    let header = judgement.segment.header
    let acknowledgement = header.acknowledgementNumber
    judgement.expect(acknowledgement <= peer.end, "acknowledges what was not sent (\(peer.end))")
    if let last = sender.acknowledged {
      judgement.expect(acknowledgement >= last, "acknowledges less than before (\(last))")
    }
    sender.acknowledged = acknowledgement
    // The window of a SYN is not scaled (RFC 7323 §2.2).
    let isSYN = header.flags.contains(.syn)
    let isScaled = !isSYN && sender.options.windowScale != nil && peer.options.windowScale != nil
    let unit = 1 << (isScaled ? Int(sender.options.windowScale!) : 0)
    let edge = acknowledgement + Int(header.window) * unit
    // Behind the peer's FIN a window means nothing. Less than a unit may be lost to rounding (RFC 7323 §2.4).
    let isAtEnd = peer.finish.map { acknowledgement > $0 } ?? false
    if let last = sender.rightEdge {
      judgement.expect(
        !sender.isEdgeFirm || isAtEnd || isSYN || last - edge < unit,
        "the window's right edge moves left by \(last - edge)")
      sender.rightEdge = edge > last ? edge : last
    } else {
      sender.rightEdge = edge
    }
    if !isSYN { sender.isEdgeFirm = true }
  }

  // MARK: Sequence

  private func checkSequence(
    _ sender: inout Direction, _ peer: Direction, _ initial: SequenceNumber, _ payload: RawSpan,
    _ judgement: inout Judgement
  ) {
    let segment = judgement.segment
    let header = segment.header
    let length = segment.sequenceLength
    judgement.expect(
      header.sequenceNumber <= sender.end || judgement.allowsSkips,
      "begins behind what was sent (\(sender.end))")
    if header.flags.contains(.syn) {
      judgement.expect(payload.byteCount == 0 && !header.flags.contains(.fin), "SYN carries more than SYN")
    } else if length > 0 {
      judgement.expect(peer.initial != nil, "sends before the peer's SYN")
      let limit = peer.rightEdge ?? initial + 1 + peer.synWindow
      judgement.expect(
        segment.end <= limit || length == 1 && segment.end <= limit + 1,
        "sends \(segment.end - limit) beyond the window")
      checkSize(peer, payload, &judgement)
      checkContent(&sender, payload, &judgement)
    }
    if length > 0 && header.sequenceNumber < sender.end { judgement.isRetransmission = true }
    if segment.end > sender.end { sender.end = segment.end }
  }

  /// The MSS counts the options as if they were payload (RFC 6691 §2); without the option it is 536 (RFC 9293 §3.7.1).
  private func checkSize(_ peer: Direction, _ payload: RawSpan, _ judgement: inout Judgement) {
    let limit = Int(peer.options.maximumSegmentSize ?? 536)
    let size = payload.byteCount + judgement.segment.header.options.byteCount
    judgement.expect(size <= limit || judgement.isLarge, "\(size) bytes are more than the MSS of \(limit)")
  }

  private func checkContent(_ sender: inout Direction, _ payload: RawSpan, _ judgement: inout Judgement) {
    let segment = judgement.segment
    let dataEnd = segment.header.sequenceNumber + payload.byteCount
    if let finish = sender.finish {
      judgement.expect(dataEnd <= finish, "sends bytes behind its FIN at \(finish)")
    }
    if segment.header.flags.contains(.fin) {
      judgement.expect(sender.finish == nil || sender.finish == dataEnd, "FIN moves")
      sender.finish = dataEnd
    }
    // The bytes are looked at within the closure only.
    payload.withUnsafeBytes { bytes in
      if judgement.allowsSkips, let history = sender.history, history.end < segment.header.sequenceNumber {
        // What was skipped is not known, so what comes before it cannot be kept either.
        sender.history = StreamHistory(
          start: segment.header.sequenceNumber, limit: WireInvariants.historyByteCount)
      }
      switch sender.history?.check(bytes, at: segment.header.sequenceNumber) {
      case .changed(let place): judgement.expect(false, "the byte at \(place) is another one than before")
      case .gap: judgement.expect(false, "bytes before it were never sent")
      case .fine, nil: break
      }
    }
  }
}
