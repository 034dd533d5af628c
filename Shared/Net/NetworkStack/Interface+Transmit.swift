// RFC 894, RFC 791 and RFC 6864 before changing this file.

import Bytes
import EventLoop
import Platform
import TCP
import Wire

extension Interface {
  /// What became of a packet.
  enum Sent {
    /// The device took it, or it waits for its neighbour, or is lost as packets are.
    case taken
    /// The device has no room: try again later.
    case deferred
    /// Nobody is there.
    case unreachable
  }

  // MARK: TCP

  /// Sends a segment whose payload lies in two pieces.
  func transmit(
    _ header: TCPHeader, from local: IPv4Address, to remote: IPv4Address, payload: RawSpan, _ tail: RawSpan,
    segmentByteCount: Int
  ) -> Sent {
    guard let hop = stack.routes.nextHop(to: remote, on: index) else { return .unreachable }
    let payloadByteCount = payload.byteCount + tail.byteCount
    var ip = IPv4Header(
      source: local, destination: remote, protocol: .tcp,
      payloadByteCount: header.byteCount + payloadByteCount)
    prepare(&ip)
    switch neighbours.lookup(IPv6Address(mapped: hop.address), at: stack.loop.now) {
    case .known(let neighbour):
      let isOffloaded = device.offload.contains(.transmitChecksum)
      var output = OutputRawSpan(buffer: scratch, initializedCount: 0)
      EthernetHeader(destination: neighbour, source: hardware, type: .ipv4).write(into: &output)
      ip.write(into: &output)
      header.write(
        into: &output,
        seal: isOffloaded ? .partial(pseudoHeader: ip.pseudoHeader) : .full(pseudoHeader: ip.pseudoHeader),
        coveringPayload: payload, tail)
      let frame = OutboundFrame(
        header: output.bytes, payload: payload, payloadTail: tail,
        checksum: isOffloaded ? (start: Self.transportOffset, offset: Self.tcpChecksumOffset) : nil,
        segmentByteCount: segmentByteCount)
      return hand(frame) ? .taken : .deferred
    case .pending(let request):
      if request { ask(for: hop.address) }
      // Only what the device need not finish can wait; a larger segment is sent again.
      if segmentByteCount == 0 {
        withPacket(ip) { output in
          header.write(
            into: &output, seal: .full(pseudoHeader: ip.pseudoHeader), coveringPayload: payload, tail)
          output.append(contentsOf: payload)
          output.append(contentsOf: tail)
        } then: {
          neighbours.hold($0, for: IPv6Address(mapped: hop.address))
        }
      }
      schedule()
      return .taken
    case .failed: return .unreachable
    }
  }

  private static let transportOffset =
    EthernetFrame.headerByteCount + IPv4Packet.minimumHeaderByteCount
  private static let tcpChecksumOffset = 16

  // MARK: Other packets

  /// Sends a datagram; false when nobody is there. `source` may be unspecified.
  func transmitDatagram(
    _ payload: RawSpan, from source: IPv4Address, _ sourcePort: UInt16, to destination: IPv4Address,
    _ destinationPort: UInt16
  ) -> Bool {
    let byteCount = UDPDatagram.headerByteCount + payload.byteCount
    var ip = IPv4Header(source: source, destination: destination, protocol: .udp, payloadByteCount: byteCount)
    prepare(&ip)
    let header = UDPHeader(sourcePort: sourcePort, destinationPort: destinationPort)
    return transmit(ip) { output in
      header.write(into: &output, seal: .full(pseudoHeader: ip.pseudoHeader)) {
        $0.append(contentsOf: payload)
      }
    }
  }

  /// Sends an ICMP message; false when nobody is there, or it does not fit the link.
  func transmitICMP(_ kind: ICMPv4Kind, to destination: IPv4Address, payload: RawSpan) -> Bool {
    guard let address else { return false }
    var ip = IPv4Header(
      source: address, destination: destination, protocol: .icmp,
      payloadByteCount: ICMPv4Message.headerByteCount + payload.byteCount)
    prepare(&ip)
    return transmit(ip, mayFragment: true) { output in
      kind.write(into: &output) { $0.append(contentsOf: payload) }
    }
  }

  /// Sends `packet`, whose header is `ip`, in fragments that fit the link (RFC 791 §3.2). Only the answer to an echo
  /// request that came in fragments is that long (RFC 1122 §3.2.2.6).
  private func transmitFragments(of packet: RawSpan, _ ip: IPv4Header) {
    let payload = packet.extracting(IPv4Packet.minimumHeaderByteCount..<packet.byteCount)
    // All but the last are multiples of 8.
    let room = (maximumTransmissionUnit - IPv4Packet.minimumHeaderByteCount) & ~7
    var offset = 0
    while offset < payload.byteCount {
      let piece = payload.extracting(offset..<min(offset + room, payload.byteCount))
      var fragment = ip
      fragment.payloadByteCount = piece.byteCount
      fragment.fragmentByteOffset = offset
      fragment.moreFragments = offset + piece.byteCount < payload.byteCount
      guard transmit(fragment, { $0.append(contentsOf: piece) }) else { return }
      offset += piece.byteCount
    }
  }

