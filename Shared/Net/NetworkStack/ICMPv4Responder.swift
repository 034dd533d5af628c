// RFC 1122 §3.2.2 and RFC 1812 §4.3.2 before changing this file.

import Bytes
import Platform
import Wire

/// Why no ICMP message answers a packet. One counter each.
enum ICMPv4Silence: UInt8, CaseIterable, Sendable {
  /// It is an ICMP error itself, or an ICMP message that is not known to be none.
  case aboutError
  /// It was for several hosts: a broadcast or multicast, of IP or of the link.
  case toGroup
  /// It is a fragment other than the first.
  case laterFragment
  /// Its source is no single host that could be answered.
  case sourceNotHost
  /// The rate is used up.
  case rateLimited
}

/// What to do about a packet.
enum ICMPv4Verdict: Equatable, Sendable {
  /// Send an error that quotes this many bytes from the packet's header on.
  case quote(byteCount: Int)
  /// Echo the packet's payload.
  case echo
  /// Send nothing.
  case silent(ICMPv4Silence)
}

/// How a packet was addressed, as only the interface knows.
struct PacketScope: Equatable, Sendable {
  /// Whether the frame was a broadcast or multicast of the link.
  var isLinkGroup: Bool
  /// Whether the packet's destination is one of the interface's broadcast addresses.
  var isBroadcastDestination: Bool
  /// Whether its source is one of them.
  var isBroadcastSource: Bool

  /// From one host to one host.
  static let unicast = PacketScope(
    isLinkGroup: false, isBroadcastDestination: false, isBroadcastSource: false)
}

/// Decides which packets are answered with an ICMP message, and keeps what others can make us send to a rate. Writes
/// nothing: `ICMPv4Kind.write` does, with what the verdict says.
struct ICMPv4Responder {
  /// Bytes of an error's IP packet at most (RFC 1812 §4.3.2.3).
  static let maximumErrorByteCount = 576
  /// Bytes of the packet in question that an error quotes at most.
  static let maximumQuoteByteCount =
    maximumErrorByteCount - IPv4Packet.minimumHeaderByteCount - ICMPv4Message.headerByteCount
  /// Errors at once after a pause, and each second after that.
  static let errorBurst = 50
  static let errorsPerSecond = 100
  /// Echo replies at once after a pause, and each second after that.
  static let echoBurst = 200
  static let echoesPerSecond = 1000

  private var errors = TokenBucket(burst: errorBurst, perSecond: errorsPerSecond)
  private var echoes = TokenBucket(burst: echoBurst, perSecond: echoesPerSecond)
  private var silences = InlineArray<5, UInt64>(repeating: 0)
  /// Errors that verdicts called for.
  private(set) var errorCount: UInt64 = 0
  /// Echo replies that verdicts called for.
  private(set) var echoCount: UInt64 = 0

  /// A responder whose rates are unused.
  init() {}

  /// How many packets were not answered, and why.
  func count(of silence: ICMPv4Silence) -> UInt64 { silences[Int(silence.rawValue)] }

  /// Whether an error may be sent about `packet`, and how much of it to quote. A verdict of `quote` counts as sent.
  mutating func error(
    about packet: borrowing IPv4Packet, scope: PacketScope, at now: Instant
  ) -> ICMPv4Verdict {
    var reason = Self.silence(packet, scope)
    if reason == nil, Self.isOrMayBeError(packet) { reason = .aboutError }
    if reason == nil, !errors.take(at: now) { reason = .rateLimited }
    if let reason { return keepSilent(reason) }
    errorCount += 1
    return .quote(byteCount: min(packet.totalByteCount, Self.maximumQuoteByteCount))
  }

  /// Whether an echo request that arrived in `packet` is answered. Only when it was for one host: an answer to a
  /// broadcast may be left out (RFC 1122 §3.2.2.6), and is, as it amplifies attacks (RFC 2644).
  mutating func echo(
    to packet: borrowing IPv4Packet, scope: PacketScope, at now: Instant
  ) -> ICMPv4Verdict {
    var reason = Self.silence(packet, scope)
    if reason == nil, !echoes.take(at: now) { reason = .rateLimited }
    if let reason { return keepSilent(reason) }
    echoCount += 1
    return .echo
  }

  /// Whether an error about an IPv6 packet may be sent, as far as the rate goes, which both families share.
  mutating func takeError(at now: Instant) -> Bool { errors.take(at: now) }
  /// As `takeError`, of answers to echo requests.
  mutating func takeEcho(at now: Instant) -> Bool { echoes.take(at: now) }

  private mutating func keepSilent(_ reason: ICMPv4Silence) -> ICMPv4Verdict {
    silences[Int(reason.rawValue)] += 1
    return .silent(reason)
  }

  /// What forbids any answer to a packet (RFC 1122 §3.2.2).
  private static func silence(_ packet: borrowing IPv4Packet, _ scope: PacketScope) -> ICMPv4Silence? {
    let destination = packet.destination
    if scope.isLinkGroup || scope.isBroadcastDestination || destination.isBroadcast || destination.isMulticast
    {
      return .toGroup
    }
    if packet.fragmentByteOffset != 0 { return .laterFragment }
    // A loopback source cannot have come from a link; on the loopback interface itself errors are not needed.
    let source = packet.source
    if !source.isHost || source.isLoopback || scope.isBroadcastSource { return .sourceNotHost }
    return nil
  }

  /// Only ICMP messages that are known as questions or answers may get errors; new kinds may be errors.
  private static func isOrMayBeError(_ packet: borrowing IPv4Packet) -> Bool {
    guard packet.protocol == .icmp else { return false }
    let payload = packet.payload
    guard payload.byteCount > 0 else { return true }
    switch payload.byte(at: 0) {
    // Echo, router discovery, timestamp, information, address mask (RFC 792, RFC 950, RFC 1256).
    case 0, 8, 9, 10, 13...18: return false
    default: return true
    }
  }
}
