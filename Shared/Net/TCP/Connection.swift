// RFC 9293 §3.3 and §3.10 before changing this file.

import Bytes
import Platform
import Wire

/// One TCP connection as a state machine: it is given segments, calls of its program, and the time, and says what to
/// send. It does no I/O, reads no clock and draws no random numbers.
///
/// Its holder calls `nextSegment` after every event until there is none, sends each and reports it by `didSend`, then
/// calls `settle`; and `advance` when `deadline` has come. Addresses are the holder's affair.
///
/// Segments are received and sent without allocation once the queues are warm and as long as nothing is lost.
public struct Connection: ~Copyable {
  // In the order of use: what nearly every segment needs stands within 128 bytes, which are two lines of a processor's
  // cache, and where an instruction names a place in one byte. What is set once comes last.

  let counters: Counters

  // MARK: Sequence variables (RFC 9293 §3.3.1)

  /// SND.UNA. Once synchronised it is the number of the send queue's first byte.
  var unacknowledged: SequenceNumber
  /// SND.NXT.
  var sendNext: SequenceNumber
  /// Behind the last place ever sent. Ahead of SND.NXT only by a zero-window probe.
  var sendMaximum: SequenceNumber
  /// RCV.NXT.
  var receiveNext = SequenceNumber(0)
  /// RCV.NXT + RCV.WND: the right edge of the window as last told. Never moves left.
  var receiveEdge = SequenceNumber(0)
  /// Last.ACK.sent (RFC 7323 §4.3).
  var lastAcknowledgementSent = SequenceNumber(0)
  /// SND.WND, scaled.
  var sendWindow = 0
  /// SMSS: the payload of a full segment, options taken off (RFC 6691).
  var segmentByteCount: Int
  /// When to send again; `.never` when that timer is not running.
  var retransmitAt = Instant.never
  /// Both sent timestamps.
  var timestamps: Timestamps?

  // MARK: State

  /// Where it stands.
  public internal(set) var state: State
  /// Why it ended, if not well.
  public internal(set) var failure: Failure?
  /// Whether its program has let go of it.
  public internal(set) var isOrphan = false
  /// Our program has finished: FIN follows the last byte.
  var isFinishing = false
  /// The peer has acknowledged our FIN.
  var isFinAcknowledged = false
  /// Whether RCV.NXT stands behind the peer's FIN.
  var hasReceivedFin = false
  /// Both allowed SACK.
  var isSACKPermitted = false
  /// An ACK must go out.
  var owesAcknowledgement = false
  /// SYN, or SYN and ACK, must go out.
  var owesSYN: Bool
  /// RST must go out; the connection is over.
  var owesReset = false
  /// A probe must go out.
  var owedProbe = Probe.none
  /// Whether more waits for what was sent to be paid for.
  var isPacing = false

  enum Probe: Equatable { case none, window, keepAlive, tail }

  // MARK: Congestion and loss

  /// What was sent when, and what RACK makes of it; with SACK only.
  var sentLog = SentLog()
  var recovery = Recovery()
  var congestion: CongestionController
  var rack = Rack()
  var retransmission: RetransmissionTimer
  var scoreboard = Scoreboard()
  /// The tail-loss probe that is not answered yet.
  var tailProbe: TailProbe?
  /// The one segment whose round trip is being measured: its end, and when it was sent. Nil while nothing is.
  var timed: (end: SequenceNumber, at: Instant)? {
    @inline(__always) get { timedAt == .never ? nil : (timedEnd, timedAt) }
    @inline(__always) set {
      timedEnd = newValue?.end ?? timedEnd
      timedAt = newValue?.at ?? .never
    }
  }
  private var timedAt = Instant.never
  private var timedEnd = SequenceNumber(0)

  // MARK: Sending

  /// What was in the network when data was last sent: sent, and neither acknowledged nor reported by SACK.
  var inNetworkWhenSent: Int32 = 0
  /// When data was last sent.
  var lastSentAt: Instant
  /// Bytes that are sent and not acknowledged, and behind them bytes to be sent.
  var sendQueue: RingBuffer
  /// The largest window the peer ever offered.
  var maximumSendWindow = 0
  /// SND.WL1.
  var windowUpdateNumber = SequenceNumber(0)
  /// SND.WL2.
  var windowUpdateAcknowledgement = SequenceNumber(0)
  /// By when all that was sent is paid for at the pace of the path.
  var paidUntil = Instant(nanoseconds: 0)
  /// Snd.Wind.Shift.
  var sendWindowShift: UInt8 = 0
  /// Whether the peer's SYN allowed windows to be scaled.
  var peerScales = false
  /// Whether short segments wait while others are in flight; TCP_NODELAY is the opposite. By default as configured.
  public var isNagleEnabled: Bool

