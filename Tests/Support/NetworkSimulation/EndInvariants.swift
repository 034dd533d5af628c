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
      guard ethernet.type == .ipv4 else { return }
      let packet = try IPv4Packet(validating: ethernet.payload)
      guard packet.protocol == .tcp else { return }
      if packet.isFragment {
        if let whole = fragments.add(packet) { try hear(whole.span.bytes, packet, isTrusted: false) }
      } else {
        try hear(packet.payload, packet, isTrusted: isTrusted)
      }
    } catch {}
  }

  private func hear(
    _ payload: RawSpan, _ packet: borrowing IPv4Packet, isTrusted: Bool
  ) throws(WireError) {
    let pseudoHeader = InternetChecksum.pseudoHeader(
      source: packet.source, destination: packet.destination, protocol: .tcp, byteCount: payload.byteCount)
    let segment = try TCPSegment(
      validating: payload, checksum: isTrusted ? .trusted : .verify(pseudoHeader: pseudoHeader))
    let key = EndKey(
      remote: IPv6Address(mapped: packet.source), remotePort: segment.sourcePort,
      localPort: segment.destinationPort)
    let seen = SeenSegment(
      source: IPv6Address(mapped: packet.source), destination: IPv6Address(mapped: packet.destination),
      segment)
    heardCount += 1
    connection(key, opensWith: seen)?.hear(seen)
  }

  /// What is wrong with a frame that the stack sends; usually nothing. One that is not finished may be larger than any
  /// MSS.
  func sent(_ frame: RawSpan, isUnfinished: Bool, at now: Instant) -> [String] {
    do throws(WireError) {
      let ethernet = try EthernetFrame(validating: frame)
      if ethernet.type == .arp { lastQuestion = now }
      guard ethernet.type == .ipv4 else { return [] }
      let packet = try IPv4Packet(validating: ethernet.payload)
      guard packet.protocol == .tcp, !packet.isFragment else { return [] }
      let segment = try TCPSegment(
        validating: packet.payload,
        checksum: isUnfinished ? .trusted : .verify(pseudoHeader: packet.pseudoHeader))
      let seen = SeenSegment(
        source: IPv6Address(mapped: packet.source), destination: IPv6Address(mapped: packet.destination),
        segment)
      let key = EndKey(
        remote: seen.destination, remotePort: seen.header.destinationPort, localPort: seen.header.sourcePort)
      guard let connection = connection(key, opensWith: seen) else { return [] }
      segmentCount += 1
      var judgement = Judgement(
        segment: seen, isLarge: isUnfinished, allowsDuplicateSACK: true, allowsSkips: allowsSkips)
      judgement.mayHaveWaited = lastQuestion.map { now < $0 + Self.resolutionTime } ?? false
      connection.judge(segment.payload, &judgement)
      if judgement.isRetransmission { retransmissionCount += 1 }
      return judgement.complaints.map { "\($0): \(seen)" }
    } catch {
      return ["a frame of \(frame.byteCount) bytes is no valid one: \(error)"]
    }
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

/// Puts fragments together without any of a stack's limits.
struct FragmentCollector {
  private struct Pending {
    let source: IPv4Address
    let identification: UInt16
    var bytes: [UInt8] = []
    var isKnown: [Bool] = []
    var total: Int?
  }

  /// Packets in the making, the oldest first.
  private static let limit = 256
  private var pending: [Pending] = []

  /// The payload that is whole with this fragment.
  mutating func add(_ packet: borrowing IPv4Packet) -> [UInt8]? {
    let source = packet.source
    let identification = packet.identification
    let payload = packet.payload.withUnsafeBytes { Array($0) }
    let offset = packet.fragmentByteOffset
    var index = pending.firstIndex { $0.source == source && $0.identification == identification }
    if index == nil {
      if pending.count == Self.limit { pending.removeFirst() }
      pending.append(Pending(source: source, identification: identification))
      index = pending.count - 1
    }
    let place = index!
    let missing = offset + payload.count - pending[place].bytes.count
    if missing > 0 {
      pending[place].bytes += [UInt8](repeating: 0, count: missing)
      pending[place].isKnown += [Bool](repeating: false, count: missing)
    }
    pending[place].bytes.replaceSubrange(offset..<offset + payload.count, with: payload)
    for byte in offset..<offset + payload.count { pending[place].isKnown[byte] = true }
    if !packet.moreFragments { pending[place].total = offset + payload.count }
    guard let total = pending[place].total, !pending[place].isKnown[..<total].contains(false) else {
      return nil
    }
    return Array(pending.remove(at: place).bytes[..<total])
  }
}
