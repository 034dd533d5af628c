// RFC 2131 §2 and §4.1, RFC 2132 before changing this file.

import Bytes

/// A validated DHCP message for Ethernet. Long options in pieces (RFC 3396) are not put together: the first
/// piece counts.
public struct DHCPv4Message: ~Escapable {
  /// Bytes before the options, with the magic cookie.
  public static let headerByteCount = 240
  static let magicCookie: UInt32 = 0x6382_5363
  private static let serverName = 44..<108
  private static let file = 108..<236

  private let bytes: RawSpan
  /// 1: `file` holds options, 2: the server's name does.
  private let overload: UInt8
  /// What it is.
  public let type: DHCPv4MessageType

  /// Reads a datagram's payload. Refuses `truncated`, `unsupported` (BOOTP without DHCP, other hardware),
  /// `badOption` (one that does not end, or has not the length of its kind).
  @_lifetime(copy bytes)
  public init(validating bytes: RawSpan) throws(WireError) {
    guard bytes.byteCount >= Self.headerByteCount else { throw .truncated }
    let operation = bytes.byte(at: 0)
    guard operation == 1 || operation == 2, bytes.byte(at: 1) == 1, bytes.byte(at: 2) == 6,
      bytes.bigEndian32(at: 236) == Self.magicCookie
    else { throw .unsupported }
    let options = bytes.extracting(Self.headerByteCount..<bytes.byteCount)
    try Self.check(options)
    var overload: UInt8 = 0
    if let option = Self.find(.overload, in: options) { overload = option.byte(at: 0) }
    if overload & 1 != 0 { try Self.check(bytes.extracting(Self.file)) }
    if overload & 2 != 0 { try Self.check(bytes.extracting(Self.serverName)) }
    self.bytes = bytes
    self.overload = overload
    guard let data = Self.find(.messageType, in: options),
      let type = DHCPv4MessageType(rawValue: data.byte(at: 0))
    else { throw .unsupported }
    self.type = type
  }

  /// Every option ends within `field` and has a length of its kind. A missing end is forgiven.
  private static func check(_ field: RawSpan) throws(WireError) {
    var offset = 0
    while offset < field.byteCount {
      let option = DHCPv4Option(rawValue: field.byte(at: offset))
      if option == .end { return }
      if option == .pad {
        offset += 1
        continue
      }
      guard offset + 1 < field.byteCount else { throw .badOption }
      let end = offset + 2 + Int(field.byte(at: offset + 1))
      guard end <= field.byteCount, option.accepts(field.extracting(offset + 2..<end)) else {
        throw .badOption
      }
      offset = end
    }
  }

  /// The first `option` in a field that was checked.
  @_lifetime(copy field)
  private static func find(_ option: DHCPv4Option, in field: RawSpan) -> RawSpan? {
    var offset = 0
    while offset < field.byteCount {
      let found = DHCPv4Option(rawValue: field.byte(at: offset))
      if found == .end { return nil }
      if found == .pad {
        offset += 1
        continue
      }
      let end = offset + 2 + Int(field.byte(at: offset + 1))
      if found == option { return field.extracting(offset + 2..<end) }
      offset = end
    }
    return nil
  }

  /// Whether a server sent it.
  public var isReply: Bool { bytes.byte(at: 0) == 2 }
  /// Which exchange it belongs to.
  public var transaction: UInt32 { bytes.bigEndian32(at: 4) }
  /// Seconds since the client began.
  public var seconds: UInt16 { bytes.bigEndian16(at: 8) }
  /// Whether the client cannot take unicast yet.
  public var wantsBroadcast: Bool { bytes.byte(at: 10) & 0x80 != 0 }
  /// The client's address, when it has one.
  public var clientAddress: IPv4Address { IPv4Address(bytes, at: 12) }
  /// The address that is offered.
  public var yourAddress: IPv4Address { IPv4Address(bytes, at: 16) }
  /// The relay it went by.
  public var relayAddress: IPv4Address { IPv4Address(bytes, at: 24) }
  /// The client's interface.
  public var clientHardware: EthernetAddress { EthernetAddress(bytes, at: 28) }

  /// An option's content, also from the fields that `overload` opens.
  @_lifetime(copy self)
  public func option(_ option: DHCPv4Option) -> RawSpan? {
    if let data = Self.find(option, in: bytes.extracting(Self.headerByteCount..<bytes.byteCount)) {
      return data
    }
    if overload & 1 != 0, let data = Self.find(option, in: bytes.extracting(Self.file)) { return data }
    if overload & 2 != 0, let data = Self.find(option, in: bytes.extracting(Self.serverName)) { return data }
    return nil
  }

  @inline(never)
  private func address(_ option: DHCPv4Option) -> IPv4Address? {
    guard let data = self.option(option) else { return nil }
    return IPv4Address(data, at: 0)
  }

  private func number(_ option: DHCPv4Option) -> UInt32? {
    guard let data = self.option(option) else { return nil }
    return data.bigEndian32(at: 0)
  }

  /// The mask of the client's network.
  public var subnetMask: IPv4Address? { address(.subnetMask) }
  /// The network's broadcast address.
  public var broadcastAddress: IPv4Address? { address(.broadcastAddress) }
  /// The address a client wants.
  public var requestedAddress: IPv4Address? { address(.requestedAddress) }
  /// Which server is meant.
  public var serverIdentifier: IPv4Address? { address(.serverIdentifier) }
  /// Seconds of the lease; all ones means for ever (RFC 2131 §3.3).
  public var leaseSeconds: UInt32? { number(.leaseTime) }
  /// Seconds until the client asks its server again (T1).
  public var renewalSeconds: UInt32? { number(.renewalTime) }
  /// Seconds until the client asks any server (T2).
  public var rebindingSeconds: UInt32? { number(.rebindingTime) }
  /// The link's MTU.
  public var interfaceMTU: UInt16? {
    guard let data = option(.interfaceMTU) else { return nil }
    return data.bigEndian16(at: 0)
  }
  /// Default gateways, the best first.
  public var routers: DHCPv4Addresses? {
    @_lifetime(copy self) get {
      guard let data = option(.router) else { return nil }
      return DHCPv4Addresses(data)
    }
  }
  /// Resolvers, the best first.
  public var domainNameServers: DHCPv4Addresses? {
    @_lifetime(copy self) get {
      guard let data = option(.domainNameServer) else { return nil }
      return DHCPv4Addresses(data)
    }
  }
  /// Routes by network.
  public var classlessStaticRoutes: DHCPv4Routes? {
    @_lifetime(copy self) get {
      guard let data = option(.classlessStaticRoutes) else { return nil }
      return DHCPv4Routes(data)
    }
  }
}
