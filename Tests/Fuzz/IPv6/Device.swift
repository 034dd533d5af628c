import Bytes
import Platform
import Wire

/// A device in memory that looks at what the stack sends, and answers questions for half of the peers.
final class Device: NetworkDevice {
  let hardwareAddress: UInt64 = 0x0200_0000_0001
  let maximumTransmissionUnit = 1_500
  let offload: NetworkOffload = []
  let maximumLargePacketByteCount = 1_500
  var isFull = false
  var inbox: [[UInt8]] = []
  /// Frames since the last turn.
  var sentCount = 0

  func transmit(_ frame: borrowing OutboundFrame) -> Bool {
    if isFull { return false }
    sentCount += 1
    precondition(frame.byteCount <= 14 + maximumTransmissionUnit, "a frame beyond the MTU")
    var bytes: [UInt8] = []
    frame.header.withUnsafeBytes { bytes.append(contentsOf: $0) }
    frame.payload.withUnsafeBytes { bytes.append(contentsOf: $0) }
    frame.payloadTail.withUnsafeBytes { bytes.append(contentsOf: $0) }
    do throws(WireError) {
      let ethernet = try EthernetFrame(validating: bytes.span.bytes)
      precondition(ethernet.type == .ipv6, "not IPv6")
      let packet = try IPv6Packet(validating: ethernet.payload)
      precondition(packet.problem == nil, "a packet that others refuse")
      let destination = packet.destination
      precondition(
        !destination.isMulticast || ethernet.destination == EthernetAddress(group: destination),
        "a group's packet to somebody")
      if packet.isFragment { return true }
      let check = ChecksumCheck.verify(pseudoHeader: packet.pseudoHeader)
      switch packet.protocol {
      case .icmpv6: try look(at: ICMPv6Message(validating: packet.payload, checksum: check), in: packet)
      case .udp: _ = try UDPDatagram(validating: packet.payload, checksum: check, mustHaveChecksum: true)
      case .tcp: _ = try TCPSegment(validating: packet.payload, checksum: check)
      default: preconditionFailure("a protocol that nobody speaks")
      }
    } catch {
      preconditionFailure("the stack sent what is no valid frame")
    }
    return true
  }

  private func look(at message: borrowing ICMPv6Message, in packet: borrowing IPv6Packet) throws(WireError) {
    switch message.type {
    case NDPType.neighbourSolicitation:
      let question = try NeighbourMessage(validating: message, in: packet)
      // Every second peer says where it is.
      guard question.target.low & 1 == 0, !question.isProbe, inbox.count < 64 else { return }
      let answer = question.answer(hardware: World.hardware(of: question.target))
      inbox.append(World.frame(from: question.target) { answer.writePacket(into: &$0) })
    case NDPType.neighbourAdvertisement: _ = try NeighbourMessage(validating: message, in: packet)
    case NDPType.routerSolicitation, 128, 129, 143: break
    default: precondition(message.kind.isError, "a message that hosts do not send")
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
