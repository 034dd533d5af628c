/// What the connections of a stack have met, counted for all of them together.
public final class Counters {
  /// Segments that were validated.
  public var segmentsReceived: UInt64 = 0
  /// Segments that were sent, those again included.
  public var segmentsSent: UInt64 = 0
  /// Payload bytes that stand in order.
  public var bytesReceived: UInt64 = 0
  /// Payload bytes sent for the first time.
  public var bytesSent: UInt64 = 0
  /// Segments sent again.
  public var retransmissions: UInt64 = 0
  /// RTOs that passed.
  public var timeouts: UInt64 = 0
  /// Times that duplicate ACKs or SACK told of a loss.
  public var fastRecoveries: UInt64 = 0
  /// Tail-loss probes sent (RFC 8985 §7).
  public var tailProbes: UInt64 = 0
  /// Duplicate ACKs.
  public var duplicateAcknowledgements: UInt64 = 0
  /// D-SACKs: reports that something we sent arrived twice (RFC 2883).
  public var duplicatesReported: UInt64 = 0
  /// Recoveries that were for nothing, as D-SACK or timestamps told: the window was given back.
  public var recoveriesUndone: UInt64 = 0
  /// Segments that arrived beyond a gap.
  public var outOfOrderSegments: UInt64 = 0
  /// Times that a router's word made segments smaller (RFC 1191).
  public var pathReductions: UInt64 = 0
  /// Times that segments were made smaller because full ones did not arrive (RFC 4821 §7.7).
  public var blackHoles: UInt64 = 0
  /// Zero-window and keep-alive probes sent.
  public var probes: UInt64 = 0
  /// Connections we opened.
  public var activeOpens: UInt64 = 0
  /// Connections that peers opened.
  public var passiveOpens: UInt64 = 0
  /// Connections that failed, by any `Failure`.
  public var failures: UInt64 = 0
  /// RSTs received and believed.
  public var resetsReceived: UInt64 = 0
  /// RSTs sent.
  public var resetsSent: UInt64 = 0

  /// Dropped: the timestamp is older than the last one (PAWS, RFC 7323 §5).
  public var droppedOldTimestamp: UInt64 = 0
  /// Dropped: it has no timestamp, though they were agreed on (RFC 7323 §3.2).
  public var droppedNoTimestamp: UInt64 = 0
  /// Dropped: it lies outside the window (RFC 9293 §3.10.7.4).
  public var droppedOutsideWindow: UInt64 = 0
  /// Dropped: it acknowledges what cannot be acknowledged (RFC 5961 §5).
  public var droppedBadAcknowledgement: UInt64 = 0
  /// Dropped: an RST inside the window but not at its start (RFC 5961 §3).
  public var droppedBlindReset: UInt64 = 0
  /// Dropped: a SYN on a connection that is established (RFC 5961 §4).
  public var droppedBlindSYN: UInt64 = 0
  /// Dropped: it has no ACK, or flags that mean nothing.
  public var droppedBadFlags: UInt64 = 0
  /// Dropped: no memory, no window, or more gaps than are remembered.
  public var droppedForMemory: UInt64 = 0

  /// Dropped: a router's word about the path that quotes nothing in flight, or says nothing new (RFC 5927 §7).
  public var droppedPathClaims: UInt64 = 0

  /// All zero.
  public init() {}
}
