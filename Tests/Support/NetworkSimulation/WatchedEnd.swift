// RFC 9293 §3.4 and §3.8, RFC 7323 §2 and §3, RFC 2018 §3 and §4, RFC 6928 §2 before changing this file.

import Bytes
import Wire

/// What one end of a connection was told and has said: the state behind `EndInvariants`.
final class WatchedEnd {
  /// What a SYN offered.
  private struct Offer {
    let number: SequenceNumber
    let options: TCPOptions
    let window: Int
  }

  // What it has said.
  private var own: Offer?
  private var end = SequenceNumber(0)
  private var finish: SequenceNumber?
  private var acknowledged: SequenceNumber?
  private var rightEdge: SequenceNumber?
  private var isEdgeFirm = false
  private var timestamp: UInt32?
  private var history = StreamHistory(start: SequenceNumber(0), limit: 1_024)

  // What it was told.
  private var peer: Offer?
  /// SYNs that arrived; which of them counts, the answer shows.
  private var offers: [Offer] = []
  private var arrived = ArrivedRanges(start: SequenceNumber(0))
  private var arrivedFinish: SequenceNumber?
  private var heardAcknowledgement: SequenceNumber?
  private var sendLimit: SequenceNumber?
  private var heardTimestamp: UInt32?
  /// Whether an ACK has arrived since bytes were sent.
  private var isAnswered = false

  // MARK: Hearing

  func hear(_ segment: SeenSegment) {
    let header = segment.header
    if header.flags.contains(.rst) { return }
    if header.flags.contains(.syn) { hearSYN(segment) }
    guard let peer else { return }
    if !header.flags.contains(.syn) {
      arrived.add(header.sequenceNumber, segment.sequenceLength)
      if header.flags.contains(.fin) { arrivedFinish = segment.end }
    }
    if !header.flags.contains(.syn) || header.sequenceNumber == peer.number {
      hear(header.options.timestamps)
    }
    guard header.flags.contains(.ack), header.acknowledgementNumber <= end else { return }
    if let own, end > own.number + 1 { isAnswered = true }
    let number = header.acknowledgementNumber
    heardAcknowledgement = heardAcknowledgement.map { $0 > number ? $0 : number } ?? number
    let isScaled = !header.flags.contains(.syn) && own?.options.windowScale != nil
    let edge = number + Int(header.window) << (isScaled ? Int(peer.options.windowScale ?? 0) : 0)
    sendLimit = sendLimit.map { $0 > edge ? $0 : edge } ?? edge
  }

  private func hear(_ timestamps: TCPTimestamps?) {
    guard let value = timestamps?.value else { return }
    let isNews = heardTimestamp.map { Int32(truncatingIfNeeded: value &- $0) > 0 } ?? true
    if isNews { heardTimestamp = value }
  }

  private func hearSYN(_ segment: SeenSegment) {
    let offer = Offer(
      number: segment.header.sequenceNumber, options: segment.header.options,
      window: Int(segment.header.window))
    if offers.count == 8 { offers.removeFirst() }
    offers.append(offer)
    // The answer to our SYN.
    if segment.header.flags.contains(.ack), peer == nil, let own,
      segment.header.acknowledgementNumber == own.number + 1
    {
      take(offer)
    }
  }

  private func take(_ offer: Offer) {
    peer = offer
    arrived = ArrivedRanges(start: offer.number + 1)
    arrivedFinish = nil
    heardTimestamp = nil
    // The same SYN may have come several times, each with its own time.
    for other in offers where other.number == offer.number { hear(other.options.timestamps) }
    sendLimit = nil
  }

  // MARK: Saying

  func judge(_ payload: RawSpan, _ judgement: inout Judgement) {
    let segment = judgement.segment
    let header = segment.header
    if header.flags.contains(.rst) { return }
    if header.flags.contains(.syn) { open(segment, &judgement) }
    guard let own else { return judgement.expect(false, "speaks without a SYN") }
    checkTimestamps(own, &judgement)
    if header.flags.contains(.ack) {
      guard peer != nil else { return judgement.expect(false, "acknowledges although no SYN arrived") }
      checkAcknowledgement(own, &judgement)
      checkSACK(own, &judgement)
    } else {
      judgement.expect(header.flags.contains(.syn), "neither SYN, RST nor ACK")
    }
    if !header.flags.contains(.syn) { checkSequence(own, payload, &judgement) }
    if segment.sequenceLength > 0 && header.sequenceNumber < end { judgement.isRetransmission = true }
    if segment.end > end { end = segment.end }
  }

