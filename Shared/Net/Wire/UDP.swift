// RFC 768, RFC 1122 §4.1.3 and RFC 8200 §8.1 before changing this file.

import Bytes

/// A validated UDP datagram.
public struct UDPDatagram: ~Escapable {
  /// Bytes before the payload.
  public static let headerByteCount = 8

  private let bytes: RawSpan

  /// Reads an IP packet's payload. Refuses `truncated`, `badLength` and `badChecksum`; a datagram without a
  /// checksum passes (RFC 1122 §4.1.3.4) unless it `mustHaveChecksum`, as over IPv6 (RFC 8200 §8.1).
  @_lifetime(copy bytes)
  public init(
    validating bytes: RawSpan, checksum: ChecksumCheck, mustHaveChecksum: Bool = false
  ) throws(WireError) {
    guard bytes.byteCount >= Self.headerByteCount else { throw .truncated }
    let length = Int(bytes.bigEndian16(at: 4))
    guard length >= Self.headerByteCount else { throw .badLength }
    guard length <= bytes.byteCount else { throw .truncated }
    guard !mustHaveChecksum || bytes.bigEndian16(at: 6) != 0 else { throw .badChecksum }
    if case .verify(let pseudoHeader) = checksum, bytes.bigEndian16(at: 6) != 0 {
      // The pseudo header holds the datagram's length, which is the packet's unless somebody padded.
      guard length == bytes.byteCount else { throw .badLength }
      guard pseudoHeader.covers(bytes) else { throw .badChecksum }
    }
    self.bytes = bytes.extracting(0..<length)
  }

  /// The sender's port; 0 when no answer is wanted.
  public var sourcePort: UInt16 { bytes.bigEndian16(at: 0) }
  /// The receiver's port.
  public var destinationPort: UInt16 { bytes.bigEndian16(at: 2) }
  /// Whether the sender made a checksum.
  public var hasChecksum: Bool { bytes.bigEndian16(at: 6) != 0 }
  /// What it carries.
  public var payload: RawSpan {
    @_lifetime(copy self) get { bytes.extracting(Self.headerByteCount..<bytes.byteCount) }
  }
}

/// The header of a UDP datagram, to be written.
public struct UDPHeader: Equatable, Sendable {
  /// The sender's port.
  public var sourcePort: UInt16
  /// The receiver's port.
  public var destinationPort: UInt16

  /// A header.
  public init(sourcePort: UInt16, destinationPort: UInt16) {
    self.sourcePort = sourcePort
    self.destinationPort = destinationPort
  }

  /// Appends 8 bytes and what `payload` appends, then fills in the length, and the checksum over both.
  /// The pseudo header's byte count is 8 and the payload's. Traps without room, or beyond 65,535 bytes.
  @_lifetime(output: copy output)
  public func write<E: Error>(
    into output: inout OutputRawSpan, seal: ChecksumSeal,
    payload: (inout OutputRawSpan) throws(E) -> Void
  ) throws(E) {
    let start = output.byteCount
    // No length and no checksum yet.
    output.append(bigEndian: UInt64(sourcePort) << 48 | UInt64(destinationPort) << 32)
    try payload(&output)
    let length = output.byteCount - start
    output.overwrite(at: start + 4, bigEndian: UInt16(length))
    let sum = seal.value(over: output.bytes.extracting(start..<output.byteCount))
    // 0 would mean that there is none; in ones' complement, all ones are the same number (RFC 768).
    if case .full = seal {
      output.overwrite(at: start + 6, bigEndian: sum == 0 ? 0xffff : sum)
    } else {
      output.overwrite(at: start + 6, bigEndian: sum)
    }
  }
}
