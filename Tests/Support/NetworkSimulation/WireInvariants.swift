// RFC 9293 §3.4, §3.8 and §3.10, RFC 7323 §2 and §3, RFC 2018 §3 and §4 before changing this file.

import Bytes
import Wire

/// Watches every frame that is sent and knows what no correct TCP sends. It sees both ends' segments in the order they
/// were sent, so whatever an end can know, it knows too.
///
/// Per connection and direction: nothing is acknowledged that was not sent, and acknowledgements do not go back; the
/// window's right edge never moves left by a unit of its scale after the handshake; nothing is sent beyond the window that was offered, but one
/// byte to probe it; nothing is larger than the peer's MSS; no byte of the stream is skipped or changes when it is sent
/// again, and the end stays where FIN put it; SACK blocks, if negotiated, lie between the acknowledgement and what was
/// sent; timestamps, if negotiated, are there, do not go back and echo what was sent. Of every frame: formats and
/// checksums of ARP, IPv4, IPv6, ICMPv6, UDP and TCP.
///
/// A connection whose SYN was not seen, or that is of two incarnations, is not judged. After RST it is forgotten.
public final class WireInvariants {
  /// Connections that are watched, at most; those that were reset are forgotten first, then new ones are not watched.
  public static let maximumConnectionCount = 4_096
  /// Bytes of each direction that retransmissions are compared with.
  public static let historyByteCount = 1 << 18

  /// Whether duplicate SACK blocks (RFC 2883), which lie below the acknowledgement, are allowed in first place.
  public var allowsDuplicateSACK = false
  /// Whether bytes may be skipped the first time: a packet that waits for its neighbour's address may be dropped there
  /// (RFC 1122 §2.3.2.2), and then never comes to the wire.
  public var allowsSkips = false
  /// TCP segments that were checked.
  public private(set) var segmentCount = 0
  /// Of these, those that sent bytes, SYN or FIN again.
  public private(set) var retransmissionCount = 0
  /// Segments of connections that were not watched.
  public private(set) var unwatchedCount = 0
  private var connections: [ConnectionKey: WatchedConnection] = [:]

  /// Nothing seen yet.
  public init() {}

  /// Connections that are watched.
  public var connectionCount: Int { connections.count }

  /// What is wrong with a frame that is being sent; usually nothing. `isUnfinished` frames have partial checksums and
  /// may be larger than any MSS.
  public func check(_ frame: RawSpan, isUnfinished: Bool = false) -> [String] {
    do throws(WireError) {
      let ethernet = try EthernetFrame(validating: frame)
      if ethernet.type == .arp { _ = try ARPPacket(validating: ethernet.payload) }
      if ethernet.type == .ipv4 {
        let packet = try IPv4Packet(validating: ethernet.payload)
        guard !packet.isFragment else { return [] }
        return try check(
          packet.payload, packet.protocol, packet.pseudoHeader, from: IPv6Address(mapped: packet.source),
          to: IPv6Address(mapped: packet.destination), isUnfinished: isUnfinished)
      }
      guard ethernet.type == .ipv6 else { return [] }
      let packet = try IPv6Packet(validating: ethernet.payload)
      guard !packet.isFragment else { return [] }
      return try check(
        packet.payload, packet.protocol, packet.pseudoHeader, from: packet.source, to: packet.destination,
        isUnfinished: isUnfinished)
    } catch {
      return ["a frame of \(frame.byteCount) bytes is no valid one: \(error)"]
    }
  }

  /// What a packet of either family carries.
  private func check(
    _ payload: RawSpan, _ protocol: IPProtocol, _ pseudoHeader: InternetChecksum, from source: IPv6Address,
    to destination: IPv6Address, isUnfinished: Bool
  ) throws(WireError) -> [String] {
    let checksum: ChecksumCheck = isUnfinished ? .trusted : .verify(pseudoHeader: pseudoHeader)
    switch `protocol` {
    case .udp:
      _ = try UDPDatagram(
        validating: payload, checksum: checksum, mustHaveChecksum: !source.isMapped)
    case .icmpv6: _ = try ICMPv6Message(validating: payload, checksum: .verify(pseudoHeader: pseudoHeader))
    case .tcp:
      let segment = try TCPSegment(validating: payload, checksum: checksum)
      if isUnfinished && payload.bigEndian16(at: 16) != pseudoHeader.partial {
        return ["the checksum is neither whole nor partial"]
      }
      return check(
        SeenSegment(source: source, destination: destination, segment), segment.payload,
        isLarge: isUnfinished)
    default: break
    }
    return []
  }

  private func check(_ segment: SeenSegment, _ payload: RawSpan, isLarge: Bool) -> [String] {
    let from = ConnectionKey.End(address: segment.source, port: segment.header.sourcePort)
    let to = ConnectionKey.End(address: segment.destination, port: segment.header.destinationPort)
    let isForward = from < to
    let key = isForward ? ConnectionKey(low: from, high: to) : ConnectionKey(low: to, high: from)
    guard let connection = connections[key] ?? makeConnection(key, segment) else {
      unwatchedCount += 1
      return []
    }
    segmentCount += 1
    var judgement = Judgement(
      segment: segment, isLarge: isLarge, allowsDuplicateSACK: allowsDuplicateSACK,
      allowsSkips: allowsSkips)
    if isForward {
      connection.judge(&connection.forward, &connection.backward, payload, &judgement)
    } else {
      connection.judge(&connection.backward, &connection.forward, payload, &judgement)
    }
    if judgement.isRetransmission { retransmissionCount += 1 }
    if segment.header.flags.contains(.rst) && judgement.complaints.isEmpty { connections[key] = nil }
    return judgement.complaints.map { "\($0): \(segment)" }
  }

  private func makeConnection(_ key: ConnectionKey, _ segment: SeenSegment) -> WatchedConnection? {
    // SYN-ACK alone: the answer to a connection that was reset and forgotten.
    guard segment.header.flags.contains(.syn), segment.header.flags.isDisjoint(with: [.rst, .ack]) else {
      return nil
    }
    if connections.count >= Self.maximumConnectionCount {
      connections = connections.filter { !$0.value.isOver }
      guard connections.count < Self.maximumConnectionCount else { return nil }
    }
    let connection = WatchedConnection()
    connections[key] = connection
    return connection
  }
}

/// Both ends of a connection, the lower one first.
struct ConnectionKey: Hashable {
  struct End: Hashable {
    var address: IPv6Address
    var port: UInt16

    static func < (left: End, right: End) -> Bool {
      (left.address.high, left.address.low, left.port)
        < (right.address.high, right.address.low, right.port)
    }
  }

  var low: End
  var high: End
}

/// A segment while it is looked at, and what was found.
struct Judgement {
  let segment: SeenSegment
  let isLarge: Bool
  let allowsDuplicateSACK: Bool
  let allowsSkips: Bool
  var isRetransmission = false
  var complaints: [String] = []

  mutating func expect(_ isRight: Bool, _ complaint: @autoclosure () -> String) {
    if !isRight { complaints.append(complaint()) }
  }
}
