import Bytes
import Platform
import TCP
import Wire

/// What a peer has seen of a connection.
struct Session {
  var remote: IPv4Address
  var remotePort: UInt16
  var localPort: UInt16
  /// What the stack expects next of the peer, and what the peer expects of the stack.
  var next = SequenceNumber(1000)
  var expected = SequenceNumber(0)
  /// Where the peer's stream begins, by the stack's first acknowledgement.
  var begin: SequenceNumber?
}

/// A question of the stack that a peer may answer.
struct Question {
  var port: UInt16
  var payload: [UInt8]
}

/// A device in memory, which remembers what each connection was told last.
final class Device: NetworkDevice {
  let hardwareAddress: UInt64 = 0x0200_0000_0001
  let maximumTransmissionUnit = 1_500
  let offload: NetworkOffload = []
  let maximumLargePacketByteCount = 1_500
  var isFull = false
  var inbox: [[UInt8]] = []
  var sessions: [Session] = []
  /// What it last asked for by DHCP, and its latest DNS queries.
  var dhcpQuestion: Question?
  var dnsQuestions: [Question] = []

  func transmit(_ frame: borrowing OutboundFrame) -> Bool {
    if isFull { return false }
    precondition(frame.byteCount <= 14 + maximumTransmissionUnit, "a frame beyond the MTU")
    var bytes: [UInt8] = []
    frame.header.withUnsafeBytes { bytes.append(contentsOf: $0) }
    frame.payload.withUnsafeBytes { bytes.append(contentsOf: $0) }
    frame.payloadTail.withUnsafeBytes { bytes.append(contentsOf: $0) }
    do throws(WireError) {
      let ethernet = try EthernetFrame(validating: bytes.span.bytes)
      if ethernet.type == .arp { answer(try ARPPacket(validating: ethernet.payload)) }
      guard ethernet.type == .ipv4 else { return true }
      let packet = try IPv4Packet(validating: ethernet.payload)
      if packet.protocol == .udp {
        note(
          try UDPDatagram(
            validating: packet.payload, checksum: .verify(pseudoHeader: packet.pseudoHeader)))
      }
      guard packet.protocol == .tcp else { return true }
      let segment = try TCPSegment(
        validating: packet.payload, checksum: .verify(pseudoHeader: packet.pseudoHeader))
      remember(
        packet.destination, segment.destinationPort, segment.sourcePort,
        expected: segment.sequenceNumber + segment.sequenceLength,
        next: segment.flags.contains(.ack) ? segment.acknowledgementNumber : nil, flags: segment.flags)
    } catch {
      preconditionFailure("the stack sent what is no valid frame")
    }
    return true
  }

  /// Every second peer says by itself where it is.
  private func answer(_ request: ARPPacket) {
    guard request.operation == .request, request.target.rawValue & 1 == 0, inbox.count < 64 else { return }
    let hardware = EthernetAddress(rawValue: 0x0200_0000_0000 + UInt64(request.target.rawValue & 0xff))
    let packet = ARPPacket(
      operation: .reply, senderHardware: hardware, sender: request.target,
      targetHardware: request.senderHardware, target: request.sender)
    let bytes = withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { memory in
      var output = OutputRawSpan(buffer: memory, initializedCount: 0)
      EthernetHeader(destination: request.senderHardware, source: hardware, type: .arp).write(into: &output)
      packet.write(into: &output)
      let count = output.byteCount
      return Array(memory[..<count])
    }
    inbox.append(bytes)
  }

  func remember(
    _ remote: IPv4Address, _ remotePort: UInt16, _ localPort: UInt16, expected: SequenceNumber,
    next: SequenceNumber?, flags: TCPFlags
  ) {
    let index = index(remote, remotePort, localPort)
    var session =
      index.map { sessions[$0] }
      ?? Session(remote: remote, remotePort: remotePort, localPort: localPort)
    session.expected = expected
    if flags.contains(.syn) { session.begin = nil }
    if let next, !flags.contains(.rst) {
      session.next = next
      session.begin = session.begin ?? next
    }
    if let index {
      sessions[index] = session
    } else {
      if sessions.count >= 32 { sessions.removeFirst() }
      sessions.append(session)
    }
  }

  func index(_ remote: IPv4Address, _ remotePort: UInt16, _ localPort: UInt16) -> Int? {
    sessions.firstIndex { $0.remote == remote && $0.remotePort == remotePort && $0.localPort == localPort }
  }

  private func note(_ datagram: borrowing UDPDatagram) {
    let question = Question(
      port: datagram.sourcePort, payload: datagram.payload.withUnsafeBytes { Array($0) })
    if datagram.destinationPort == 67 { dhcpQuestion = question }
    if datagram.destinationPort == 53 {
      if dnsQuestions.count == 8 { dnsQuestions.removeFirst() }
      dnsQuestions.append(question)
    }
  }

  func receive(limit: Int, _ deliver: (borrowing InboundFrame) -> Void) -> Int {
    let frames = inbox.prefix(limit)
    inbox.removeFirst(frames.count)
    for frame in frames { deliver(InboundFrame(frame.span.bytes)) }
    return frames.count
  }

  func notify() {}
}
