// RFC 4861 §4, §6.1 and §7.1, and RFC 6980 before changing this file.

import Bytes

/// Numbers of ICMPv6 messages of neighbour discovery (RFC 4861 §4). Redirects are not obeyed: who is on the link says
/// where our packets go only about itself.
public enum NDPType {
  /// A host asks for routers; only routers care.
  public static let routerSolicitation: UInt8 = 133
  /// Read as `RouterAdvertisement`.
  public static let routerAdvertisement: UInt8 = 134
  /// Read as `NeighbourMessage`.
  public static let neighbourSolicitation: UInt8 = 135
  /// Read as `NeighbourMessage`.
  public static let neighbourAdvertisement: UInt8 = 136
  /// A router names a better one.
  public static let redirect: UInt8 = 137

  /// Whether it is one of them.
  public static func contains(_ type: UInt8) -> Bool { type >= routerSolicitation && type <= redirect }
}

extension ICMPv6Message {
  /// What every message of neighbour discovery must be: from this link, as no router lets a hop limit of 255 through
  /// (§6.1, §7.1), of code 0, not shorter than its fields, and not behind extension headers, where those who guard a
  /// link do not look (RFC 6980, RFC 7113). Returns its options.
  @_lifetime(copy self)
  func options(behind byteCount: Int, _ packet: borrowing IPv6Packet) throws(WireError) -> NDPOptions {
    guard packet.hopLimit == 255, bytes.byte(at: 1) == 0,
      packet.headerByteCount == IPv6Packet.minimumHeaderByteCount
    else { throw .badValue }
    guard bytes.byteCount >= byteCount else { throw .truncated }
    return try NDPOptions(validating: bytes.extracting(byteCount..<bytes.byteCount))
  }
}

/// A question who has an address, or the answer. A value, as it is small and its content is kept.
public struct NeighbourMessage: Equatable, Sendable {
  /// Bytes of the IP packet with the longest one.
  public static let maximumPacketByteCount = IPv6Packet.minimumHeaderByteCount + 40
  static let minimumByteCount = 24

  /// What it wants.
  public enum Kind: Equatable, Sendable {
    /// Who has the target's address?
    case solicitation
    /// The target's interface. `isRouter`: it forwards packets; `isSolicited`: it was asked, by whom it answers;
    /// `isOverride`: it replaces what was known.
    case advertisement(isRouter: Bool, isSolicited: Bool, isOverride: Bool)
  }

  /// What it wants.
  public var kind: Kind
  /// Who sent it; unspecified in a question of duplicate address detection (RFC 4862 §5.4.2).
  public var source: IPv6Address
  /// Who shall get it.
  public var destination: IPv6Address
  /// The address asked about, or whose interface is told.
  public var target: IPv6Address
  /// The interface of the sender in a question, of the target in an answer.
  public var hardware: EthernetAddress?
  /// What tells one question from another, so that one that comes back is known (RFC 7527); 6 bytes, 0 for none.
  public var nonce: UInt64 = 0

  /// A message to be written.
  public init(
    _ kind: Kind, source: IPv6Address, destination: IPv6Address, target: IPv6Address,
    hardware: EthernetAddress?
  ) {
    self.kind = kind
    self.source = source
    self.destination = destination
    self.target = target
    self.hardware = hardware
  }

  /// Asks everybody who has `target`, on behalf of `source`.
  public static func question(
    about target: IPv6Address, from source: IPv6Address, hardware: EthernetAddress
  ) -> NeighbourMessage {
    NeighbourMessage(
      .solicitation, source: source, destination: target.solicitedNode, target: target, hardware: hardware)
  }

  /// Asks everybody whether `target` is taken (RFC 4862 §5.4.2).
  public static func probe(for target: IPv6Address, nonce: UInt64 = 0) -> NeighbourMessage {
    var message = NeighbourMessage(
      .solicitation, source: .unspecified, destination: target.solicitedNode, target: target, hardware: nil)
    message.nonce = nonce & 0xffff_ffff_ffff
    return message
  }

  /// The answer of the target, which has `hardware`, to this question; a probe is answered to everybody (§7.2.4).
  public func answer(hardware: EthernetAddress, isOverride: Bool = true) -> NeighbourMessage {
    let isProbe = isProbe
    return NeighbourMessage(
      .advertisement(isRouter: false, isSolicited: !isProbe, isOverride: isOverride), source: target,
      destination: isProbe ? .allNodes : source, target: target, hardware: hardware)
  }

