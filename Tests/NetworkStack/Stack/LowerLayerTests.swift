import Bytes
import NetworkSimulation
import Platform
import TCP
import Testing
import Wire

@testable import NetworkStack

@Suite struct `Below TCP a stack` {
  let pair = StackPair()

  @Test func `announces its address when it starts, and answers who asks for it`() {
    pair.run(for: .milliseconds(1))
    #expect(pair.heardARP.contains { $0.isAnnouncement && $0.sender == StackPair.rightAddress })
    let request = ARPPacket(
      operation: .request, senderHardware: StackPair.strangerHardware, sender: StackPair.strangerAddress,
      targetHardware: .zero, target: StackPair.rightAddress)
    pair.say(.arp, to: .broadcast) { request.write(into: &$0) }
    pair.run(for: .milliseconds(1))
    let replies = pair.heardARP.filter { $0.operation == .reply }
    #expect(replies.map(\.sender) == [StackPair.rightAddress])
    #expect(replies.map(\.targetHardware) == [StackPair.strangerHardware])
  }

  @Test func `defends its address and says who wants it`() {
    var events: [AddressEvent] = []
    pair.rightInterface.whenAddressChanges = { events.append($0) }
    pair.run(for: .seconds(3))
    let claim = ARPPacket(
      operation: .reply, senderHardware: StackPair.strangerHardware, sender: StackPair.rightAddress,
      targetHardware: .zero, target: StackPair.rightAddress)
    pair.say(.arp, to: .broadcast) { claim.write(into: &$0) }
    pair.run(for: .milliseconds(1))
    #expect(events == [.defended(StackPair.strangerHardware)])
    #expect(pair.rightInterface.address == StackPair.rightAddress)
  }

  @Test func `answers an echo request with its payload, and none to a broadcast`() {
    pair.introduceStranger()
    let payload: [UInt8] = Array(0..<200)
    for destination in [StackPair.rightAddress, StackPair.network.broadcast] {
      pair.say(.icmp, byteCount: 8 + payload.count, to: destination) { _, output in
        ICMPv4Kind.echoRequest(identifier: 7, sequence: 9).write(into: &output) {
          $0.append(contentsOf: payload.span.bytes)
        }
      }
    }
    pair.run(for: .milliseconds(1))
    let echoes = pair.heardPackets(.icmp) { packet -> [UInt8]? in
      guard let message = try? ICMPv4Message(validating: packet.payload),
        message.kind == .echoReply(identifier: 7, sequence: 9)
      else { return nil }
      // Copied within the closure.
      return message.payload.withUnsafeBytes { Array($0) }
    }
    #expect(echoes == [payload])
  }

