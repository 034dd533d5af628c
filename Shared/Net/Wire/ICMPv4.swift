// RFC 792, RFC 1122 §3.2.2 and RFC 1191 §4 before changing this file.

import Bytes

/// What an ICMP message says.
public enum ICMPv4Kind: Equatable, Sendable {
  /// Answer this.
  case echoRequest(identifier: UInt16, sequence: UInt16)
  /// The answer.
  case echoReply(identifier: UInt16, sequence: UInt16)
  /// A packet could not be delivered. `nextHopMTU` goes with `fragmentationNeeded` only, 0 when not known.
  case destinationUnreachable(code: UInt8, nextHopMTU: UInt16)
  /// Packets to there should go by `gateway`.
  case redirect(code: UInt8, gateway: IPv4Address)
  /// A packet's hops were used up (0) or its fragments did not come (1).
  case timeExceeded(code: UInt8)
  /// The byte at `pointer` of a packet's header is wrong.
  case parameterProblem(code: UInt8, pointer: UInt8)
  /// Another message; `rest` is its bytes 4..<8.
  case other(type: UInt8, code: UInt8, rest: UInt32)

  /// Codes of `destinationUnreachable` (RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1).
  public enum Unreachable {
    /// No way to the network.
    public static let network: UInt8 = 0
    /// No way to the host.
    public static let host: UInt8 = 1
    /// The host does not speak the protocol.
    public static let `protocol`: UInt8 = 2
    /// Nobody listens on the port.
    public static let port: UInt8 = 3
    /// It was too large and must not be fragmented.
    public static let fragmentationNeeded: UInt8 = 4
    /// A filter forbade it.
    public static let administrativelyProhibited: UInt8 = 13
  }

  /// Whether it reports a packet's fate and quotes that packet. No error is sent about an error
  /// (RFC 1122 §3.2.2).
  public var isError: Bool {
    switch self {
    case .destinationUnreachable, .redirect, .timeExceeded, .parameterProblem: true
    case .other(let type, _, _): type == 4  // Source quench (RFC 6633).
    case .echoRequest, .echoReply: false
    }
  }

  /// Type, code and the bytes 4..<8.
  var fields: (type: UInt8, code: UInt8, rest: UInt32) {
    switch self {
    case .echoReply(let identifier, let sequence): (0, 0, UInt32(identifier) << 16 | UInt32(sequence))
    case .destinationUnreachable(let code, let mtu): (3, code, UInt32(mtu))
    case .redirect(let code, let gateway): (5, code, gateway.rawValue)
    case .echoRequest(let identifier, let sequence): (8, 0, UInt32(identifier) << 16 | UInt32(sequence))
    case .timeExceeded(let code): (11, code, 0)
    case .parameterProblem(let code, let pointer): (12, code, UInt32(pointer) << 24)
    case .other(let type, let code, let rest): (type, code, rest)
    }
  }

  init(type: UInt8, code: UInt8, rest: UInt32) {
    let high = UInt16(truncatingIfNeeded: rest >> 16)
    let low = UInt16(truncatingIfNeeded: rest)
    switch (type, code) {
    case (0, 0): self = .echoReply(identifier: high, sequence: low)
    case (3, _): self = .destinationUnreachable(code: code, nextHopMTU: code == 4 ? low : 0)
    case (5, _): self = .redirect(code: code, gateway: IPv4Address(rawValue: rest))
    case (8, 0): self = .echoRequest(identifier: high, sequence: low)
    case (11, _): self = .timeExceeded(code: code)
    case (12, _):
      self = .parameterProblem(code: code, pointer: code == 0 ? UInt8(truncatingIfNeeded: rest >> 24) : 0)
    default: self = .other(type: type, code: code, rest: rest)
    }
  }
}

/// A validated ICMP message.
public struct ICMPv4Message: ~Escapable {
  /// Bytes before the payload.
  public static let headerByteCount = 8

  private let bytes: RawSpan

  /// Reads an IP packet's payload. Refuses `truncated`, `badChecksum`.
  @_lifetime(copy bytes)
  public init(validating bytes: RawSpan, checksumIsTrusted: Bool = false) throws(WireError) {
    guard bytes.byteCount >= Self.headerByteCount else { throw .truncated }
    if !checksumIsTrusted {
      guard InternetChecksum(of: bytes).isValid else { throw .badChecksum }
    }
    self.bytes = bytes
  }

  /// What it says.
  public var kind: ICMPv4Kind {
    ICMPv4Kind(type: bytes.byte(at: 0), code: bytes.byte(at: 1), rest: bytes.bigEndian32(at: 4))
  }
  /// What an echo carries, or the packet that an error quotes: read that as `QuotedPacket`.
  public var payload: RawSpan {
    @_lifetime(copy self) get { bytes.extracting(Self.headerByteCount..<bytes.byteCount) }
  }
}

extension ICMPv4Kind {
  /// Appends a message: 8 bytes and what `payload` appends, then the checksum over both. Traps without room.
  @_lifetime(output: copy output)
  public func write<E: Error>(
    into output: inout OutputRawSpan, payload: (inout OutputRawSpan) throws(E) -> Void
  ) throws(E) {
    let start = output.byteCount
    output.appendICMP(fields)
    try payload(&output)
    // There is no pseudo header.
    output.finishICMP(from: start, .full(pseudoHeader: InternetChecksum()))
  }
}
