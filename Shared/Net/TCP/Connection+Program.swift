// RFC 9293 §3.9.1 and §3.10.2 to §3.10.5 before changing this file.

import Bytes
import Platform
import Wire

/// The calls of the program that has the connection.
///
/// Here and beside, what a mutating function asks of `self` is always inlined, or mutating too: for another call the
/// compiler would copy all of the connection, a kilobyte, first.
extension Connection {
  /// Bytes that `send` would take now.
  public var sendRoom: Int {
    @inline(__always) get {
      guard state == .established || state == .closeWait, !isFinishing else { return 0 }
      return max(0, sendQueueCapacity - sendQueue.count)
    }
  }

  /// What `send` fills the queue up to. The block may be larger: its size is a power of two, and the limit falls with
  /// the congestion window.
  private var sendQueueCapacity: Int {
    @inline(__always) get {
      let limit = sendQueueLimit
      return min(limit, sendQueue.possibleCapacity(upTo: limit))
    }
  }

  /// What the queue may hold: two congestion windows keep the path busy, more would only wait longer. What SACK
  /// reports is here for the sake of a gap only; if it took room, the program would fall silent before that is repaired.
  private var sendQueueLimit: Int {
    @inline(__always) get {
      min(
        configuration.maximumSendQueueByteCount,
        max(64 << 10, 2 * congestion.window) + sentLog.receivedByteCount)
    }
  }

  /// Whether a program that waits for room should be woken: half the queue is free, beside what SACK reports.
  var sendQueueHasRoom: Bool {
    @inline(__always) get {
      let received = sentLog.receivedByteCount
      return (sendQueue.count - received) * 2 <= sendQueueCapacity - received
    }
  }

  /// Takes as many of `bytes` as fit; 0 when none do, before the connection is established, and after `finish`.
  public mutating func send(_ bytes: RawSpan, at now: Instant) -> Int {
    guard state == .established || state == .closeWait, !isFinishing else { return 0 }
    if flightByteCount == 0, now.nanoseconds - lastSentAt.nanoseconds > retransmission.timeout {
      congestion.wasIdle()
    }
    return sendQueue.append(bytes, limit: sendQueueCapacity)
  }

  /// Moves bytes that arrived in order into `room`; returns how many.
  @_lifetime(room: copy room)
  public mutating func receive(into room: inout OutputRawSpan) -> (byteCount: Int, events: Events) {
    let count = receiveQueue.read(into: &room)
    return (count, count > 0 ? didRead(count) : [])
  }

  /// Whether the peer has finished and everything it sent was read.
  public var isAtEnd: Bool { hasReceivedFin && receiveQueue.count == 0 }

  /// No more bytes follow: FIN goes out behind the last one. Safe to repeat.
  public mutating func finish() {
    guard !isFinishing else { return }
    switch state {
    case .established: state = .finWait1
    case .closeWait: state = .lastAck
    // FIN follows once the connection is established.
    case .synSent, .synReceived: break
    default: return
    }
    isFinishing = true
  }

  /// The program lets go. What was sent is still delivered; what arrives from now on is answered with RST, and so is
  /// what arrived and was never read (RFC 1122 §4.2.2.13).
  public mutating func close(at now: Instant) -> Events {
    guard !isOrphan else { return [] }
    isOrphan = true
    switch state {
    case .closed, .timeWait:
      receiveQueue.removeAll()
      return []
    case .synSent:
      return end()
    default: break
    }
    if receiveQueue.count > 0 || receiveQueue.hasGap { return resetForUnreadData() }
    finish()
    if state != .synReceived { giveUpAt = now.advanced(byNanoseconds: configuration.orphanTimeout) }
    orphanProgress = unacknowledged
    return []
  }

  /// The program gives up: RST goes out, and both queues are forgotten.
  public mutating func abort() -> Events {
    switch state {
    case .closed, .timeWait: return []
    case .synSent: break
    default: owesReset = true
    }
    isOrphan = true
    return discard()
  }

  // MARK: Ends

  mutating func resetForUnreadData() -> Events {
    owesReset = true
    return discard()
  }

  /// Nobody will read any more.
  @inline(never)
  private mutating func discard() -> Events {
    receiveQueue.removeAll()
    return fail(.aborted).union(.transmitNow)
  }

  /// The connection has failed.
  @inline(never)
  mutating func fail(_ failure: Failure) -> Events {
    self.failure = failure
    counters.failures &+= 1
    return end()
  }

  /// The connection is over.
  @inline(never)
  mutating func end() -> Events {
    state = .closed
    owesAcknowledgement = false
    owesSYN = false
    owedProbe = .none
    stopTimers()
    sendQueue.consume(sendQueue.count)
    receiveQueue.discardPieces()
    return [.ended, .readable, .writable]
  }

  /// TIME-WAIT: what is left to do is a matter of `TimeWait`.
  @inline(never)
  mutating func enterTimeWait(at now: Instant) -> Events {
    state = .timeWait
    stopTimers()
    return [.ended, .readable, .writable]
  }

  /// An ICMP error quotes a segment of ours (RFC 9293 §3.9.2.2, RFC 5927 §5.2): fatal only for a connection that is
  /// not established, and only when the quoted number was in flight. `isHard`: protocol or port unreachable, or
  /// prohibited; others are temporary and are only heard while nobody has answered yet.
  public mutating func receiveError(quoting number: SequenceNumber, isHard: Bool) -> Events {
    guard state == .synSent, number == initialSendNumber else { return [] }
    return fail(isHard ? .refused : .unreachable)
  }
}