  @Test func `answers an echo request that came in fragments in fragments`() {
    pair.introduceStranger()
    let data = (0..<4000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    func message(_ kind: ICMPv4Kind) -> [UInt8] {
      var buffer = ByteBuffer()
      buffer.withFreeRoom(atLeast: data.count + 8) { output in
        kind.write(into: &output) { $0.append(contentsOf: data.span.bytes) }
      }
      return buffer.array()
    }
    let request = message(.echoRequest(identifier: 7, sequence: 9))
    for start in stride(from: 0, to: request.count, by: 1480) {
      let piece = Array(request[start..<min(start + 1480, request.count)])
      let packet = ipv4(from: StackPair.strangerAddress, to: StackPair.rightAddress, .icmp, piece) {
        $0.identification = 77
        $0.fragmentByteOffset = start
        $0.moreFragments = start + piece.count < request.count
      }
      pair.say(.ipv4, to: pair.rightInterface.hardware) { $0.append(contentsOf: packet.span.bytes) }
    }
    pair.run(for: .milliseconds(1))
    var identifications: Set<UInt16> = []
    let fragments = pair.heardPackets(.icmp) { packet -> (offset: Int, isLast: Bool, bytes: [UInt8]) in
      identifications.insert(packet.identification)
      // Copied within the closure.
      let bytes = packet.payload.withUnsafeBytes { Array($0) }
      return (packet.fragmentByteOffset, !packet.moreFragments, bytes)
    }
    #expect(fragments.map(\.offset) == [0, 1480, 2960])
    #expect(fragments.map(\.isLast) == [false, false, true])
    #expect(identifications.count == 1)
    #expect(fragments.flatMap(\.bytes) == message(.echoReply(identifier: 7, sequence: 9)))
  }

  @Test func `tells who sends to a port that is nobody's, and quotes the datagram`() {
    pair.introduceStranger()
    pair.sendDatagram(to: 9_999)
    pair.run(for: .milliseconds(1))
    let quoted = pair.heardPackets(.icmp) { packet -> UInt16? in
      guard let message = try? ICMPv4Message(validating: packet.payload),
        case .destinationUnreachable(ICMPv4Kind.Unreachable.port, _) = message.kind
      else { return nil }
      return (try? QuotedPacket(validating: message.payload))?.destinationPort
    }
    #expect(quoted == [9_999])
    #expect(pair.right.counters.datagramsToNobody == 1)
  }

  @Test func `sends so many ICMP errors a second and no more`() {
    pair.introduceStranger()
    for _ in 0..<200 {
      pair.sendDatagram(to: 9_999)
      pair.run(for: .microseconds(10))
    }
    pair.run(for: .milliseconds(1))
    #expect(pair.right.counters.icmpErrorsSent == UInt64(ICMPv4Responder.errorBurst))
    #expect(pair.right.counters.icmpLimited > 0)
  }

  @Test func `puts datagrams together from fragments and gives them to their socket`() throws {
    let socket = try pair.right.bind(port: 53)
    let payload = [UInt8](repeating: 5, count: 1_992)
    let bytes = datagram(payload, to: 53)
    for (offset, count) in [(1_000, 1_000), (0, 1_000)] {
      var header = IPv4Header(
        source: StackPair.strangerAddress, destination: StackPair.rightAddress, protocol: .udp,
        payloadByteCount: count)
      header.dontFragment = false
      header.identification = 77
      header.fragmentByteOffset = offset
      header.moreFragments = offset == 0
      pair.say(.ipv4, to: pair.rightInterface.hardware) { output in
        header.write(into: &output)
        output.append(contentsOf: bytes.span.bytes.extracting(offset..<offset + count))
      }
    }
    pair.run(for: .milliseconds(1))
    #expect(socket.receive()?.payload == payload)
  }

  @Test func `takes nothing from sources that cannot be anybody`() {
    let before = pair.right.counters.badSource
    let sources: [IPv4Address] = [
      .broadcast, .loopback, StackPair.rightAddress, StackPair.network.broadcast, IPv4Address(224, 0, 0, 1),
      IPv4Address(240, 0, 0, 1), .unspecified,
    ]
    for source in sources { pair.sendSYN(from: 1000, source: source) }
    #expect(pair.right.counters.badSource == before + UInt64(sources.count))
    #expect(pair.right.tcpCounters.resetsSent == 0)
  }

  @Test func `counts what is no frame, packet or segment by its reason and goes on`() throws {
    pair.say(.ipv4, to: pair.rightInterface.hardware) { $0.append(bigEndian: UInt32(0)) }
    pair.say(.arp, to: .broadcast) { $0.append(bigEndian: UInt32(0)) }
    pair.say(.tcp, byteCount: 4) { _, output in output.append(bigEndian: UInt32(0)) }
    pair.say(EtherType(rawValue: 0x88cc), to: .broadcast) { $0.append(bigEndian: UInt32(0)) }
    pair.run(for: .milliseconds(1))
    #expect(pair.right.counters.malformed[0] == 3)
    #expect(pair.right.counters.unknownProtocol >= 1)
  }

  @Test func `resets segments to ports where nobody listens, but not RSTs`() {
    pair.introduceStranger()
    for flags in [TCPFlags.syn, .ack, .rst, [.fin, .ack]] {
      let header = TCPHeader(
        sourcePort: 1000, destinationPort: 81, sequenceNumber: SequenceNumber(1),
        acknowledgementNumber: SequenceNumber(5), flags: flags, window: 1_000)
      pair.say(.tcp, byteCount: header.byteCount) { ip, output in
        header.write(into: &output, seal: .full(pseudoHeader: ip.pseudoHeader))
      }
    }
    pair.run(for: .milliseconds(1))
    #expect(pair.right.tcpCounters.resetsSent == 3)
    #expect(pair.right.counters.closedPort == 4)
  }

  @Test func `shows the same figures in the same order at every call`() {
    let first = pair.right.figures.map { $0.name.description + ($0.label?.value.description ?? "") }
    pair.sendSYN(from: 1000)
    let second = pair.right.figures.map { $0.name.description + ($0.label?.value.description ?? "") }
    #expect(first == second)
    #expect(Set(first).count == first.count)
  }

  private func datagram(_ payload: [UInt8], to port: UInt16) -> [UInt8] {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 8 + payload.count, alignment: 16)
    defer { memory.deallocate() }
    var output = OutputRawSpan(buffer: memory, initializedCount: 0)
    let sum = InternetChecksum.pseudoHeader(
      source: StackPair.strangerAddress, destination: StackPair.rightAddress, protocol: .udp,
      byteCount: 8 + payload.count)
    UDPHeader(sourcePort: 1000, destinationPort: port).write(
      into: &output, seal: .full(pseudoHeader: sum)
    ) { $0.append(contentsOf: payload.span.bytes) }
    return Array(memory)
  }
}

extension StackPair {
  /// The stranger's datagram of 4 bytes to the right stack.
  func sendDatagram(to port: UInt16) {
    say(.udp, byteCount: 12) { ip, output in
      UDPHeader(sourcePort: 1000, destinationPort: port).write(
        into: &output, seal: .full(pseudoHeader: ip.pseudoHeader)
      ) { $0.append(bigEndian: UInt32(0x0102_0304)) }
    }
  }
}