  // MARK: Receiving

  /// Rcv.Wind.Shift.
  var receiveWindowShift: UInt8
  /// The place of the peer's FIN, once seen.
  var finNumber: SequenceNumber?
  /// SND.UNA when the orphan was last looked at. Here, where it takes no room.
  var orphanProgress = SequenceNumber(0)
  /// What arrived and was not read.
  var receiveQueue: Reassembly
  /// The window to aim for; grows while the reader keeps up.
  var receiveWindowTarget: Int
  /// Bytes the program has read since the target last grew.
  var readSinceGrowth = 0
  /// What arrived again and is to be reported (RFC 2883); with SACK only.
  var duplicateArrival: SACKBlock?
  /// Bytes that arrived since an ACK was last sent.
  var unacknowledgedByteCount = 0
  /// Bytes that arrived in order since the last gap.
  var inOrderByteCount = 0
  var lastReceivedAt: Instant

  // MARK: Other timers; `.never` when not running

  /// While SACK tells of a gap or losses are being repaired, when to look for losses again; else when the tail is
  /// probed (RFC 8985 §8: never both).
  var lossProbeAt = Instant.never
  var persistAt = Instant.never
  var acknowledgeAt = Instant.never
  var keepAliveAt = Instant.never
  /// When a handshake, or an orphan, is given up.
  var giveUpAt = Instant.never
  /// When what is unacknowledged was last answered by progress, or began to wait.
  var waitingSince: Instant
  var keepAlivesUnanswered: Int32 = 0
  var persistCount: Int32 = 0
  /// How many challenge ACKs are left, and since when (RFC 5961 §7).
  var challengeBudget: Int32
  /// The place that a router quoted, with `path.claimedByteCount`.
  var pathClaimNumber = SequenceNumber(0)
  var challengesCountedFrom: Instant
  /// What its path takes, which `segmentByteCount` follows.
  var path = PathLimit()

  // MARK: Set once

  /// Our port.
  public let localPort: UInt16
  /// The peer's port.
  public let remotePort: UInt16
  /// Whether the peer opened it.
  public let isPassive: Bool
  /// ISS.
  let initialSendNumber: SequenceNumber
  /// The offset our timestamps have, or would have.
  let timestampOffset: UInt32
  /// The largest payload we take.
  let localSegmentByteCount: Int
  let configuration: Configuration

  /// Who talks to whom, and the numbers that must not be guessed.
  public struct Identity: Sendable {
    /// Our port.
    public var localPort: UInt16
    /// The peer's port.
    public var remotePort: UInt16
    /// ISS, by `InitialSequenceNumber`.
    public var initialSendNumber: SequenceNumber
    /// The offset of our timestamps.
    public var timestampOffset: UInt32
    /// The largest segment payload that our link takes: MTU less IP and TCP header.
    public var segmentByteCount: Int

    /// An identity.
    public init(
      localPort: UInt16, remotePort: UInt16, initialSendNumber: SequenceNumber, timestampOffset: UInt32,
      segmentByteCount: Int
    ) {
      self.localPort = localPort
      self.remotePort = remotePort
      self.initialSendNumber = initialSendNumber
      self.timestampOffset = timestampOffset
      self.segmentByteCount = segmentByteCount
    }
  }

  /// Bytes that `pool` must have admitted for a connection.
  public static func admissionByteCount(_ configuration: borrowing Configuration) -> Int {
    2 * configuration.queueEntitlementByteCount
  }

