// RFC 8200 §3 and §4 before changing this file.

import Bytes

extension IPProtocol {
  /// Options for every node on the way, which may only follow the IPv6 header (RFC 8200 §4.3).
  public static let hopByHop = IPProtocol(rawValue: 0)
  /// The nodes to go by (RFC 8200 §4.4).
  public static let routing = IPProtocol(rawValue: 43)
  /// A part of a packet (RFC 8200 §4.5).
  public static let fragment = IPProtocol(rawValue: 44)
  /// Nothing follows (RFC 8200 §4.7).
  public static let nothing = IPProtocol(rawValue: 59)
  /// Options for the destination (RFC 8200 §4.6).
  public static let destinationOptions = IPProtocol(rawValue: 60)
}

/// A validated IPv6 packet, possibly a fragment. Its extension headers were walked, and are skipped from here on.
public struct IPv6Packet: ~Escapable {
  /// Bytes of a header without extension headers.
  public static let minimumHeaderByteCount = 40
  /// Every link carries packets of this many bytes (RFC 8200 §5).
  public static let minimumMTU = 1280

  private let bytes: RawSpan
  /// Who sent it.
  public let source: IPv6Address
  /// Who shall get it.
  public let destination: IPv6Address
  private let chain: IPv6HeaderChain

  /// Reads a frame's payload; padding behind the packet is left out. Refuses `truncated`, `unsupported` (another
  /// version, or an option whose bits ask to drop the packet in silence), `badOption` and `badLength` (also more
  /// extension headers than `IPv6HeaderChain` walks). What its sender is to be told about is no refusal: `problem`.
  @_lifetime(copy bytes)
  public init(validating bytes: RawSpan) throws(WireError) {
    guard bytes.byteCount >= Self.minimumHeaderByteCount else { throw .truncated }
    guard bytes.byte(at: 0) >> 4 == 6 else { throw .unsupported }
    let total = Self.minimumHeaderByteCount + Int(bytes.bigEndian16(at: 4))
    guard bytes.byteCount >= total else { throw .truncated }
    self.bytes = bytes.extracting(0..<total)
    source = IPv6Address(bytes, at: 8)
    destination = IPv6Address(bytes, at: 24)
    chain = try IPv6HeaderChain(walking: self.bytes)
  }

  /// What is wrong with the packet and whom to tell. When not nil, nothing else is done with it.
  public var problem: IPv6Problem? { chain.problem }
  /// The bits of DSCP and ECN (RFC 2474, RFC 3168).
  public var trafficClass: UInt8 { UInt8(truncatingIfNeeded: bytes.bigEndian16(at: 0) >> 4) }
  /// What its sender names its flow; 0 for none (RFC 6437).
  public var flowLabel: UInt32 { bytes.bigEndian32(at: 0) & 0xf_ffff }
  /// The packet's bytes, headers and payload.
  public var totalByteCount: Int { bytes.byteCount }
  /// How many hops it may still go.
  public var hopLimit: UInt8 { bytes.byte(at: 7) }
  /// Bytes before the payload, with extension headers; of a fragment with the fragment header.
  public var headerByteCount: Int { chain.byteCount }
  /// What it carries; of a fragment `fragment`, so that only reassembly knows what to do with it.
  public var `protocol`: IPProtocol { chain.protocol }
  /// Where the number of `protocol` stands: what is told about one that is not known (RFC 4443 §3.4, code 1).
  public var protocolByteOffset: Int { chain.protocolByteOffset }
  /// Whether it is a part of a packet only. A fragment that is the whole packet is none (RFC 6946).
  public var isFragment: Bool { chain.protocol == .fragment }
  /// Which packet a fragment belongs to. Traps when it is no fragment.
  public var identification: UInt32 {
    precondition(isFragment)
    return bytes.bigEndian32(at: headerByteCount - 4)
  }
  /// Whether fragments follow. Traps when it is no fragment.
  public var moreFragments: Bool {
    precondition(isFragment)
    return bytes.byte(at: headerByteCount - 5) & 1 != 0
  }
  /// Where a fragment's payload stands in the whole packet's. Traps when it is no fragment.
  public var fragmentByteOffset: Int {
    precondition(isFragment)
    return Int(bytes.bigEndian16(at: headerByteCount - 6) & ~7)
  }
  /// What it carries.
  public var payload: RawSpan {
    @_lifetime(copy self) get { bytes.extracting(headerByteCount..<bytes.byteCount) }
  }
  /// Headers and payload: what an ICMP error quotes.
  public var wholePacket: RawSpan {
    @_lifetime(copy self) get { bytes }
  }
  /// The pseudo header for the checksum of what a packet that is no fragment carries.
  public var pseudoHeader: InternetChecksum {
    .pseudoHeader(
      source: source, destination: destination, protocol: `protocol`,
      byteCount: bytes.byteCount - headerByteCount)
  }
}

