// RFC 9293 §3.1 before changing this file.

import Bytes

/// The control bits of a segment.
public struct TCPFlags: OptionSet, Hashable, Sendable {
  /// The bits on the wire.
  public let rawValue: UInt8
  /// Flags from their bits.
  @inline(__always)
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// No more data from the sender.
  public static let fin = TCPFlags(rawValue: 1)
  /// Synchronise sequence numbers.
  public static let syn = TCPFlags(rawValue: 2)
  /// Reset the connection.
  public static let rst = TCPFlags(rawValue: 4)
  /// Push.
  public static let psh = TCPFlags(rawValue: 8)
  /// The acknowledgement number means something.
  public static let ack = TCPFlags(rawValue: 16)
  /// The urgent pointer means something.
  public static let urg = TCPFlags(rawValue: 32)
  /// ECN echo (RFC 3168 §6.1).
  public static let ece = TCPFlags(rawValue: 64)
  /// Congestion window reduced (RFC 3168 §6.1).
  public static let cwr = TCPFlags(rawValue: 128)
}

/// A validated TCP segment.
public struct TCPSegment: ~Escapable {
  /// Bytes of a header without options.
  public static let minimumHeaderByteCount = 20

  private let bytes: RawSpan
  /// Bytes before the payload, with options: 20...60.
  public let headerByteCount: Int
  /// SEG.SEQ: the place of the first byte, or of SYN.
  public let sequenceNumber: SequenceNumber
  /// SEG.ACK: the next byte the sender expects. Means something only with ACK.
  public let acknowledgementNumber: SequenceNumber
  /// SEG.WND as it came, not shifted.
  public let window: UInt16
  /// The control bits.
  public let flags: TCPFlags
  /// What its options say.
  public let options: TCPOptions

  /// Reads an IP packet's payload. Refuses `truncated`, `badLength`, `badChecksum`, `badOption`, and a
  /// port of 0 as `badValue`.
  @_lifetime(copy bytes)
  public init(validating bytes: RawSpan, checksum: ChecksumCheck) throws(WireError) {
    guard bytes.byteCount >= Self.minimumHeaderByteCount else { throw .truncated }
    let header = Int(bytes.byte(at: 12) >> 4) * 4
    guard header >= Self.minimumHeaderByteCount else { throw .badLength }
    guard header <= bytes.byteCount else { throw .truncated }
    if case .verify(let pseudoHeader) = checksum {
      guard pseudoHeader.covers(bytes) else { throw .badChecksum }
    }
    guard bytes.bigEndian16(at: 0) != 0, bytes.bigEndian16(at: 2) != 0 else { throw .badValue }
    options = try TCPOptions(validating: bytes.extracting(Self.minimumHeaderByteCount..<header))
    self.bytes = bytes
    headerByteCount = header
    sequenceNumber = SequenceNumber(bytes.bigEndian32(at: 4))
    acknowledgementNumber = SequenceNumber(bytes.bigEndian32(at: 8))
    flags = TCPFlags(rawValue: bytes.byte(at: 13))
    window = bytes.bigEndian16(at: 14)
  }

  /// The sender's port, never 0.
  public var sourcePort: UInt16 { bytes.bigEndian16(at: 0) }
  /// The receiver's port, never 0.
  public var destinationPort: UInt16 { bytes.bigEndian16(at: 2) }
  /// SEG.UP. Means something only with URG.
  public var urgentPointer: UInt16 { bytes.bigEndian16(at: 18) }
  /// The bytes of the stream.
  public var payload: RawSpan {
    @_lifetime(copy self) get { bytes.extracting(headerByteCount..<bytes.byteCount) }
  }
  /// SEG.LEN: what it takes of the sequence, with SYN and FIN.
  public var sequenceLength: Int {
    bytes.byteCount - headerByteCount + (flags.contains(.syn) ? 1 : 0) + (flags.contains(.fin) ? 1 : 0)
  }
}

