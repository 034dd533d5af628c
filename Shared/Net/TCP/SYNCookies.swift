// RFC 4987 §3.6 before changing this file.

import Platform
import Wire

/// SYN cookies: what must be known of a handshake is hidden in the number of our SYN-ACK, so that SYNs which nobody
/// means cost no memory. For whoever has no place left for one more handshake.
///
/// The number is a keyed hash of both ends, of the peer's number and of the minute, plus what segments the peer takes.
/// Who has not seen it guesses it with 16 chances in 2^32. What else the SYN offered has no place there: windows are
/// scaled and SACK is used only when the peer has timestamps, whose echo brings both back.
public struct SYNCookies: Sendable {
  /// How long a cookie's minute is, in nanoseconds. It is taken back in its own and in the next.
  static let period: UInt64 = 64_000_000_000
  /// The sizes of segments that are told apart: the least that anybody takes, the least of IPv4 and of IPv6, what
  /// tunnels and PPPoE leave, Ethernet of IPv6 and IPv4, and large frames.
  private static let segmentSizes: InlineArray<8, UInt16> = [216, 536, 1220, 1300, 1400, 1440, 1460, 8940]
  /// The low bits of our timestamps that bring options back.
  private static let optionMask: UInt32 = 31
  private static let sackBit: UInt32 = 16
  /// A window scale that says there is none.
  private static let noScale: UInt8 = 15

  /// What both ends of a connection are hashed by.
  public let secret: KeyedHash
  /// Until when one may come back.
  private var awaitedUntil = Instant(nanoseconds: 0)

  /// Cookies of a secret of 16 random bytes.
  public init(key: (UInt64, UInt64)) { secret = KeyedHash(key: key) }

  /// Whether a cookie may be on its way back.
  public func areAwaited(at now: Instant) -> Bool { now < awaitedUntil }

  private func number(_ ends: UInt64, _ peer: SequenceNumber, minute: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: secret.hash(ends, UInt64(peer.rawValue) << 32 | minute & 0xffff_ffff))
  }

  /// The SYN-ACK that answers `syn` and that nobody need remember. `ends` is the hash of both ends by `secret`.
  public mutating func answer(
    _ syn: borrowing TCPSegment, ends: UInt64, as identity: Connection.Identity,
    configuration: borrowing Configuration, at now: Instant
  ) -> TCPHeader {
    awaitedUntil = now.advanced(byNanoseconds: 2 * Self.period)
    let offer = syn.options
    let asked = offer.maximumSegmentSize ?? 536
    var index = 7
    while index > 0, Self.segmentSizes[index] > asked { index -= 1 }
    let number = number(ends, syn.sequenceNumber, minute: now.nanoseconds / Self.period)
    var header = TCPHeader(
      sourcePort: identity.localPort, destinationPort: identity.remotePort,
      sequenceNumber: SequenceNumber(number &+ UInt32(index)),
      acknowledgementNumber: syn.sequenceNumber + 1, flags: [.syn, .ack],
      window: UInt16(min(configuration.initialReceiveWindowByteCount, 0xffff)))
    header.options.maximumSegmentSize = UInt16(identity.segmentByteCount)
    guard let theirs = offer.timestamps else { return header }
    var options = UInt32(offer.windowScale ?? Self.noScale)
    if offer.windowScale != nil {
      header.options.windowScale = Connection.shift(for: configuration.maximumReceiveWindowByteCount)
    }
    if offer.isSACKPermitted {
      header.options.isSACKPermitted = true
      options |= Self.sackBit
    }
    let clock = Timestamps(offset: identity.timestampOffset).value(at: now)
    var value = clock & ~Self.optionMask | options
    // Never ahead of the clock, or what the connection says first would look old.
    if value > clock { value &-= Self.optionMask + 1 }
    header.options.timestamps = TCPTimestamps(value: value, echo: theirs.value)
    return header
  }

  /// What the SYN offered whose cookie `segment` brings back; nil when it brings none of ours.
  public func offer(in segment: borrowing TCPSegment, ends: UInt64, at now: Instant) -> TCPOptions? {
    let minute = now.nanoseconds / Self.period
    let cookie = segment.acknowledgementNumber.rawValue &- 1
    for age in 0..<2 as Range<UInt64> where age <= minute {
      let index = cookie &- number(ends, segment.sequenceNumber - 1, minute: minute - age)
      guard index < 8 else { continue }
      var offer = TCPOptions()
      offer.maximumSegmentSize = Self.segmentSizes[Int(index)]
      guard let theirs = segment.options.timestamps else { return offer }
      offer.timestamps = theirs
      let scale = UInt8(theirs.echo & 15)
      if scale < Self.noScale { offer.windowScale = scale }
      offer.isSACKPermitted = theirs.echo & Self.sackBit != 0
      return offer
    }
    return nil
  }
}
