import Bytes
import Wire

extension Walk {
  mutating func mix(_ address: IPv6Address) {
    mix(address.high)
    mix(address.low)
    precondition(IPv6Address(address.description) == address, "an address is read as it was written")
    let kinds = (address.isLoopback, address.isMulticast, address.isLinkLocal, address.isUniqueLocal)
    mix(kinds.0 || kinds.1 || kinds.2 || kinds.3 || address.isUnspecified || address.isHost)
  }

  mutating func ipv6(_ bytes: RawSpan) throws(WireError) {
    let packet = try IPv6Packet(validating: bytes)
    formats.append(.ipv6)
    mix(packet.trafficClass)
    mix(packet.flowLabel)
    mix(packet.totalByteCount)
    mix(packet.hopLimit)
    mix(packet.protocol.rawValue)
    mix(packet.source)
    mix(packet.destination)
    mix(packet.wholePacket)
    mix(packet.pseudoHeader.partial)
    precondition(packet.headerByteCount >= 40 && packet.headerByteCount <= packet.totalByteCount)
    precondition(packet.wholePacket.byte(at: packet.protocolByteOffset) == packet.protocol.rawValue)
    mix(packet.payload)
    if let problem = packet.problem {
      precondition(problem.pointer < UInt32(packet.totalByteCount))
      return mix(problem.code)
    }
    guard !packet.isFragment else {
      mix(packet.identification)
      mix(packet.moreFragments)
      mix(packet.fragmentByteOffset)
      precondition(packet.fragmentByteOffset + packet.payload.byteCount <= 0xffff)
      return
    }
    let check: ChecksumCheck = isTrusting ? .trusted : .verify(pseudoHeader: packet.pseudoHeader)
    switch packet.protocol {
    case .icmpv6: try icmpv6(packet.payload, in: bytes)
    case .udp: try udp(packet.payload, check)
    case .tcp: try tcp(packet.payload, check)
    default: break
    }
  }

  /// `whole` is the packet that the message came in; nil for one that fits.
  mutating func icmpv6(_ bytes: RawSpan, in whole: RawSpan?) throws(WireError) {
    guard let whole else {
      guard bytes.byteCount > 32 else { throw .truncated }
      var buffer = ByteBuffer()
      buffer.withFreeRoom(atLeast: 40 + bytes.byteCount) { room in
        // The input's own bytes choose between addresses.
        let high: UInt64 = bytes.byte(at: 9) & 1 == 0 ? 0xfe80 << 48 : 0
        var header = IPv6Header(
          source: IPv6Address(high: high, low: high >> 63), destination: .allNodes, protocol: .icmpv6,
          payloadByteCount: min(bytes.byteCount, 0xffff))
        header.hopLimit = 255
        header.write(into: &room)
        room.append(contentsOf: bytes.extracting(0..<min(bytes.byteCount, 0xffff)))
      }
      return try ipv6(buffer.bytes)
    }
    let packet = try IPv6Packet(validating: whole)
    let message = try ICMPv6Message(
      validating: bytes, checksum: isTrusting ? .trusted : .verify(pseudoHeader: packet.pseudoHeader))
    formats.append(.icmpv6)
    mix(message.type)
    mix(message.payload)
    switch message.kind {
    case .destinationUnreachable(let code), .timeExceeded(let code): mix(code)
    case .packetTooBig(let mtu): mix(mtu)
    case .parameterProblem(_, let pointer): mix(pointer)
    case .echoRequest(let identifier, let sequence), .echoReply(let identifier, let sequence):
      mix(identifier)
      mix(sequence)
    case .other(_, _, let rest): mix(rest)
    }
    if message.kind.isError { try quote(message.payload) }
    switch message.type {
    case NDPType.neighbourSolicitation, NDPType.neighbourAdvertisement:
      try neighbour(NeighbourMessage(validating: message, in: packet))
    case NDPType.routerAdvertisement:
      let advertisement = try RouterAdvertisement(validating: message, in: packet)
      router(advertisement)
    default: break
    }
  }

  private mutating func neighbour(_ message: NeighbourMessage) {
    formats.append(.neighbour)
    mix(message.source)
    mix(message.target)
    if let hardware = message.hardware { mix(hardware) }
    mix(message.nonce)
    var buffer = ByteBuffer()
    buffer.withFreeRoom(atLeast: NeighbourMessage.maximumPacketByteCount) { message.writePacket(into: &$0) }
    do throws(WireError) {
      let packet = try IPv6Packet(validating: buffer.bytes)
      let icmp = try ICMPv6Message(
        validating: packet.payload, checksum: .verify(pseudoHeader: packet.pseudoHeader))
      let again = try NeighbourMessage(validating: icmp, in: packet)
      precondition(again == message, "a message was changed")
    } catch {
      preconditionFailure("a written message was refused")
    }
  }

  private mutating func router(_ advertisement: borrowing RouterAdvertisement) {
    formats.append(.router)
    mix(advertisement.source)
    mix(advertisement.hopLimit)
    mix(advertisement.isManaged)
    precondition((-1...1).contains(advertisement.preference))
    mix(advertisement.lifetimeSeconds)
    if let hardware = advertisement.hardware { mix(hardware) }
    var options = advertisement.options
    while let option = options.next() {
      mix(option.type)
      if let prefix = option.prefix {
        mix(prefix.network.description)
        mix(prefix.isOnLink || prefix.isAutonomous)
        mix(prefix.validSeconds)
        mix(prefix.preferredSeconds)
        precondition(prefix.network.contains(prefix.network.address))
      }
      mix(option.maximumTransmissionUnit ?? 0)
      for index in 0..<option.domainNameServerCount {
        mix(option.domainNameServer(index))
        mix(option.domainNameServerSeconds)
      }
    }
  }
}