  /// Sends a TCP segment without payload that belongs to no connection of ours.
  func transmitReply(_ header: TCPHeader, from local: IPv4Address, to remote: IPv4Address) {
    switch transmit(
      header, from: local, to: remote, payload: RawSpan(), RawSpan(), segmentByteCount: 0)
    {
    case .taken: break
    case .deferred, .unreachable: stack.counters.framesLost &+= 1
    }
  }

  /// Only TCP learns what the path takes (RFC 1191). What may be fragmented needs an identification; what may not has
  /// none, as a counter would tell strangers how much we send to others (RFC 6864 §4.1).
  private func prepare(_ ip: inout IPv4Header) {
    guard ip.protocol != .tcp else { return }
    ip.dontFragment = false
    ip.identification = nextIdentification
    nextIdentification &+= 1
  }

  /// Writes a packet that fits the link, or may be sent in fragments, and sends it to its next hop; false when nobody
  /// is there, or it does not fit.
  private func transmit(
    _ ip: IPv4Header, mayFragment: Bool = false, _ write: (inout OutputRawSpan) -> Void
  ) -> Bool {
    guard ip.payloadByteCount + IPv4Packet.minimumHeaderByteCount <= maximumTransmissionUnit else {
      if mayFragment { withPacket(ip, write) { transmitFragments(of: $0, ip) } }
      return mayFragment
    }
    if ip.destination.isBroadcast || stack.routes.isBroadcast(ip.destination, on: index) {
      withPacket(ip, write) { transmit(packet: $0, to: .broadcast) }
      return true
    }
    guard let hop = stack.routes.nextHop(to: ip.destination, on: index) else { return false }
    switch neighbours.lookup(IPv6Address(mapped: hop.address), at: stack.loop.now) {
    case .known(let neighbour):
      withPacket(ip, write) { transmit(packet: $0, to: neighbour) }
    case .pending(let request):
      if request { ask(for: hop.address) }
      withPacket(ip, write) { neighbours.hold($0, for: IPv6Address(mapped: hop.address)) }
      schedule()
    case .failed: return false
    }
    return true
  }

  /// Writes an IP packet into memory of its own and lends it to `then`.
  private func withPacket(
    _ ip: IPv4Header, _ write: (inout OutputRawSpan) -> Void, then: (RawSpan) -> Void
  ) {
    let byteCount = IPv4Packet.minimumHeaderByteCount + ip.payloadByteCount
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16)
    defer { memory.deallocate() }
    var output = OutputRawSpan(buffer: memory, initializedCount: 0)
    ip.write(into: &output)
    write(&output)
    then(output.bytes)
  }

  private func transmit(packet: RawSpan, to neighbour: EthernetAddress) {
    var output = OutputRawSpan(buffer: scratch, initializedCount: 0)
    EthernetHeader(destination: neighbour, source: hardware, type: .ipv4).write(into: &output)
    let frame = OutboundFrame(
      header: output.bytes, payload: packet, payloadTail: RawSpan(), checksum: nil, segmentByteCount: 0)
    if !hand(frame) { stack.counters.framesLost &+= 1 }
  }

  /// Sends a packet that waited for its neighbour.
  func transmitHeld(_ packet: [UInt8], to neighbour: EthernetAddress) {
    transmit(packet: packet.span.bytes, to: neighbour)
  }

  // MARK: ARP

  func ask(for address: IPv4Address, of neighbour: EthernetAddress = .broadcast) {
    guard let ours = self.address else { return }
    transmit(
      ARPPacket(
        operation: .request, senderHardware: hardware, sender: ours, targetHardware: .zero, target: address),
      to: neighbour)
  }

  func transmit(_ packet: ARPPacket, to neighbour: EthernetAddress) {
    var output = OutputRawSpan(buffer: scratch, initializedCount: 0)
    EthernetHeader(destination: neighbour, source: hardware, type: .arp).write(into: &output)
    packet.write(into: &output)
    let frame = OutboundFrame(
      header: output.bytes, payload: RawSpan(), payloadTail: RawSpan(), checksum: nil, segmentByteCount: 0)
    if !hand(frame) { stack.counters.framesLost &+= 1 }
  }

  /// What time asked of the neighbours.
  func handle(_ event: NeighbourCache.Event) {
    switch event {
    case .request(let address, let neighbour):
      if let address = address.mapped { ask(for: address, of: neighbour ?? .broadcast) }
    case .unreachable(_, let packets):
      // Whoever sent them hears it as from a router (RFC 1122 §3.3.1.1 b).
      for bytes in packets { stack.receiveUndelivered(bytes.span.bytes, on: self) }
    }
  }

  private func hand(_ frame: borrowing OutboundFrame) -> Bool {
    guard device.transmit(frame) else {
      stack.counters.framesDeferred &+= 1
      return false
    }
    stack.counters.framesSent &+= 1
    stack.hasTransmitted = true
    return true
  }
}
