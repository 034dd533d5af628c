// RFC 4443 before changing this file.

import Bytes

/// What an ICMPv6 message says.
public enum ICMPv6Kind: Equatable, Sendable {
  /// A packet could not be delivered: one of `Unreachable`.
  case destinationUnreachable(code: UInt8)
  /// A packet was larger than `mtu`, which the next link carries.
  case packetTooBig(mtu: UInt32)
  /// A packet's hops were used up (0) or its fragments did not come (1).
  case timeExceeded(code: UInt8)
  /// The byte at `pointer` of a packet is wrong: one of `Problem`.
  case parameterProblem(code: UInt8, pointer: UInt32)
  /// Answer this.
  case echoRequest(identifier: UInt16, sequence: UInt16)
  /// The answer.
  case echoReply(identifier: UInt16, sequence: UInt16)
  /// Another message; `rest` is its bytes 4..<8. Those of neighbour discovery are read by types of their own.
  case other(type: UInt8, code: UInt8, rest: UInt32)

  /// Codes of `destinationUnreachable` (§3.1).
  public enum Unreachable {
    /// No way to the network.
    public static let route: UInt8 = 0
    /// A filter forbade it.
    public static let administrativelyProhibited: UInt8 = 1
    /// No way to the host.
    public static let address: UInt8 = 3
    /// Nobody listens on the port.
    public static let port: UInt8 = 4
  }

  /// Codes of `parameterProblem` (§3.4).
  public enum Problem {
    /// A header's field has a value that it cannot have.
    public static let field: UInt8 = 0
    /// A header, or what the packet carries, is not known.
    public static let nextHeader: UInt8 = 1
    /// An option is not known.
    public static let option: UInt8 = 2
  }

  /// Whether it reports a packet's fate and quotes that packet (§2.1). No error is sent about an error, nor about a
  /// redirect (§2.4 e).
  public var isError: Bool { fields.type < 128 }

  /// Type, code and the bytes 4..<8.
  var fields: (type: UInt8, code: UInt8, rest: UInt32) {
    switch self {
    case .destinationUnreachable(let code): (1, code, 0)
    case .packetTooBig(let mtu): (2, 0, mtu)
    case .timeExceeded(let code): (3, code, 0)
    case .parameterProblem(let code, let pointer): (4, code, pointer)
    case .echoRequest(let identifier, let sequence): (128, 0, UInt32(identifier) << 16 | UInt32(sequence))
    case .echoReply(let identifier, let sequence): (129, 0, UInt32(identifier) << 16 | UInt32(sequence))
    case .other(let type, let code, let rest): (type, code, rest)
    }
  }

  init(type: UInt8, code: UInt8, rest: UInt32) {
    let high = UInt16(truncatingIfNeeded: rest >> 16)
    let low = UInt16(truncatingIfNeeded: rest)
    switch (type, code) {
    case (1, _): self = .destinationUnreachable(code: code)
    // Senders should set the code to 0, and receivers do not look at it (§3.2).
    case (2, _): self = .packetTooBig(mtu: rest)
    case (3, _): self = .timeExceeded(code: code)
    case (4, _): self = .parameterProblem(code: code, pointer: rest)
    case (128, 0): self = .echoRequest(identifier: high, sequence: low)
    case (129, 0): self = .echoReply(identifier: high, sequence: low)
    default: self = .other(type: type, code: code, rest: rest)
    }
  }
}

/// A validated ICMPv6 message.
public struct ICMPv6Message: ~Escapable {
  /// Bytes before the payload.
  public static let headerByteCount = 8

  /// All of it.
  let bytes: RawSpan

  /// Reads what an IPv6 packet carries. Refuses `truncated`, `badChecksum`.
  @_lifetime(copy bytes)
  public init(validating bytes: RawSpan, checksum: ChecksumCheck) throws(WireError) {
    guard bytes.byteCount >= Self.headerByteCount else { throw .truncated }
    if case .verify(let pseudoHeader) = checksum {
      guard pseudoHeader.covers(bytes) else { throw .badChecksum }
    }
    self.bytes = bytes
  }

  /// The number of what it says.
  public var type: UInt8 { bytes.byte(at: 0) }
  /// What it says.
  public var kind: ICMPv6Kind {
    ICMPv6Kind(type: type, code: bytes.byte(at: 1), rest: bytes.bigEndian32(at: 4))
  }
  /// What an echo carries, or the packet that an error quotes: read that as `QuotedPacket`.
  public var payload: RawSpan {
    @_lifetime(copy self) get { bytes.extracting(Self.headerByteCount..<bytes.byteCount) }
  }
}

extension ICMPv6Kind {
  /// Appends a message: 8 bytes and what `payload` appends, then the checksum over both and the pseudo header, whose
  /// byte count is 8 and the payload's. Traps without room.
  @_lifetime(output: copy output)
  public func write<E: Error>(
    into output: inout OutputRawSpan, seal: ChecksumSeal, payload: (inout OutputRawSpan) throws(E) -> Void
  ) throws(E) {
    let start = output.byteCount
    writeHeader(into: &output)
    try payload(&output)
    output.finishICMP(from: start, seal)
  }

  @inline(never)
  @_lifetime(output: copy output)
  private func writeHeader(into output: inout OutputRawSpan) { output.appendICMP(fields) }
}

// Messages of both families begin in the same way.
extension OutputRawSpan {
  /// Appends the header of an ICMP message, without its checksum yet.
  @_lifetime(self: copy self)
  mutating func appendICMP(_ fields: (type: UInt8, code: UInt8, rest: UInt32)) {
    append(bigEndian: UInt64(fields.type) << 56 | UInt64(fields.code) << 48 | UInt64(fields.rest))
  }

  /// Fills in the checksum of the ICMP message that stands from `start` on.
  @inline(never)
  @_lifetime(self: copy self)
  mutating func finishICMP(from start: Int, _ seal: ChecksumSeal) {
    let sum = seal.value(over: bytes.extracting(start..<byteCount))
    overwrite(at: start + 2, bigEndian: sum)
  }
}
