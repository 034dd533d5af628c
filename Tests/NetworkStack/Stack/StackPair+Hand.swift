import Bytes
import NetworkSimulation
import Platform
import TCP
import Wire

@testable import NetworkStack

/// What the stranger can do to the right stack by hand: packets in pieces, and connections without a stack.
extension StackPair {
  /// A segment without payload to port 80, with its checksum.
  func segmentBytes(_ flags: TCPFlags, from port: UInt16) -> [UInt8] {
    let header = TCPHeader(
      sourcePort: port, destinationPort: 80, sequenceNumber: SequenceNumber(1),
      acknowledgementNumber: SequenceNumber(0), flags: flags, window: 1_000)
    let sum = InternetChecksum.pseudoHeader(
      source: Self.strangerAddress, destination: Self.rightAddress, protocol: .tcp,
      byteCount: header.byteCount)
    return bytes(header.byteCount) { header.write(into: &$0, seal: .full(pseudoHeader: sum)) }
  }

  /// A datagram with its checksum.
  func datagramBytes(_ payload: [UInt8], to port: UInt16) -> [UInt8] {
    let sum = InternetChecksum.pseudoHeader(
      source: Self.strangerAddress, destination: Self.rightAddress, protocol: .udp,
      byteCount: 8 + payload.count)
    return bytes(8 + payload.count) { output in
      UDPHeader(sourcePort: 1000, destinationPort: port).write(into: &output, seal: .full(pseudoHeader: sum))
      {
        $0.append(contentsOf: payload.span.bytes)
      }
    }
  }

  private func bytes(_ count: Int, _ write: (inout OutputRawSpan) -> Void) -> [UInt8] {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    defer { memory.deallocate() }
    var output = OutputRawSpan(buffer: memory, initializedCount: 0)
    write(&output)
    return Array(memory)
  }

  /// Sends `pieces` of a packet's payload as fragments, each of which knows whether it is the last.
  func sendFragments(
    of payload: [UInt8], identification: UInt16, pieces: [Range<Int>],
    from source: IPv4Address = strangerAddress
  ) {
    for piece in pieces {
      var header = IPv4Header(
        source: source, destination: Self.rightAddress, protocol: payload.count < 30 ? .tcp : .udp,
        payloadByteCount: piece.count)
      header.dontFragment = false
      header.identification = identification
      header.fragmentByteOffset = piece.lowerBound
      header.moreFragments = piece.upperBound < payload.count
      say(.ipv4, to: rightInterface.hardware) { output in
        header.write(into: &output)
        output.append(contentsOf: payload.span.bytes.extracting(piece))
      }
    }
    run(for: .microseconds(100))
  }

  /// Opens a connection from a port of the stranger to port 80, with a window of `window` bytes. Its numbers begin at 1.
  func openByHand(from port: UInt16, window: UInt16) {
    sendByHand(.syn, from: port, number: 1, acknowledgement: 0, window: window)
    run(for: .microseconds(100))
    acknowledgeByHand(from: port, window: window)
  }

  /// Acknowledges the right stack's SYN, and nothing behind it.
  func acknowledgeByHand(from port: UInt16, window: UInt16) {
    sendByHand(.ack, from: port, number: 2, acknowledgement: start(of: port) &+ 1, window: window)
    run(for: .microseconds(100))
  }

  /// Sends one byte, `skipping` bytes behind the SYN.
  func dataByHand(from port: UInt16, skipping: Int, window: UInt16) {
    sendByHand(
      [.ack, .psh], from: port, number: 2 + UInt32(skipping), acknowledgement: start(of: port) &+ 1,
      window: window, payload: [7])
    run(for: .microseconds(20))
  }

  /// The right stack's first number on the connection of the stranger's `port`.
  private func start(of port: UInt16) -> UInt32 {
    if let known = handStarts[port] { return known }
    let starts = heardPackets(.tcp) { packet -> UInt32? in
      guard let segment = try? TCPSegment(validating: packet.payload, checksum: .trusted),
        segment.flags == [.syn, .ack], segment.destinationPort == port
      else { return nil }
      return segment.sequenceNumber.rawValue
    }
    forgetHeard()
    let start = starts.last ?? 0
    handStarts[port] = start
    return start
  }

  private func sendByHand(
    _ flags: TCPFlags, from port: UInt16, number: UInt32, acknowledgement: UInt32, window: UInt16,
    payload: [UInt8] = []
  ) {
    let header = TCPHeader(
      sourcePort: port, destinationPort: 80, sequenceNumber: SequenceNumber(number),
      acknowledgementNumber: SequenceNumber(acknowledgement), flags: flags, window: window)
    say(.tcp, byteCount: header.byteCount + payload.count) { ip, output in
      header.write(into: &output, seal: .full(pseudoHeader: ip.pseudoHeader)) {
        $0.append(contentsOf: payload.span.bytes)
      }
    }
  }
}