/// The header of a TCP segment, to be written.
public struct TCPHeader: Equatable, Sendable {
  /// The sender's port.
  public var sourcePort: UInt16
  /// The receiver's port.
  public var destinationPort: UInt16
  /// The place of the first byte, or of SYN.
  public var sequenceNumber: SequenceNumber
  /// The next byte that is expected.
  public var acknowledgementNumber: SequenceNumber
  /// The control bits.
  public var flags: TCPFlags
  /// The window, shifted already.
  public var window: UInt16
  /// Behind the urgent bytes, with URG.
  public var urgentPointer: UInt16 = 0
  /// The options; at most 40 bytes.
  public var options = TCPOptions()

  /// A header without options.
  public init(
    sourcePort: UInt16, destinationPort: UInt16, sequenceNumber: SequenceNumber,
    acknowledgementNumber: SequenceNumber, flags: TCPFlags, window: UInt16
  ) {
    self.sourcePort = sourcePort
    self.destinationPort = destinationPort
    self.sequenceNumber = sequenceNumber
    self.acknowledgementNumber = acknowledgementNumber
    self.flags = flags
    self.window = window
  }

  /// Bytes of the header with its options.
  public var byteCount: Int { TCPSegment.minimumHeaderByteCount + options.byteCount }

  /// Appends the header and what `payload` appends, then fills in the checksum over both. The pseudo header's
  /// byte count is `byteCount` and the payload's. Traps without room, or with more than 40 bytes of options.
  @_lifetime(output: copy output)
  public func write<E: Error>(
    into output: inout OutputRawSpan, seal: ChecksumSeal,
    payload: (inout OutputRawSpan) throws(E) -> Void
  ) throws(E) {
    let start = output.byteCount
    let headerByteCount = byteCount
    precondition(
      headerByteCount <= TCPSegment.minimumHeaderByteCount + TCPOptions.maximumByteCount,
      "more options than a segment holds")
    let ports = UInt64(sourcePort) << 48 | UInt64(destinationPort) << 32
    output.append(bigEndian: ports | UInt64(sequenceNumber.rawValue))
    // The acknowledgement; the length of the header in its upper 4 bits, flags, window.
    let lengthAndFlags = UInt64(headerByteCount / 4) << 28 | UInt64(flags.rawValue) << 16
    output.append(
      bigEndian: UInt64(acknowledgementNumber.rawValue) << 32 | lengthAndFlags | UInt64(window))
    // No checksum yet.
    output.append(bigEndian: UInt32(urgentPointer))
    options.write(into: &output)
    try payload(&output)
    let sum = seal.value(over: output.bytes.extracting(start..<output.byteCount))
    output.overwrite(at: start + 16, bigEndian: sum)
  }

  /// Appends the header only. The payload, which lies elsewhere in two pieces, goes into the checksum but is not
  /// copied; a piece of an odd length may be followed by another.
  @_lifetime(output: copy output)
  public func write(
    into output: inout OutputRawSpan, seal: ChecksumSeal, coveringPayload first: RawSpan, _ second: RawSpan
  ) {
    let start = output.byteCount
    write(into: &output, seal: .partial(pseudoHeader: InternetChecksum()))
    switch seal {
    case .partial(let sum): output.overwrite(at: start + 16, bigEndian: sum.partial)
    case .full(var sum):
      // The field holds the sum of nothing until now, which is zero.
      sum.add(output.bytes.extracting(start..<output.byteCount))
      sum.add(first)
      sum.add(second)
      output.overwrite(at: start + 16, bigEndian: sum.value)
    }
  }

  /// Appends a segment without payload, as `write(into:seal:payload:)` does.
  @_lifetime(output: copy output)
  public func write(into output: inout OutputRawSpan, seal: ChecksumSeal) {
    write(into: &output, seal: seal) { _ in }
  }
}