  private func open(_ segment: SeenSegment, _ judgement: inout Judgement) {
    judgement.expect(segment.sequenceLength == 1, "SYN carries more than SYN")
    let header = segment.header
    // A SYN-ACK says which SYN it answers, and may answer a later one with the same number of its own.
    let asked = offers.last { $0.number + 1 == header.acknowledgementNumber }
    let isAnswer = header.flags.contains(.ack)
    let isAgain = own?.number == header.sequenceNumber && (!isAnswer || peer?.number == asked?.number)
    guard !isAgain else { return }
    let heard = offers
    forget()
    offers = heard
    own = Offer(
      number: header.sequenceNumber, options: header.options, window: Int(header.window))
    end = header.sequenceNumber
    history = StreamHistory(start: header.sequenceNumber + 1, limit: WireInvariants.historyByteCount)
    if isAnswer, let asked { take(asked) }
  }

  private func forget() {
    (own, peer, finish, acknowledged, rightEdge, isEdgeFirm, timestamp) = (
      nil, nil, nil, nil, nil, false, nil
    )
    (heardAcknowledgement, sendLimit, heardTimestamp, isAnswered) = (nil, nil, nil, false)
  }

  // MARK: Options

  private func checkTimestamps(_ own: Offer, _ judgement: inout Judgement) {
    let isSYN = judgement.segment.header.flags.contains(.syn)
    guard let timestamps = judgement.segment.header.options.timestamps else {
      let areNegotiated = own.options.timestamps != nil && peer?.options.timestamps != nil
      return judgement.expect(isSYN || !areNegotiated, "no timestamps although they were negotiated")
    }
    judgement.expect(
      isSYN || own.options.timestamps != nil && peer?.options.timestamps != nil,
      "timestamps that were not negotiated")
    if let timestamp {
      judgement.expect(
        Int32(truncatingIfNeeded: timestamps.value &- timestamp) >= 0, "the timestamp goes back")
    }
    timestamp = timestamps.value
    if judgement.segment.header.flags.contains(.ack), let heardTimestamp {
      judgement.expect(
        Int32(truncatingIfNeeded: heardTimestamp &- timestamps.echo) >= 0,
        "echoes a timestamp that did not arrive")
    }
  }

  private func checkSACK(_ own: Offer, _ judgement: inout Judgement) {
    let header = judgement.segment.header
    guard header.options.sackBlockCount > 0 else { return }
    judgement.expect(
      own.options.isSACKPermitted && peer?.options.isSACKPermitted == true, "SACK that was not negotiated")
    for index in 0..<header.options.sackBlockCount {
      let block = header.options.sackBlock(index)
      judgement.expect(block.start < block.end, "an empty SACK block")
      judgement.expect(arrived.contains(block), "a SACK block of what did not arrive")
      judgement.expect(
        block.start > header.acknowledgementNumber || index == 0 && judgement.allowsDuplicateSACK,
        "a SACK block at or below the ACK")
    }
  }

  // MARK: Acknowledgement and window

  private func checkAcknowledgement(_ own: Offer, _ judgement: inout Judgement) {
    let header = judgement.segment.header
    let number = header.acknowledgementNumber
    judgement.expect(number <= arrived.next, "acknowledges what did not arrive (\(arrived.next))")
    if let acknowledged {
      judgement.expect(number >= acknowledged, "acknowledges less than before (\(acknowledged))")
    }
    acknowledged = number
    let isSYN = header.flags.contains(.syn)
    let isScaled = !isSYN && peer?.options.windowScale != nil
    let unit = 1 << (isScaled ? Int(own.options.windowScale ?? 0) : 0)
    let edge = number + Int(header.window) * unit
    if let rightEdge {
      judgement.expect(
        !isEdgeFirm || isSYN || hasPeerEnded || rightEdge - edge < unit,
        "the window's right edge moves left by \(rightEdge - edge)")
      self.rightEdge = edge > rightEdge ? edge : rightEdge
    } else {
      rightEdge = edge
    }
    if !isSYN { isEdgeFirm = true }
  }

