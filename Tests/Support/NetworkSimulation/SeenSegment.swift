import Bytes
import Wire

/// What a TCP frame of either family says, as a value: for scripts that pick frames, and for failures that are to be read.
public struct SeenSegment: CustomStringConvertible, Sendable {
  /// Who sent it; an IPv4 address in its mapped form.
  public var source: IPv6Address
  /// Who shall get it.
  public var destination: IPv6Address
  /// The TCP header.
  public var header: TCPHeader
  /// Bytes of the stream in it.
  public var payloadByteCount: Int

  /// A whole TCP segment in a packet; nil for any other frame. Checksums are not looked at.
  public init?(frame bytes: RawSpan) {
    do throws(WireError) {
      let frame = try EthernetFrame(validating: bytes)
      switch frame.type {
      case .ipv4:
        let packet = try IPv4Packet(validating: frame.payload, checksumIsTrusted: true)
        guard packet.protocol == .tcp, !packet.isFragment else { return nil }
        let segment = try TCPSegment(validating: packet.payload, checksum: .trusted)
        self.init(
          source: IPv6Address(mapped: packet.source), destination: IPv6Address(mapped: packet.destination),
          segment)
      case .ipv6:
        let packet = try IPv6Packet(validating: frame.payload)
        guard packet.protocol == .tcp else { return nil }
        let segment = try TCPSegment(validating: packet.payload, checksum: .trusted)
        self.init(source: packet.source, destination: packet.destination, segment)
      default: return nil
      }
    } catch { return nil }
  }

  init(source: IPv6Address, destination: IPv6Address, _ segment: borrowing TCPSegment) {
    self.source = source
    self.destination = destination
    header = TCPHeader(
      sourcePort: segment.sourcePort, destinationPort: segment.destinationPort,
      sequenceNumber: segment.sequenceNumber, acknowledgementNumber: segment.acknowledgementNumber,
      flags: segment.flags, window: segment.window)
    header.urgentPointer = segment.urgentPointer
    header.options = segment.options
    payloadByteCount = segment.payload.byteCount
  }

  /// Behind the last place of the sequence that it takes.
  public var end: SequenceNumber { header.sequenceNumber + sequenceLength }

  /// SEG.LEN: bytes, SYN and FIN.
  public var sequenceLength: Int {
    payloadByteCount + (header.flags.contains(.syn) ? 1 : 0) + (header.flags.contains(.fin) ? 1 : 0)
  }

  /// `10.0.0.1:1025 > 10.0.0.2:80 SA seq 1 ack 2 win 3 len 4`.
  public var description: String {
    let names: [(TCPFlags, String)] = [
      (.syn, "S"), (.fin, "F"), (.rst, "R"), (.psh, "P"), (.ack, "A"), (.urg, "U"), (.ece, "E"), (.cwr, "C"),
    ]
    let flags = names.filter { header.flags.contains($0.0) }.map(\.1).joined()
    func end(_ address: IPv6Address, _ port: UInt16) -> String {
      address.mapped.map { "\($0):\(port)" } ?? "[\(address)]:\(port)"
    }
    var text = "\(end(source, header.sourcePort)) > \(end(destination, header.destinationPort)) \(flags)"
    text += " seq \(header.sequenceNumber) ack \(header.acknowledgementNumber) win \(header.window)"
    text += " len \(payloadByteCount)"
    for index in 0..<header.options.sackBlockCount {
      let block = header.options.sackBlock(index)
      text += " sack \(block.start)-\(block.end)"
    }
    if let timestamps = header.options.timestamps { text += " ts \(timestamps.value) \(timestamps.echo)" }
    return text
  }
}
