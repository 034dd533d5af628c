// RFC 894, RFC 2464, RFC 791, RFC 6864 and RFC 8200 §4.5 before changing this file.

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

  /// Sends a segment whose payload lies in two pieces. Both addresses are of one family, as everywhere below.
  func transmit(
    _ header: TCPHeader, from local: IPv6Address, to remote: IPv6Address, payload: RawSpan, _ tail: RawSpan,
    segmentByteCount: Int
  ) -> Sent {
    guard let hop = nextHop(to: remote) else { return .unreachable }
    let byteCount = header.byteCount + payload.byteCount + tail.byteCount
    switch neighbours.lookup(hop, at: stack.loop.now) {
    case .known(let neighbour):
      let isOffloaded = offload.contains(remote.isMapped ? .transmitChecksum : .transmitChecksum6)
      var output = OutputRawSpan(buffer: scratch, initializedCount: 0)
      beginFrame(to: neighbour, isIPv4: remote.isMapped, into: &output)
      let sum = writeHeader(from: local, to: remote, .tcp, byteCount: byteCount, into: &output)
      let start = output.byteCount
      header.write(
        into: &output, seal: isOffloaded ? .partial(pseudoHeader: sum) : .full(pseudoHeader: sum),
        coveringPayload: payload, tail)
      let frame = OutboundFrame(
        header: output.bytes, payload: payload, payloadTail: tail,
        checksum: isOffloaded ? (start: start, offset: Self.tcpChecksumOffset) : nil,
        segmentByteCount: segmentByteCount)
      return hand(frame) ? .taken : .deferred
    case .pending(let request):
      if request { ask(for: hop) }
      // Only what the device need not finish can wait; a larger segment is sent again.
      if segmentByteCount == 0 { hold(header, from: local, to: remote, payload, tail, for: hop) }
      schedule()
      return .taken
    case .failed: return .unreachable
    }
  }

  /// Keeps a segment for its neighbour.
  @inline(never)
  private func hold(
    _ header: TCPHeader, from local: IPv6Address, to remote: IPv6Address, _ payload: RawSpan, _ tail: RawSpan,
    for hop: IPv6Address
  ) {
    let byteCount = header.byteCount + payload.byteCount + tail.byteCount
    let memory = Self.packetMemory(byteCount)
    defer { memory.deallocate() }
    var output = OutputRawSpan(buffer: memory, initializedCount: 0)
    let sum = writeHeader(from: local, to: remote, .tcp, byteCount: byteCount, into: &output)
    header.write(into: &output, seal: .full(pseudoHeader: sum), coveringPayload: payload, tail)
    output.append(payload: payload)
    output.append(payload: tail)
    neighbours.hold(output.bytes, for: hop)
  }

  private static let tcpChecksumOffset = 16

  /// The neighbour that packets to `destination` go to by this interface; nil when there is no way.
  @inline(never)
  private func nextHop(to destination: IPv6Address) -> IPv6Address? {
    guard let mapped = destination.mapped else { return nextHopOfIPv6(to: destination) }
    return stack.routes.nextHop(to: mapped, on: index).map { IPv6Address(mapped: $0.address) }
  }

  /// Appends an IP header of the addresses' family and returns the sum of the pseudo header.
  @_lifetime(output: copy output)
  private func writeHeader(
    from source: IPv6Address, to destination: IPv6Address, _ protocol: IPProtocol, byteCount: Int,
    into output: inout OutputRawSpan
  ) -> InternetChecksum {
    if let source = source.mapped, let destination = destination.mapped {
      let ip = header(from: source, to: destination, `protocol`, byteCount: byteCount)
      ip.write(into: &output)
      return ip.pseudoHeader
    }
    var ip = IPv6Header(
      source: source, destination: destination, protocol: `protocol`, payloadByteCount: byteCount)
    ip.hopLimit = autoconfiguration?.hopLimit ?? ip.hopLimit
    ip.write(into: &output)
    return ip.pseudoHeader
  }

  /// Only TCP learns what the path takes (RFC 1191). What may be fragmented needs an identification; what may not has
  /// none, as a counter would tell strangers how much we send to others (RFC 6864 §4.1).
  private func header(
    from source: IPv4Address, to destination: IPv4Address, _ protocol: IPProtocol, byteCount: Int
  ) -> IPv4Header {
    var ip = IPv4Header(
      source: source, destination: destination, protocol: `protocol`, payloadByteCount: byteCount)
    if `protocol` == .tcp { return ip }
    ip.dontFragment = false
    ip.identification = nextIdentification
    nextIdentification &+= 1
    return ip
  }

  /// Begins a frame.
  @_lifetime(output: copy output)
  @inline(__always)
  private func beginFrame(to neighbour: EthernetAddress, isIPv4: Bool, into output: inout OutputRawSpan) {
    EthernetHeader(destination: neighbour, source: hardware, type: isIPv4 ? .ipv4 : .ipv6)
      .write(into: &output)
  }

  // MARK: Other packets

  /// Sends a datagram; false when nobody is there. `source` may be unspecified for IPv4.
  func transmitDatagram(
    _ payload: RawSpan, from source: IPv6Address, _ sourcePort: UInt16, to destination: IPv6Address,
    _ destinationPort: UInt16
  ) -> Bool {
    transmit(
      .udp(UDPHeader(sourcePort: sourcePort, destinationPort: destinationPort)), payload, from: source,
      to: destination)
  }

  /// Sends an ICMP message; false when nobody is there.
  func transmitICMP(_ kind: ICMPv4Kind, to destination: IPv4Address, payload: RawSpan) -> Bool {
    guard let address else { return false }
    return transmit(
      .icmp(kind), payload, from: IPv6Address(mapped: address), to: IPv6Address(mapped: destination))
  }

  /// The same of IPv6, from an address of ours.
  func transmitICMP(
    _ kind: ICMPv6Kind, from source: IPv6Address, to destination: IPv6Address, payload: RawSpan
  ) -> Bool {
    transmit(.icmpv6(kind), payload, from: source, to: destination)
  }

  /// Sends a TCP segment without payload that belongs to no connection of ours.
  func transmitReply(_ header: TCPHeader, from local: IPv6Address, to remote: IPv6Address) {
    switch transmit(
      header, from: local, to: remote, payload: RawSpan(), RawSpan(), segmentByteCount: 0)
    {
    case .taken: break
    case .deferred, .unreachable: stack.counters.framesLost &+= 1
    }
  }

  /// What else than TCP is sent: a header, and a payload behind it.
  private enum Message {
    case udp(UDPHeader)
    case icmp(ICMPv4Kind)
    case icmpv6(ICMPv6Kind)

    var `protocol`: IPProtocol {
      switch self {
      case .udp: .udp
      case .icmp: .icmp
      case .icmpv6: .icmpv6
      }
    }

    var headerByteCount: Int {
      switch self {
      case .udp: UDPDatagram.headerByteCount
      case .icmp: ICMPv4Message.headerByteCount
      case .icmpv6: ICMPv6Message.headerByteCount
      }
    }

    @_lifetime(output: copy output)
    func write(_ payload: RawSpan, pseudoHeader: InternetChecksum, into output: inout OutputRawSpan) {
      switch self {
      case .udp(let header):
        header.write(into: &output, seal: .full(pseudoHeader: pseudoHeader)) { $0.append(payload: payload) }
      case .icmp(let kind): kind.write(into: &output) { $0.append(payload: payload) }
      case .icmpv6(let kind):
        kind.write(into: &output, seal: .full(pseudoHeader: pseudoHeader)) { $0.append(payload: payload) }
      }
    }
  }

  /// Writes a packet and sends it to its next hop, in fragments when it does not fit the link; false when nobody is
  /// there. Only the answer to an echo request that came in fragments is that long (RFC 1122 §3.2.2.6).
  @inline(never)
  private func transmit(
    _ message: Message, _ payload: RawSpan, from source: IPv6Address, to destination: IPv6Address
  ) -> Bool {
    let byteCount = message.headerByteCount + payload.byteCount
    let memory = Self.packetMemory(byteCount)
    defer { memory.deallocate() }
    var output = OutputRawSpan(buffer: memory, initializedCount: 0)
    let sum = writeHeader(
      from: source, to: destination, message.protocol, byteCount: byteCount, into: &output)
    message.write(payload, pseudoHeader: sum, into: &output)
    if output.byteCount <= maximumTransmissionUnit(to: destination) {
      return send(output.bytes, to: destination)
    }
    return sendFragments(of: output.bytes, from: source, to: destination, message.protocol)
  }

  /// Memory for an IP header and what follows it.
  private static func packetMemory(_ byteCount: Int) -> UnsafeMutableRawBufferPointer {
    .allocate(byteCount: IPv6Packet.minimumHeaderByteCount + byteCount, alignment: 16)
  }

  /// Sends a whole packet that fits the link; false when nobody is there.
  private func send(_ packet: RawSpan, to destination: IPv6Address) -> Bool {
    if let group = hardware(ofGroup: destination) {
      transmit(packet: packet, to: group)
      return true
    }
    guard let hop = nextHop(to: destination) else { return false }
    switch neighbours.lookupSlowly(hop, at: stack.loop.now) {
    case .known(let neighbour): transmit(packet: packet, to: neighbour)
    case .pending(let request):
      if request { ask(for: hop) }
      neighbours.hold(packet, for: hop)
      schedule()
    case .failed: return false
    }
    return true
  }

  /// Where packets for several hosts go, when `destination` means several.
  private func hardware(ofGroup destination: IPv6Address) -> EthernetAddress? {
    guard let mapped = destination.mapped else {
      return destination.isMulticast ? EthernetAddress(group: destination) : nil
    }
    return stack.routes.isBroadcast(mapped, on: index) ? .broadcast : nil
  }

  /// Sends `packet` in fragments that fit the link (RFC 791 §3.2, RFC 8200 §4.5).
  private func sendFragments(
    of packet: RawSpan, from source: IPv6Address, to destination: IPv6Address, _ protocol: IPProtocol
  ) -> Bool {
    let isIPv4 = destination.isMapped
    let headerByteCount =
      isIPv4 ? IPv4Packet.minimumHeaderByteCount : IPv6Packet.minimumHeaderByteCount
    let fragmentByteCount = isIPv4 ? 0 : IPv6FragmentHeader.byteCount
    let payload = packet.extracting(headerByteCount..<packet.byteCount)
    let limit = maximumTransmissionUnit(to: destination)
    // All but the last are multiples of 8.
    let room = (limit - headerByteCount - fragmentByteCount) & ~7
    let identification =
      isIPv4 ? UInt32(packet.bigEndian16(at: 4)) : UInt32(truncatingIfNeeded: stack.random())
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: limit, alignment: 16)
    defer { memory.deallocate() }
    var offset = 0
    while offset < payload.byteCount {
      let piece = payload.extracting(offset..<min(offset + room, payload.byteCount))
      let moreFragments = offset + piece.byteCount < payload.byteCount
      var output = OutputRawSpan(buffer: memory, initializedCount: 0)
      if let source = source.mapped, let destination = destination.mapped {
        var ip = IPv4Header(
          source: source, destination: destination, protocol: `protocol`, payloadByteCount: piece.byteCount)
        ip.dontFragment = false
        ip.identification = UInt16(truncatingIfNeeded: identification)
        ip.fragmentByteOffset = offset
        ip.moreFragments = moreFragments
        ip.write(into: &output)
      } else {
        IPv6Header(
          source: source, destination: destination, protocol: .fragment,
          payloadByteCount: fragmentByteCount + piece.byteCount
        ).write(into: &output)
        IPv6FragmentHeader(
          protocol: `protocol`, byteOffset: offset, moreFragments: moreFragments,
          identification: identification
        ).write(into: &output)
      }
      output.append(payload: piece)
      guard send(output.bytes, to: destination) else { return false }
      offset += piece.byteCount
    }
    return true
  }

  private func transmit(packet: RawSpan, to neighbour: EthernetAddress) {
    var output = OutputRawSpan(buffer: scratch, initializedCount: 0)
    beginFrame(to: neighbour, isIPv4: packet.byte(at: 0) >> 4 == 4, into: &output)
    let frame = OutboundFrame(
      header: output.bytes, payload: packet, payloadTail: RawSpan(), checksum: nil, segmentByteCount: 0)
    handOrLose(frame)
  }

  /// Sends the packets that waited for a neighbour.
  @inline(never)
  func transmitHeld(_ packets: [[UInt8]], to neighbour: EthernetAddress) {
    for packet in packets { transmit(packet: packet.span.bytes, to: neighbour) }
  }

  // MARK: Neighbours

  /// Asks `neighbour`, or everybody, for the hardware address of `address`.
  func ask(for address: IPv6Address, of neighbour: EthernetAddress? = nil) {
    guard let mapped = address.mapped else { return askIPv6(for: address, of: neighbour) }
    guard let ours = self.address else { return }
    transmit(
      ARPPacket(
        operation: .request, senderHardware: hardware, sender: ours, targetHardware: .zero, target: mapped),
      to: neighbour ?? .broadcast)
  }

  func transmit(_ packet: ARPPacket, to neighbour: EthernetAddress) {
    var output = OutputRawSpan(buffer: scratch, initializedCount: 0)
    EthernetHeader(destination: neighbour, source: hardware, type: .arp).write(into: &output)
    packet.write(into: &output)
    handOrLose(Self.frame(output.bytes))
  }

  /// Sends an IPv6 packet of neighbour discovery, which `write` appends: 80 bytes at most.
  @inline(never)
  func transmitNDP(to neighbour: EthernetAddress, _ write: (inout OutputRawSpan) -> Void) {
    var output = OutputRawSpan(buffer: scratch, initializedCount: 0)
    beginFrame(to: neighbour, isIPv4: false, into: &output)
    write(&output)
    handOrLose(Self.frame(output.bytes))
  }

  /// Sends a report of groups, whose records `write` appends.
  func transmitGroupReport(_ header: IPv6Header, _ write: (inout OutputRawSpan) -> Void) {
    let memory = Self.packetMemory(header.payloadByteCount)
    defer { memory.deallocate() }
    var output = OutputRawSpan(buffer: memory, initializedCount: 0)
    header.write(into: &output)
    write(&output)
    transmit(packet: output.bytes, to: EthernetAddress(group: header.destination))
  }

  @_lifetime(copy header)
  private static func frame(_ header: RawSpan) -> OutboundFrame {
    OutboundFrame(
      header: header, payload: RawSpan(), payloadTail: RawSpan(), checksum: nil, segmentByteCount: 0)
  }

  /// What time asked of the neighbours.
  func handle(_ event: NeighbourCache.Event) {
    switch event {
    case .request(let address, let neighbour): ask(for: address, of: neighbour)
    case .unreachable(let address, let packets):
      autoconfiguration?.routerIsUnreachable(address)
      // Whoever sent them hears it as from a router (RFC 1122 §3.3.1.1 b, RFC 4861 §7.2.2).
      for bytes in packets { stack.receiveUndelivered(bytes.span.bytes, on: self) }
    }
  }

  private func handOrLose(_ frame: borrowing OutboundFrame) {
    if !hand(frame) { stack.counters.framesLost &+= 1 }
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
