// IEEE 802.3-2018 §3.2 and RFC 894 before changing this file.

import Bytes

/// What an Ethernet frame carries.
public struct EtherType: RawRepresentable, Hashable, Sendable {
  /// The number on the wire, 0x0600 or more.
  public let rawValue: UInt16
  /// A type from its number.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// IPv4.
  public static let ipv4 = EtherType(rawValue: 0x0800)
  /// ARP.
  public static let arp = EtherType(rawValue: 0x0806)
  /// IPv6.
  public static let ipv6 = EtherType(rawValue: 0x86dd)
  /// A VLAN tag (802.1Q), which is not read.
  public static let vlan = EtherType(rawValue: 0x8100)
}

/// A validated Ethernet II frame without preamble and frame check sequence. Frames of IEEE 802.3, which have
/// a length where Ethernet II has its type, are refused as unsupported.
public struct EthernetFrame: ~Escapable {
  /// Bytes before the payload.
  public static let headerByteCount = 14
  /// A type below this is a length (IEEE 802.3 §3.2.6).
  static let minimumType: UInt16 = 0x0600

  private let bytes: RawSpan

  /// Refuses what is no frame: `truncated`, `unsupported`.
  @inline(__always)
  @_lifetime(copy bytes)
  public init(validating bytes: RawSpan) throws(WireError) {
    guard bytes.byteCount >= Self.headerByteCount else { throw .truncated }
    guard bytes.bigEndian16(at: 12) >= Self.minimumType else { throw .unsupported }
    self.bytes = bytes
  }

  /// Who shall read it.
  public var destination: EthernetAddress { EthernetAddress(bytes, at: 0) }
  /// Who sent it.
  public var source: EthernetAddress { EthernetAddress(bytes, at: 6) }
  /// What it carries.
  public var type: EtherType { EtherType(rawValue: bytes.bigEndian16(at: 12)) }
  /// What it carries, with padding up to the shortest frame.
  public var payload: RawSpan {
    @_lifetime(copy self) get { bytes.extracting(Self.headerByteCount..<bytes.byteCount) }
  }
}

/// The header of an Ethernet II frame, to be written.
public struct EthernetHeader: Equatable, Sendable {
  /// Who shall read it.
  public var destination: EthernetAddress
  /// Who sends it.
  public var source: EthernetAddress
  /// What it carries.
  public var type: EtherType

  /// A header.
  public init(destination: EthernetAddress, source: EthernetAddress, type: EtherType) {
    self.destination = destination
    self.source = source
    self.type = type
  }

  /// Appends 14 bytes; the payload follows. Traps when they have no room.
  @_lifetime(output: copy output)
  public func write(into output: inout OutputRawSpan) {
    // The destination and the source's first 2 bytes.
    output.append(bigEndian: destination.rawValue << 16 | source.rawValue >> 32)
    output.append(bigEndian: UInt32(truncatingIfNeeded: source.rawValue))
    output.append(bigEndian: type.rawValue)
  }
}