  /// Reads `message`, which came in `packet` and is a solicitation or an advertisement. Refuses `unsupported` (another
  /// message), `truncated`, `badOption` and `badValue` (from another link, or senders, targets and groups that do not
  /// go together).
  public init(
    validating message: borrowing ICMPv6Message, in packet: borrowing IPv6Packet
  ) throws(WireError) {
    let options = try message.options(behind: Self.minimumByteCount, packet)
    source = packet.source
    destination = packet.destination
    target = IPv6Address(message.bytes, at: 8)
    guard target.isHost, source.isUnspecified || source.isHost else { throw .badValue }
    switch message.type {
    case NDPType.neighbourSolicitation:
      kind = .solicitation
      hardware = options.hardware(NDPOption.sourceHardware)
      nonce = options.nonce
      // §7.1.1: who has no address does not tell where it is, and asks the group.
      guard
        !source.isUnspecified || destination == target.solicitedNode && hardware == nil
      else { throw .badValue }
    case NDPType.neighbourAdvertisement:
      let flags = message.bytes.byte(at: 4)
      kind = .advertisement(
        isRouter: flags & 0x80 != 0, isSolicited: flags & 0x40 != 0, isOverride: flags & 0x20 != 0)
      hardware = options.hardware(NDPOption.targetHardware)
      // §7.1.2: nobody asked on behalf of a group.
      guard !source.isUnspecified, !destination.isMulticast || flags & 0x40 == 0 else { throw .badValue }
    default: throw .unsupported
    }
  }

  /// Asks without having an address whether the target is taken.
  public var isProbe: Bool { kind == .solicitation && source.isUnspecified }

  /// Appends an IP packet: at most `maximumPacketByteCount`. Traps when it has no room.
  @_lifetime(output: copy output)
  public func writePacket(into output: inout OutputRawSpan) {
    let type: UInt8
    var flags: UInt32 = 0
    var option = NDPOption.sourceHardware
    switch kind {
    case .solicitation: type = NDPType.neighbourSolicitation
    case .advertisement(let isRouter, let isSolicited, let isOverride):
      type = NDPType.neighbourAdvertisement
      flags = (isRouter ? 0x8000_0000 : 0) | (isSolicited ? 0x4000_0000 : 0) | (isOverride ? 0x2000_0000 : 0)
      option = NDPOption.targetHardware
    }
    let content = NDPContent(target: target, hardware: hardware, hardwareOption: option, nonce: nonce)
    content.write(from: source, to: destination, type, rest: flags, into: &output)
  }
}

/// A host's question for routers, to be written (§4.1).
public struct RouterSolicitation: Equatable, Sendable {
  /// Bytes of the IP packet at most.
  public static let maximumPacketByteCount = IPv6Packet.minimumHeaderByteCount + 16

  /// Who asks; may be unspecified.
  public var source: IPv6Address
  /// Its interface; not told when there is no address.
  public var hardware: EthernetAddress

  /// A question.
  public init(source: IPv6Address, hardware: EthernetAddress) {
    self.source = source
    self.hardware = hardware
  }

  /// Appends an IP packet to all routers. Traps when it has no room.
  @_lifetime(output: copy output)
  public func writePacket(into output: inout OutputRawSpan) {
    let content = NDPContent(target: nil, hardware: source.isUnspecified ? nil : hardware)
    content.write(from: source, to: .allRouters, NDPType.routerSolicitation, rest: 0, into: &output)
  }
}

/// What a message of neighbour discovery that we write holds behind its first 8 bytes.
private struct NDPContent {
  var target: IPv6Address?
  var hardware: EthernetAddress?
  var hardwareOption = NDPOption.sourceHardware
  var nonce: UInt64 = 0

  var byteCount: Int { (target == nil ? 0 : 16) + (hardware == nil ? 0 : 8) + (nonce == 0 ? 0 : 8) }

  /// Appends an IP packet.
  @inline(never)
  @_lifetime(output: copy output)
  func write(
    from source: IPv6Address, to destination: IPv6Address, _ type: UInt8, rest: UInt32,
    into output: inout OutputRawSpan
  ) {
    var header = IPv6Header(
      source: source, destination: destination, protocol: .icmpv6,
      payloadByteCount: ICMPv6Message.headerByteCount + byteCount)
    header.hopLimit = 255
    header.write(into: &output)
    ICMPv6Kind.other(type: type, code: 0, rest: rest).write(
      into: &output, seal: .full(pseudoHeader: header.pseudoHeader)
    ) { output in
      target?.write(into: &output)
      // An option's type, and its length in units of 8 bytes.
      if let hardware { output.append(bigEndian: UInt64(hardwareOption) << 56 | 1 << 48 | hardware.rawValue) }
      if nonce != 0 { output.append(bigEndian: UInt64(NDPOption.nonce) << 56 | 1 << 48 | nonce) }
    }
  }
}
