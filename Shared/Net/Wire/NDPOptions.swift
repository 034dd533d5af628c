// RFC 4861 §4.6, RFC 7527 §4.2 and RFC 8106 §5.1 before changing this file.

import Bytes

/// The options of a message of neighbour discovery, one after the other.
///
///     while let option = options.next() { … }
public struct NDPOptions: ~Escapable {
  private var rest: RawSpan

  /// Refuses options that do not end or have no length as `badOption`: then the whole message is dropped (§4.6).
  @_lifetime(copy bytes)
  init(validating bytes: RawSpan) throws(WireError) {
    rest = bytes
    var offset = 0
    while offset < bytes.byteCount {
      guard offset + 8 <= bytes.byteCount else { throw .badOption }
      let length = Int(bytes.byte(at: offset + 1)) * 8
      guard length > 0, offset + length <= bytes.byteCount else { throw .badOption }
      offset += length
    }
  }

  /// The next option, whether it is known or not; nil behind the last.
  @_lifetime(copy self)
  public mutating func next() -> NDPOption? {
    guard rest.byteCount > 0 else { return nil }
    let length = Int(rest.byte(at: 1)) * 8
    let option = NDPOption(bytes: rest.extracting(0..<length))
    rest = rest.extracting(length..<rest.byteCount)
    return option
  }

  /// The hardware address in the first option of `type` that has one.
  func hardware(_ type: UInt8) -> EthernetAddress? {
    var options = NDPOptions(copying: rest)
    while let option = options.next() {
      if option.type == type, let hardware = option.hardware { return hardware }
    }
    return nil
  }

  /// What the first nonce option of 6 bytes holds, as ours do; 0 when there is none (RFC 7527 §4.2).
  var nonce: UInt64 {
    var options = NDPOptions(copying: rest)
    while let option = options.next() {
      if option.type == NDPOption.nonce, option.bytes.byteCount == 8 {
        return option.bytes.bigEndian64(at: 0) & 0xffff_ffff_ffff
      }
    }
    return 0
  }

  @_lifetime(copy rest)
  private init(copying rest: RawSpan) { self.rest = rest }
}

/// An option. Those of an unknown type, or of a length that their type does not have, say nothing.
public struct NDPOption: ~Escapable {
  static let sourceHardware: UInt8 = 1
  static let targetHardware: UInt8 = 2
  static let prefixInformation: UInt8 = 3
  static let mtu: UInt8 = 5
  static let nonce: UInt8 = 14
  static let recursiveServers: UInt8 = 25

  let bytes: RawSpan

  @_lifetime(copy bytes)
  init(bytes: RawSpan) { self.bytes = bytes }

  /// The number of what it says.
  public var type: UInt8 { bytes.byte(at: 0) }

  /// The interface of the message's sender or target, if the option says that and an interface can have it.
  var hardware: EthernetAddress? {
    guard type == Self.sourceHardware || type == Self.targetHardware, bytes.byteCount == 8 else { return nil }
    let address = EthernetAddress(bytes, at: 2)
    return address.isUnicast ? address : nil
  }

  /// A prefix, if the option says that (§4.6.2).
  public var prefix: NDPPrefix? {
    guard type == Self.prefixInformation, bytes.byteCount == 32, bytes.byte(at: 2) <= 128 else { return nil }
    return NDPPrefix(bytes)
  }

  /// The largest packet on the link, if the option says that (§4.6.4).
  public var maximumTransmissionUnit: UInt32? {
    type == Self.mtu && bytes.byteCount == 8 ? bytes.bigEndian32(at: 4) : nil
  }

  /// How many DNS servers the option names; 0 when it says something else (RFC 8106 §5.1).
  public var domainNameServerCount: Int {
    type == Self.recursiveServers && bytes.byteCount >= 24 && bytes.byteCount % 16 == 8
      ? bytes.byteCount / 16 : 0
  }
  /// One of the DNS servers. Traps outside the count.
  public func domainNameServer(_ index: Int) -> IPv6Address {
    precondition(index >= 0 && index < domainNameServerCount)
    return IPv6Address(bytes, at: 8 + 16 * index)
  }
  /// How long the DNS servers may be asked. Traps when there are none.
  public var domainNameServerSeconds: UInt32 {
    precondition(domainNameServerCount > 0)
    return bytes.bigEndian32(at: 4)
  }
}

/// What a router says about a prefix.
public struct NDPPrefix: Equatable, Sendable {
  /// The prefix.
  public var network: IPv6Network
  /// Whether its addresses are on the link.
  public var isOnLink: Bool
  /// Whether hosts make addresses out of it (RFC 4862 §5.5.3).
  public var isAutonomous: Bool
  /// How long both is so; all ones for ever.
  public var validSeconds: UInt32
  /// How long such addresses are for new connections too; all ones for ever.
  public var preferredSeconds: UInt32

  /// What is said, for whoever writes it.
  public init(
    network: IPv6Network, isOnLink: Bool = true, isAutonomous: Bool = true, validSeconds: UInt32,
    preferredSeconds: UInt32
  ) {
    self.network = network
    self.isOnLink = isOnLink
    self.isAutonomous = isAutonomous
    self.validSeconds = validSeconds
    self.preferredSeconds = preferredSeconds
  }

  fileprivate init(_ bytes: RawSpan) {
    network = IPv6Network(IPv6Address(bytes, at: 16), prefixLength: Int(bytes.byte(at: 2)))
    isOnLink = bytes.byte(at: 3) & 0x80 != 0
    isAutonomous = bytes.byte(at: 3) & 0x40 != 0
    validSeconds = bytes.bigEndian32(at: 4)
    preferredSeconds = bytes.bigEndian32(at: 8)
  }
}