  /// Whether the peer's FIN has arrived with all before it: a window means nothing then.
  private var hasPeerEnded: Bool { arrivedFinish.map { arrived.next >= $0 } ?? false }

  // MARK: Sequence

  private func checkSequence(_ own: Offer, _ payload: RawSpan, _ judgement: inout Judgement) {
    let segment = judgement.segment
    let number = segment.header.sequenceNumber
    let length = segment.sequenceLength
    judgement.expect(number <= end || judgement.allowsSkips, "begins behind what was sent (\(end))")
    guard length > 0 else { return }
    guard let peer else { return judgement.expect(false, "sends before a SYN arrived") }
    let limit = sendLimit ?? own.number + 1 + peer.window
    judgement.expect(
      segment.end <= limit || length == 1 && segment.end <= limit + 1,
      "sends \(segment.end - limit) beyond the window")
    if let heardAcknowledgement, !judgement.mayHaveWaited {
      judgement.expect(segment.end > heardAcknowledgement, "sends again what was acknowledged")
    }
    let size = Int(peer.options.maximumSegmentSize ?? 536)
    judgement.expect(
      payload.byteCount + segment.header.options.byteCount <= size || judgement.isLarge,
      "\(payload.byteCount) bytes and options are more than the MSS of \(size)")
    // A duplicate ACK lets more out, too, and a probe of the tail may be one segment (RFC 8985 §7.3).
    judgement.expect(
      isAnswered || segment.end - own.number <= 2 + max(11 * size, 14_600),
      "sends \(segment.end - own.number) bytes before anything was answered")
    checkContent(payload, &judgement)
  }

  private func checkContent(_ payload: RawSpan, _ judgement: inout Judgement) {
    let number = judgement.segment.header.sequenceNumber
    let dataEnd = number + payload.byteCount
    if let finish { judgement.expect(dataEnd <= finish, "sends bytes behind its FIN at \(finish)") }
    if judgement.segment.header.flags.contains(.fin) {
      judgement.expect(finish == nil || finish == dataEnd, "FIN moves")
      finish = dataEnd
    }
    if judgement.allowsSkips && history.end < number {
      history = StreamHistory(start: number, limit: WireInvariants.historyByteCount)
    }
    // The bytes are looked at within the closure only.
    payload.withUnsafeBytes { bytes in
      switch history.check(bytes, at: number) {
      case .changed(let place): judgement.expect(false, "the byte at \(place) is another one than before")
      case .gap: judgement.expect(false, "bytes before it were never sent")
      case .fine: break
      }
    }
  }
}

/// What of a stream has arrived.
struct ArrivedRanges {
  /// Behind everything that arrived without a gap.
  private(set) var next: SequenceNumber
  private let start: SequenceNumber
  /// Beyond it, in order and apart.
  private var beyond: [SACKBlock] = []

  init(start: SequenceNumber) {
    self.start = start
    next = start
  }

  mutating func add(_ number: SequenceNumber, _ count: Int) {
    guard count > 0 else { return }
    // A forged number is far away; the order of what is more than 2^30 apart means nothing.
    guard abs(number - next) < 1 << 30 else { return }
    var block = SACKBlock(start: number, end: number + count)
    if block.end <= next { return }
    beyond.removeAll { other in
      guard other.start <= block.end, other.end >= block.start else { return false }
      if other.start < block.start { block.start = other.start }
      if other.end > block.end { block.end = other.end }
      return true
    }
    if block.start <= next {
      next = block.end
    } else {
      beyond.insert(block, at: beyond.firstIndex { $0.start > block.start } ?? beyond.count)
    }
  }

  /// Whether all of `block` has arrived.
  func contains(_ block: SACKBlock) -> Bool {
    if block.end <= next { return block.start >= start }
    return beyond.contains { $0.start <= block.start && block.end <= $0.end }
  }
}
