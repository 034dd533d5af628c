// RFC 2131 §2 and §4.3.6 (table 4, 5) before changing this file.

import Bytes

/// A DHCP message's header, to be written; the options follow by `DHCPv4OptionWriter`.
public struct DHCPv4Header: Equatable, Sendable {
  /// Shorter messages are padded: some relays drop them (RFC 1542 §2.1).
  public static let minimumMessageByteCount = 300

  /// Whether a server sends it.
  public var isReply = false
  /// Which exchange it belongs to.
  public var transaction: UInt32
  /// Seconds since the client began.
  public var seconds: UInt16 = 0
  /// Whether the client cannot take unicast yet.
  public var wantsBroadcast = false
  /// The client's address, when it has one.
  public var clientAddress = IPv4Address.unspecified
  /// The address that is offered.
  public var yourAddress = IPv4Address.unspecified
  /// The relay it goes by.
  public var relayAddress = IPv4Address.unspecified
  /// The client's interface.
  public var clientHardware: EthernetAddress
  /// What it is.
  public var type: DHCPv4MessageType

  /// A client's message.
  public init(type: DHCPv4MessageType, transaction: UInt32, clientHardware: EthernetAddress) {
    self.type = type
    self.transaction = transaction
    self.clientHardware = clientHardware
  }

  /// Appends the message with its type and the options that `options` adds, ends it and pads it to 300 bytes.
  /// Traps without room.
  @_lifetime(output: copy output)
  public func write(
    into output: inout OutputRawSpan, options: (inout DHCPv4OptionWriter) -> Void
  ) {
    var writer = DHCPv4OptionWriter()
    writer.append(.messageType, byte: type.rawValue)
    options(&writer)
    write(writer.bytes.bytes, into: &output)
  }

  @_lifetime(output: copy output)
  private func write(_ options: RawSpan, into output: inout OutputRawSpan) {
    let start = output.byteCount
    // Ethernet, whose addresses have 6 bytes; no hops.
    let kind: UInt64 = isReply ? 0x0201_0600 : 0x0101_0600
    output.append(bigEndian: kind << 32 | UInt64(transaction))
    let flags: UInt64 = wantsBroadcast ? 1 << 47 : 0
    output.append(bigEndian: UInt64(seconds) << 48 | flags | UInt64(clientAddress.rawValue))
    output.append(bigEndian: yourAddress.rawValue)
    output.append(bigEndian: UInt32(0))
    output.append(bigEndian: relayAddress.rawValue)
    clientHardware.write(into: &output)
    output.append(zeros: 10 + 64 + 128)
    output.append(bigEndian: DHCPv4Message.magicCookie)
    output.append(payload: options)
    output.append(DHCPv4Option.end.rawValue)
    let count = output.byteCount - start
    if count < Self.minimumMessageByteCount { output.append(zeros: Self.minimumMessageByteCount - count) }
  }
}

/// Puts the options of a message together. A message is written a few times an hour, so it may allocate.
public struct DHCPv4OptionWriter: ~Copyable {
  fileprivate var bytes = ByteBuffer()

  fileprivate init() {}

  private mutating func begin(_ option: DHCPv4Option, _ count: Int) {
    precondition(count <= 255 && option != .pad && option != .end)
    append(UInt64(option.rawValue), byteCount: 1)
    append(UInt64(count), byteCount: 1)
  }

  /// Appends the last bytes of a number.
  @inline(never)
  private mutating func append(_ number: UInt64, byteCount: Int) {
    for index in 1...byteCount {
      bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(8 * (byteCount - index))))
    }
  }

  /// An option of one byte.
  public mutating func append(_ option: DHCPv4Option, byte: UInt8) {
    begin(option, 1)
    append(UInt64(byte), byteCount: 1)
  }

  /// An option of 2 bytes, such as a size.
  public mutating func append(_ option: DHCPv4Option, number16 value: UInt16) {
    begin(option, 2)
    append(UInt64(value), byteCount: 2)
  }

  /// An option of 4 bytes, such as seconds.
  public mutating func append(_ option: DHCPv4Option, number32 value: UInt32) {
    begin(option, 4)
    append(UInt64(value), byteCount: 4)
  }

  /// An option of addresses: at most 63.
  public mutating func append(_ option: DHCPv4Option, addresses: IPv4Address...) {
    begin(option, addresses.count * 4)
    for address in addresses { append(UInt64(address.rawValue), byteCount: 4) }
  }

  /// An option's content as it is: at most 255 bytes.
  public mutating func append(_ option: DHCPv4Option, data: [UInt8]) {
    begin(option, data.count)
    bytes.append(data)
  }

  /// The interface as the client's identity (RFC 2132 §9.14, hardware type 1).
  public mutating func append(clientIdentifier address: EthernetAddress) {
    begin(.clientIdentifier, 7)
    append(1, byteCount: 1)
    append(address.rawValue, byteCount: 6)
  }

  /// The options the client wants to hear (RFC 2132 §9.8).
  public mutating func append(requesting options: DHCPv4Option...) {
    begin(.parameterRequestList, options.count)
    for option in options { append(UInt64(option.rawValue), byteCount: 1) }
  }
}
