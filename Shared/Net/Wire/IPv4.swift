// RFC 791 §3.1, RFC 1122 §3.2.1 and RFC 6864 before changing this file.

import Bytes

/// What an IP packet carries.
public struct IPProtocol: RawRepresentable, Hashable, Sendable {
  /// The number on the wire.
  public let rawValue: UInt8
  /// A protocol from its number.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// ICMP for IPv4.
  public static let icmp = IPProtocol(rawValue: 1)
  /// TCP.
  public static let tcp = IPProtocol(rawValue: 6)
  /// UDP.
  public static let udp = IPProtocol(rawValue: 17)
  /// ICMP for IPv6.
  public static let icmpv6 = IPProtocol(rawValue: 58)
}

/// A validated IPv4 packet, possibly a fragment. Options are skipped.
public struct IPv4Packet: ~Escapable {
  /// Bytes of a header without options.
  public static let minimumHeaderByteCount = 20

  private let bytes: RawSpan
  /// Bytes before the payload, with options: 20...60.
  public let headerByteCount: Int

  /// Reads a frame's payload; padding behind the packet is left out. Refuses `truncated`, `unsupported`
  /// (another version), `badLength` (also a fragment that ends behind 65,535) and `badChecksum` (of the
  /// header; not looked at when the device did).
  @_lifetime(copy bytes)
  public init(validating bytes: RawSpan, checksumIsTrusted: Bool = false) throws(WireError) {
    guard bytes.byteCount >= Self.minimumHeaderByteCount else { throw .truncated }
    let first = bytes.byte(at: 0)
    guard first >> 4 == 4 else { throw .unsupported }
    let header = Int(first & 15) * 4
    let total = Int(bytes.bigEndian16(at: 2))
    guard header >= Self.minimumHeaderByteCount, total >= header else { throw .badLength }
    guard bytes.byteCount >= total else { throw .truncated }
    if !checksumIsTrusted {
      guard InternetChecksum(of: bytes.extracting(0..<header)).isValid else { throw .badChecksum }
    }
    let fragment = bytes.bigEndian16(at: 6)
    // The packet put together from fragments counts its header too (RFC 791, page 14).
    guard Int(fragment & 0x1fff) * 8 + total <= 0xffff else { throw .badLength }
    // All but the last fragment carry a multiple of 8 bytes.
    guard fragment & 0x2000 == 0 || (total - header) % 8 == 0 && total > header else { throw .badLength }
    self.bytes = bytes.extracting(0..<total)
    headerByteCount = header
  }

  /// The bits of DSCP and ECN (RFC 2474, RFC 3168).
  public var trafficClass: UInt8 { bytes.byte(at: 1) }
  /// The packet's bytes, header and payload.
  public var totalByteCount: Int { bytes.byteCount }
  /// Which packet a fragment belongs to.
  public var identification: UInt16 { bytes.bigEndian16(at: 4) }
  /// Whether routers must not fragment it.
  public var dontFragment: Bool { bytes.byte(at: 6) & 0x40 != 0 }
  /// Whether fragments follow.
  public var moreFragments: Bool { bytes.byte(at: 6) & 0x20 != 0 }
  /// Where its payload stands in the whole packet's.
  public var fragmentByteOffset: Int { Int(bytes.bigEndian16(at: 6) & 0x1fff) * 8 }
  /// Whether it is a part of a packet only.
  public var isFragment: Bool { bytes.bigEndian16(at: 6) & 0x3fff != 0 }
  /// How many hops it may still go.
  public var timeToLive: UInt8 { bytes.byte(at: 8) }
  /// What it carries.
  public var `protocol`: IPProtocol { IPProtocol(rawValue: bytes.byte(at: 9)) }
  /// Who sent it.
  public var source: IPv4Address { IPv4Address(bytes, at: 12) }
  /// Who shall get it.
  public var destination: IPv4Address { IPv4Address(bytes, at: 16) }
  /// The options as they came: at most 40 bytes.
  public var options: RawSpan {
    @_lifetime(copy self) get { bytes.extracting(Self.minimumHeaderByteCount..<headerByteCount) }
  }
  /// What it carries.
  public var payload: RawSpan {
    @_lifetime(copy self) get { bytes.extracting(headerByteCount..<bytes.byteCount) }
  }
  /// Header and payload: what an ICMP error quotes.
  public var wholePacket: RawSpan {
    @_lifetime(copy self) get { bytes }
  }
  /// The pseudo header for the checksum of a TCP segment or UDP datagram that is no fragment.
  public var pseudoHeader: InternetChecksum {
    .pseudoHeader(
      source: source, destination: destination, protocol: `protocol`,
      byteCount: bytes.byteCount - headerByteCount)
  }
}

/// The header of an IPv4 packet without options, to be written.
public struct IPv4Header: Equatable, Sendable {
  /// Who sends it.
  public var source: IPv4Address
  /// Who shall get it.
  public var destination: IPv4Address
  /// What it carries.
  public var `protocol`: IPProtocol
  /// Bytes behind the header: at most 65,515.
  public var payloadByteCount: Int
  /// How many hops it may go (RFC 1700: 64).
  public var timeToLive: UInt8 = 64
  /// Which packet a fragment belongs to; 0 when it can never be one (RFC 6864 §4.1).
  public var identification: UInt16 = 0
  /// Whether routers must not fragment it.
  public var dontFragment = true
  /// Whether fragments follow.
  public var moreFragments = false
  /// Where its payload stands in the whole packet's: a multiple of 8.
  public var fragmentByteOffset = 0
  /// The bits of DSCP and ECN.
  public var trafficClass: UInt8 = 0

  /// The header of a whole packet that must not be fragmented.
  public init(
    source: IPv4Address, destination: IPv4Address, protocol: IPProtocol, payloadByteCount: Int
  ) {
    self.source = source
    self.destination = destination
    self.protocol = `protocol`
    self.payloadByteCount = payloadByteCount
  }

  /// The pseudo header for the checksum of the payload.
  public var pseudoHeader: InternetChecksum {
    .pseudoHeader(
      source: source, destination: destination, protocol: `protocol`, byteCount: payloadByteCount)
  }

  /// Appends 20 bytes with their checksum; the payload follows. Traps when they have no room, or when a
  /// length or an offset is not possible.
  @_lifetime(output: copy output)
  public func write(into output: inout OutputRawSpan) {
    let total = payloadByteCount + IPv4Packet.minimumHeaderByteCount
    precondition(payloadByteCount >= 0 && fragmentByteOffset >= 0 && fragmentByteOffset % 8 == 0)
    precondition(total + fragmentByteOffset <= 0xffff, "no IPv4 packet is that long")
    let start = output.byteCount
    let flags: UInt64 = (dontFragment ? 0x4000 : 0) | (moreFragments ? 0x2000 : 0)
    // Version and length of the header, traffic class, total length; identification, flags, offset.
    let first = UInt64(0x4500 | UInt16(trafficClass)) << 48 | UInt64(total) << 32
    output.append(bigEndian: first | UInt64(identification) << 16 | flags | UInt64(fragmentByteOffset / 8))
    // Time to live, protocol, no checksum yet; the addresses.
    let second = UInt64(timeToLive) << 56 | UInt64(`protocol`.rawValue) << 48
    output.append(bigEndian: second | UInt64(source.rawValue))
    output.append(bigEndian: destination.rawValue)
    let checksum = InternetChecksum(of: output.bytes.extracting(start..<output.byteCount))
    output.overwrite(at: start + 10, bigEndian: checksum.value)
  }
}
