// RFC 9293 §3.8, RFC 6298 and RFC 1122 §4.2 before changing a default.

/// What a stack decides about its connections. Times are in nanoseconds.
public struct Configuration: Sendable {
  /// Bytes that each of a connection's two queues may hold whatever other connections do; a block of the pool.
  public var queueEntitlementByteCount = 2 << 10
  /// The most bytes that wait to be sent or acknowledged.
  public var maximumSendQueueByteCount = 1 << 20
  /// The largest receive window.
  public var maximumReceiveWindowByteCount = 1 << 20
  /// The receive window of a new connection; it doubles while the reader keeps up.
  public var initialReceiveWindowByteCount = 64 << 10
  /// The congestion window of a new connection, in segments of up to 1,460 bytes (RFC 6928); of larger ones at least two.
  public var initialWindowSegmentCount = 10
  /// RTO before anything was measured (RFC 6298 §2.1).
  public var initialRetransmissionTimeout: UInt64 = 1_000_000_000
  /// The shortest RTO. RFC 6298 §2.4 asks for 1 s; we measure in nanoseconds and take what Linux takes.
  public var minimumRetransmissionTimeout: UInt64 = 200_000_000
  /// The longest RTO (RFC 6298 §2.5).
  public var maximumRetransmissionTimeout: UInt64 = 60_000_000_000
  /// How long the peer may leave data unacknowledged before the connection is given up (RFC 9293 §3.8.3, R2).
  public var userTimeout: UInt64 = 120_000_000_000
  /// The same for a connection that its program has closed; also how long its peer may keep the window closed, take to
  /// acknowledge 16 KiB, and stay in FIN-WAIT-2.
  public var orphanTimeout: UInt64 = 60_000_000_000
  /// How long an answer to our SYN may take (RFC 9293 §3.8.3 asks for three minutes at least; whoever connects has a
  /// shorter deadline of his own).
  public var connectTimeout: UInt64 = 180_000_000_000
  /// How long an answer to our SYN-ACK may take.
  public var handshakeTimeout: UInt64 = 20_000_000_000
  /// How long the ACK of a single segment is expected to wait at a peer (RFC 8985 §7.2, TLP.max_ack_delay): what Linux,
  /// and we, do.
  public var peerAcknowledgementDelay: UInt64 = 40_000_000
  /// How long an ACK may wait for company (RFC 9293 §3.8.6.3: less than 0.5 s).
  public var acknowledgementDelay: UInt64 = 40_000_000
  /// Bytes without a gap after which the segments of one turn share an ACK, at least four for a window.
  public var steadyByteCount = 1 << 20
  /// TIME-WAIT: twice the maximum segment lifetime, for which 30 s is usual.
  public var timeWait: UInt64 = 60_000_000_000
  /// Silence after which the peer is asked whether it lives; nil: never (RFC 9293 §3.8.4).
  public var keepAliveIdle: UInt64?
  /// Between two such questions.
  public var keepAliveInterval: UInt64 = 75_000_000_000
  /// Questions without an answer before the connection is given up.
  public var keepAliveProbeCount = 9
  /// Whether short segments wait while others are in flight (RFC 9293 §3.7.4). Off, as a program hands over whole
  /// messages.
  public var isNagleEnabled = false
  /// What decides about the congestion window.
  public var congestionAlgorithm = CongestionAlgorithm.cubic
  /// Segments of less payload than this are not made for any peer, whatever it asks for.
  public var minimumSegmentByteCount = 64
  /// Pieces beyond a gap that the receiver remembers, and one for each 2 KiB of a window with more of these; what is
  /// one too many is dropped.
  public var maximumGapCount = 64
  /// Challenge ACKs (RFC 5961 §7) and other answers to segments out of place, per second and connection.
  public var challengesPerSecond = 10

  /// The defaults.
  public init() {}
}