  init(
    _ identity: Identity, isPassive: Bool, configuration: Configuration, counters: Counters, pool: BufferPool,
    at now: Instant
  ) {
    self.configuration = configuration
    self.counters = counters
    isNagleEnabled = configuration.isNagleEnabled
    self.isPassive = isPassive
    localPort = identity.localPort
    remotePort = identity.remotePort
    state = isPassive ? .synReceived : .synSent
    initialSendNumber = identity.initialSendNumber
    unacknowledged = identity.initialSendNumber
    sendNext = identity.initialSendNumber
    sendMaximum = identity.initialSendNumber
    sendQueue = RingBuffer(pool: pool, entitlement: configuration.queueEntitlementByteCount)
    receiveQueue = Reassembly(
      pool: pool, entitlement: configuration.queueEntitlementByteCount,
      maximumGapCount: configuration.maximumGapCount)
    localSegmentByteCount = identity.segmentByteCount
    // What a peer takes that says nothing (RFC 9293 §3.7.1).
    segmentByteCount = min(536, identity.segmentByteCount)
    receiveWindowTarget = min(
      configuration.initialReceiveWindowByteCount, configuration.maximumReceiveWindowByteCount)
    receiveWindowShift = Self.shift(for: configuration.maximumReceiveWindowByteCount)
    timestampOffset = identity.timestampOffset
    congestion = CongestionController(
      configuration.congestionAlgorithm, segmentByteCount: segmentByteCount,
      initialWindow: segmentByteCount)
    retransmission = RetransmissionTimer(configuration)
    owesSYN = true
    challengeBudget = Int32(clamping: configuration.challengesPerSecond)
    challengesCountedFrom = now
    waitingSince = now
    lastReceivedAt = now
    lastSentAt = now
  }

  /// Opens a connection: SYN-SENT.
  public init(
    opening identity: Identity, configuration: Configuration, counters: Counters, pool: BufferPool,
    at now: Instant
  ) {
    self.init(
      identity, isPassive: false, configuration: configuration, counters: counters, pool: pool, at: now)
    counters.activeOpens &+= 1
    giveUpAt = now.advanced(byNanoseconds: configuration.connectTimeout)
  }

  /// Answers a SYN: SYN-RECEIVED. Traps when `syn` has no SYN.
  public init(
    accepting syn: borrowing TCPSegment, as identity: Identity, configuration: Configuration,
    counters: Counters, pool: BufferPool, at now: Instant
  ) {
    precondition(syn.flags.contains(.syn))
    self.init(
      identity, isPassive: true, configuration: configuration, counters: counters, pool: pool, at: now)
    counters.passiveOpens &+= 1
    giveUpAt = now.advanced(byNanoseconds: configuration.handshakeTimeout)
    takeSYN(syn.options, number: syn.sequenceNumber, at: now)
    takeWindowOfSYN(syn)
  }

  /// The smallest shift by which a window of `byteCount` fits into 16 bits (RFC 7323 §2.3).
  static func shift(for byteCount: Int) -> UInt8 {
    var shift: UInt8 = 0
    while shift < TCPOptions.maximumWindowScale && byteCount >> Int(shift) > 0xffff { shift += 1 }
    return shift
  }

  // MARK: Derived numbers

  /// Bytes of the options that every segment has.
  var optionByteCount: Int { timestamps == nil ? 0 : 12 }

  /// Behind the last byte in the send queue.
  var sendQueueEnd: SequenceNumber { unacknowledged + sendQueue.count }

  /// Whether our FIN has been sent and is not acknowledged.
  var isFinSent: Bool { owesFin && sendMaximum > sendQueueEnd }

  /// Whether our FIN is still to be sent or acknowledged.
  var owesFin: Bool { isFinishing && !isFinAcknowledged }

  /// Bytes between SND.UNA and what was sent last.
  var flightByteCount: Int { sendMaximum - unacknowledged }

  /// When `advance` has something to do.
  public var deadline: Instant {
    min(
      min(min(retransmitAt, persistAt), min(acknowledgeAt, keepAliveAt)),
      min(min(giveUpAt, lossProbeAt), paceAt))
  }

  /// Bytes that wait to be acknowledged or sent.
  public var unsentAndUnacknowledgedByteCount: Int { sendQueue.count }
  /// Bytes that wait to be read.
  public var readableByteCount: Int { receiveQueue.count }
  /// SRTT in nanoseconds; nil before the first measurement.
  public var smoothedRoundTrip: UInt64? { retransmission.smoothed }
  /// cwnd in bytes.
  public var congestionWindowByteCount: Int { congestion.window }
}