/// The header of an IPv6 packet without extension headers, to be written.
public struct IPv6Header: Equatable, Sendable {
  /// Who sends it.
  public var source: IPv6Address
  /// Who shall get it.
  public var destination: IPv6Address
  /// What it carries.
  public var `protocol`: IPProtocol
  /// Bytes behind the header: at most 65,535.
  public var payloadByteCount: Int
  /// How many hops it may go (RFC 1700: 64).
  public var hopLimit: UInt8 = 64
  /// The bits of DSCP and ECN.
  public var trafficClass: UInt8 = 0
  /// The flow's name, of 20 bits; 0 for none (RFC 6437).
  public var flowLabel: UInt32 = 0

  /// A header.
  @inline(__always)
  public init(
    source: IPv6Address, destination: IPv6Address, protocol: IPProtocol, payloadByteCount: Int
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

  /// Appends 40 bytes; the payload follows. Traps when they have no room, or when a field's value is not possible.
  @_lifetime(output: copy output)
  public func write(into output: inout OutputRawSpan) {
    precondition(payloadByteCount >= 0 && payloadByteCount <= 0xffff, "no IPv6 packet is that long")
    precondition(flowLabel >> 20 == 0)
    let first = 6 << 28 | UInt32(trafficClass) << 20 | flowLabel
    let next = UInt64(`protocol`.rawValue) << 8 | UInt64(hopLimit)
    output.append(bigEndian: UInt64(first) << 32 | UInt64(payloadByteCount) << 16 | next)
    source.write(into: &output)
    destination.write(into: &output)
  }
}

/// The header of a fragment, which stands behind an IPv6 header of protocol `fragment`, to be written (RFC 8200 §4.5).
public struct IPv6FragmentHeader: Equatable, Sendable {
  /// Bytes of it.
  public static let byteCount = 8

  /// What the whole packet carries.
  public var `protocol`: IPProtocol
  /// Where the payload stands in the whole packet's: a multiple of 8.
  public var byteOffset: Int
  /// Whether fragments follow.
  public var moreFragments: Bool
  /// Which packet it belongs to.
  public var identification: UInt32

  /// A header.
  public init(protocol: IPProtocol, byteOffset: Int, moreFragments: Bool, identification: UInt32) {
    self.protocol = `protocol`
    self.byteOffset = byteOffset
    self.moreFragments = moreFragments
    self.identification = identification
  }

  /// Appends 8 bytes. Traps when they have no room, or when the offset is not possible.
  @_lifetime(output: copy output)
  public func write(into output: inout OutputRawSpan) {
    precondition(byteOffset >= 0 && byteOffset <= 0xffff && byteOffset % 8 == 0)
    let place = UInt64(byteOffset) | (moreFragments ? 1 : 0)
    output.append(bigEndian: UInt64(`protocol`.rawValue) << 56 | place << 32 | UInt64(identification))
  }
}
