// RFC 9293 §3.4 and §3.8, RFC 7323 §2 and §3, RFC 2018 §3 and §4, RFC 6928 §2 before changing this file.

import Bytes
import Platform
import Wire

/// Watches one device, what its stack is given and what it sends, and knows what no correct TCP sends after that.
/// Unlike `WireInvariants` it does not look at the other end: whatever stands between the two (boxes that take options
/// away, give other numbers, cut or forge) it holds, and it is stricter, for what was sent to a stack may not have
/// arrived.
///
/// Per connection: nothing is acknowledged, by number or by SACK, that did not arrive; acknowledgements and the
/// window's right edge do not go back; nothing is sent beyond the largest window that arrived, but one byte to probe
/// it, nor more than the initial window before anything was answered, nor larger than the MSS that arrived; what was
/// acknowledged is not sent again; no byte changes when it is sent again, none is skipped, and the end stays where FIN
/// put it; options are those that both SYNs had as they arrived here; timestamps do not go back, and echo one that
/// arrived.
public final class EndInvariants {
  /// Connections that are watched, at most: the table is emptied of those that have ended, and then begins anew.
  static let maximumConnectionCount = 4_096
  /// For so long after a question for a neighbour's address packets may have waited for it.
  static let resolutionTime = Duration.seconds(5)

  /// Whether bytes may be skipped the first time: see `WireInvariants.allowsSkips`.
  public var allowsSkips = false
  /// Segments that were sent and checked.
  public private(set) var segmentCount = 0
  /// Of these, those that sent bytes, SYN or FIN again.
  public private(set) var retransmissionCount = 0
  /// Segments that arrived whole.
  public private(set) var heardCount = 0
  private var lastQuestion: Instant?
  private var connections: [EndKey: WatchedEnd] = [:]
  private var fragments = FragmentCollector()

  /// Nothing seen yet.
  public init() {}

  /// A frame is given to the stack. One that is damaged counts as none.
  func heard(_ frame: RawSpan, isTrusted: Bool) {
    do throws(WireError) {
      let ethernet = try EthernetFrame(validating: frame)
      switch ethernet.type {
      case .ipv4:
        let packet = try IPv4Packet(validating: ethernet.payload)
        guard packet.protocol == .tcp else { return }
        let source = IPv6Address(mapped: packet.source)
        let destination = IPv6Address(mapped: packet.destination)
        if packet.isFragment {
          guard let whole = fragments.add(packet) else { return }
          try hear(whole.span.bytes, from: source, to: destination, isTrusted: false)
        } else {
          try hear(packet.payload, from: source, to: destination, isTrusted: isTrusted)
        }
      case .ipv6:
        let packet = try IPv6Packet(validating: ethernet.payload)
        guard packet.problem == nil else { return }
        if packet.isFragment {
          guard let whole = fragments.add(packet) else { return }
          try hear(whole.span.bytes, from: packet.source, to: packet.destination, isTrusted: false)
        } else if packet.protocol == .tcp {
          try hear(packet.payload, from: packet.source, to: packet.destination, isTrusted: isTrusted)
        }
      default: return
      }
    } catch {}
  }

  private func hear(
    _ payload: RawSpan, from source: IPv6Address, to destination: IPv6Address, isTrusted: Bool
  ) throws(WireError) {
    let pseudoHeader = pseudoHeader(source, destination, byteCount: payload.byteCount)
    let segment = try TCPSegment(
      validating: payload, checksum: isTrusted ? .trusted : .verify(pseudoHeader: pseudoHeader))
    let key = EndKey(remote: source, remotePort: segment.sourcePort, localPort: segment.destinationPort)
    let seen = SeenSegment(source: source, destination: destination, segment)
    heardCount += 1
    connection(key, opensWith: seen)?.hear(seen)
  }

  private func pseudoHeader(
    _ source: IPv6Address, _ destination: IPv6Address, byteCount: Int
  ) -> InternetChecksum {
    if let from = source.mapped, let to = destination.mapped {
      return .pseudoHeader(source: from, destination: to, protocol: .tcp, byteCount: byteCount)
    }
    return .pseudoHeader(source: source, destination: destination, protocol: .tcp, byteCount: byteCount)
  }

  /// What is wrong with a frame that the stack sends; usually nothing. One that is not finished may be larger than any
  /// MSS.
  func sent(_ frame: RawSpan, isUnfinished: Bool, at now: Instant) -> [String] {
    do throws(WireError) {
      let ethernet = try EthernetFrame(validating: frame)
      switch ethernet.type {
      case .arp: lastQuestion = now
      case .ipv4:
        let packet = try IPv4Packet(validating: ethernet.payload)
        guard packet.protocol == .tcp, !packet.isFragment else { return [] }
        return try judge(
          packet.payload, packet.pseudoHeader, from: IPv6Address(mapped: packet.source),
          to: IPv6Address(mapped: packet.destination), isUnfinished: isUnfinished, at: now)
      case .ipv6:
        let packet = try IPv6Packet(validating: ethernet.payload)
        if packet.protocol == .icmpv6, packet.payload.byte(at: 0) == NDPType.neighbourSolicitation {
          lastQuestion = now
        }
        guard packet.protocol == .tcp else { return [] }
        return try judge(
          packet.payload, packet.pseudoHeader, from: packet.source, to: packet.destination,
          isUnfinished: isUnfinished, at: now)
      default: break
      }
      return []
    } catch {
      return ["a frame of \(frame.byteCount) bytes is no valid one: \(error)"]
    }
  }

  private func judge(
    _ payload: RawSpan, _ pseudoHeader: InternetChecksum, from source: IPv6Address,
    to destination: IPv6Address, isUnfinished: Bool, at now: Instant
  ) throws(WireError) -> [String] {
    let segment = try TCPSegment(
      validating: payload, checksum: isUnfinished ? .trusted : .verify(pseudoHeader: pseudoHeader))
    let seen = SeenSegment(source: source, destination: destination, segment)
    let key = EndKey(
      remote: destination, remotePort: seen.header.destinationPort, localPort: seen.header.sourcePort)
    guard let connection = connection(key, opensWith: seen) else { return [] }
    segmentCount += 1
    var judgement = Judgement(
      segment: seen, isLarge: isUnfinished, allowsDuplicateSACK: true, allowsSkips: allowsSkips)
    judgement.mayHaveWaited = lastQuestion.map { now < $0 + Self.resolutionTime } ?? false
    connection.judge(segment.payload, &judgement)
    if judgement.isRetransmission { retransmissionCount += 1 }
    return judgement.complaints.map { "\($0): \(seen)" }
  }

  private func connection(_ key: EndKey, opensWith segment: SeenSegment) -> WatchedEnd? {
    if let known = connections[key] { return known }
    guard segment.header.flags.contains(.syn) else { return nil }
    if connections.count >= Self.maximumConnectionCount { connections.removeAll() }
    let connection = WatchedEnd()
    connections[key] = connection
    return connection
  }
}

/// A connection as one end knows it.
struct EndKey: Hashable {
  var remote: IPv6Address
  var remotePort: UInt16
  var localPort: UInt16
}
