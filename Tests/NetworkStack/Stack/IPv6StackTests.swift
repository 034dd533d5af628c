import Bytes
import NetworkSimulation
import Platform
import Testing
import Wire

@testable import NetworkStack
@testable import TCP

@Suite struct `A stack with IPv6` {
  private static let prefix = IPv6Network(IPv6Address(high: 0x2001_0db8 << 32, low: 0), prefixLength: 64)
  private static let router = IPv6Address(high: 0xfe80 << 48, low: 0xff)
  private static let remote = IPv6Address(high: 0x2001_0db8_00ff << 16, low: 5)

  /// The stranger asks who has an address of the right stack.
  private func introduceStranger(_ pair: StackPair, asked: IPv6Address = StackPair.rightAddress6) {
    let question = NeighbourMessage.question(
      about: asked, from: StackPair.strangerAddress6, hardware: StackPair.strangerHardware)
    pair.say(.ipv6, to: EthernetAddress(group: question.destination)) { question.writePacket(into: &$0) }
    pair.run(for: .milliseconds(1))
  }

  @Test func `answers who asks for its addresses, and nobody who asks for others'`() {
    let pair = StackPair(family: .ipv6)
    pair.run(for: .seconds(2))
    pair.heard.removeAll()
    introduceStranger(pair)
    introduceStranger(pair, asked: IPv6Address(high: 0xfd00 << 48, low: 0x77))
    let answers = pair.heardNeighbours
    #expect(answers.map(\.target) == [StackPair.rightAddress6])
    #expect(answers.map(\.destination) == [StackPair.strangerAddress6])
    #expect(answers.map(\.hardware) == [pair.rightInterface.hardware])
    #expect(answers.map(\.kind) == [.advertisement(isRouter: false, isSolicited: true, isOverride: true)])
    #expect(pair.rightInterface.ipv6Addresses.count == 2)
  }

  @Test func `answers an echo request, also one that came in fragments, and none to a group`() {
    let pair = StackPair(family: .ipv6)
    introduceStranger(pair)
    for count in [200, 4000] {
      let data = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 7) }
      var message = ByteBuffer()
      message.withFreeRoom(atLeast: count + 8) { output in
        let sum = InternetChecksum.pseudoHeader(
          source: StackPair.strangerAddress6, destination: StackPair.rightAddress6, protocol: .icmpv6,
          byteCount: count + 8)
        ICMPv6Kind.echoRequest(identifier: 7, sequence: 9).write(
          into: &output, seal: .full(pseudoHeader: sum)
        ) { $0.append(contentsOf: data.span.bytes) }
      }
      let bytes = message.array()
      pair.heard.removeAll()
      if count < 1400 {
        pair.sayIPv6(.icmpv6, bytes)
        pair.sayIPv6(.icmpv6, bytes, to: .allNodes)
      } else {
        for start in stride(from: 0, to: bytes.count, by: 1448) {
          let piece = Array(bytes[start..<min(start + 1448, bytes.count)])
          var fragment = ByteBuffer()
          fragment.withFreeRoom(atLeast: 8 + piece.count) { output in
            IPv6FragmentHeader(
              protocol: .icmpv6, byteOffset: start, moreFragments: start + piece.count < bytes.count,
              identification: 5
            ).write(into: &output)
            output.append(contentsOf: piece.span.bytes)
          }
          pair.sayIPv6(.fragment, fragment.array())
        }
      }
      pair.run(for: .milliseconds(1))
      let answers = pair.heardIPv6 { packet -> (fragment: Int, bytes: [UInt8])? in
        guard packet.destination == StackPair.strangerAddress6 else { return nil }
        // Copied within the closure.
        let payload = packet.payload.withUnsafeBytes { Array($0) }
        return (packet.isFragment ? packet.fragmentByteOffset : 0, payload)
      }
      #expect(answers.map(\.fragment) == (count < 1400 ? [0] : [0, 1448, 2896]))
      let whole = answers.flatMap(\.bytes)
      #expect(whole.first == 129 && Array(whole[8...]) == data)
    }
    #expect(pair.right.counters.echoesAnswered == 2)
  }

  @Test func `tells who sends to nobody's port or by a protocol that it does not speak, and quotes`() {
    let pair = StackPair(family: .ipv6)
    introduceStranger(pair)
    pair.heard.removeAll()
    var datagram = ByteBuffer()
    datagram.withFreeRoom(atLeast: 12) { output in
      let sum = InternetChecksum.pseudoHeader(
        source: StackPair.strangerAddress6, destination: StackPair.rightAddress6, protocol: .udp,
        byteCount: 12)
      UDPHeader(sourcePort: 1000, destinationPort: 9_999).write(
        into: &output, seal: .full(pseudoHeader: sum)
      ) { $0.append(bigEndian: UInt32(0x0102_0304)) }
    }
    pair.sayIPv6(.udp, datagram.array())
    pair.sayIPv6(IPProtocol(rawValue: 132), [UInt8](repeating: 0, count: 12))
    pair.run(for: .milliseconds(1))
    let errors = pair.heardIPv6 { packet -> ICMPv6Kind? in
      let message = try? ICMPv6Message(
        validating: packet.payload, checksum: .verify(pseudoHeader: packet.pseudoHeader))
      guard let message, let quoted = try? QuotedPacket(validating: message.payload) else { return nil }
      #expect(quoted.isIPv6 && quoted.source == StackPair.strangerAddress6)
      return message.kind
    }
    #expect(
      errors == [
        .destinationUnreachable(code: ICMPv6Kind.Unreachable.port),
        .parameterProblem(code: ICMPv6Kind.Problem.nextHeader, pointer: 6),
      ])
  }

  @Test func `says the segment size of IPv6 when it connects, and asks by a group`() throws {
    let pair = StackPair(family: .ipv6)
    introduceStranger(pair)
    pair.kept.append(
      try pair.right.open(
        to: Endpoint(IPAddress(StackPair.strangerAddress6), port: 80), localPort: 1_000))
    pair.run()
    let sizes = pair.heardIPv6 { packet -> UInt16? in
      guard packet.protocol == .tcp else { return nil }
      return (try? TCPSegment(validating: packet.payload, checksum: .trusted))?.options.maximumSegmentSize
    }
    #expect(sizes.first == 1_440)
    // Nobody has this address: three questions, to the group of whoever would.
    let nobody = IPv6Address(high: 0xfd00 << 48, low: 0x77)
    let error = pair.perform {
      await failure { () async throws(NetworkError) in
        _ = try await pair.right.connect(to: Endpoint(IPAddress(nobody), port: 80), until: .never)
      }
    }
    #expect(error == .unreachable)
    let questions = pair.heardNeighbours.filter { $0.target == nobody }
    #expect(questions.count == 3 && questions.allSatisfy { $0.destination == nobody.solicitedNode })
  }

  @Test func `gives up a fixed address that another host has, and says so`() throws {
    let pair = StackPair(family: .ipv6)
    var events: [AddressEvent] = []
    pair.rightInterface.whenAddressChanges = { events.append($0) }
    let listener = try pair.right.listen(on: Endpoint(.v6(0, 0), port: 80))
    let client = try pair.left.open(to: pair.endpoint(80))
    pair.run(for: .milliseconds(10))
    #expect(client.isConnected && listener.endpoint.port == 80)
    let claim = NeighbourMessage(
      .advertisement(isRouter: false, isSolicited: false, isOverride: true),
      source: StackPair.rightAddress6, destination: .allNodes, target: StackPair.rightAddress6,
      hardware: StackPair.strangerHardware)
    pair.say(.ipv6, to: EthernetAddress(group: .allNodes)) { claim.writePacket(into: &$0) }
    pair.run(for: .milliseconds(1))
    #expect(events == [.lostIPv6(StackPair.rightAddress6), .duplicateIPv6(StackPair.rightAddress6)])
    #expect(pair.right.connectionCount == 0 && !pair.rightInterface.has(StackPair.rightAddress6))
  }

  @Test func `makes segments smaller when a router says so, and not below what every path takes`() throws {
    let pair = StackPair(family: .ipv6)
    pair.kept.append(try pair.right.listen(on: pair.anywhere(80)))
    let client = try pair.left.open(to: pair.endpoint(80))
    pair.run()
    let tuple = FourTuple(
      local: StackPair.leftAddress6, remote: StackPair.rightAddress6, localPort: client.local.port,
      remotePort: 80)
    let held = try #require(pair.left.connection(of: tuple))
    #expect(held.connection.pathSegmentByteCount == 1_440)
    pair.devices[0].impairments.loss = 1
    _ = try client.send([UInt8](repeating: 1, count: 10_000).span.bytes)
    pair.run(for: .milliseconds(1))
    for (mtu, byteCount) in [(1_400, 1_340), (600, 1_220)] as [(UInt32, Int)] {
      let number = held.connection.unacknowledged
      var message = ByteBuffer()
      message.withFreeRoom(atLeast: 68) { output in
        let sum = InternetChecksum.pseudoHeader(
          source: StackPair.strangerAddress6, destination: StackPair.leftAddress6, protocol: .icmpv6,
          byteCount: 68)
        let quoted = IPv6Header(
          source: tuple.local, destination: tuple.remote, protocol: .tcp, payloadByteCount: 1_460)
        let segment = TCPHeader(
          sourcePort: tuple.localPort, destinationPort: 80, sequenceNumber: number,
          acknowledgementNumber: number, flags: .ack, window: 1)
        ICMPv6Kind.packetTooBig(mtu: mtu).write(into: &output, seal: .full(pseudoHeader: sum)) {
          quoted.write(into: &$0)
          segment.write(into: &$0, seal: .partial(pseudoHeader: sum))
        }
      }
      pair.sayIPv6(.icmpv6, message.array(), to: StackPair.leftAddress6, at: pair.leftInterface)
      pair.run(for: .milliseconds(1))
      #expect(held.connection.pathSegmentByteCount == byteCount)
    }
  }

  @Test func `keeps connections of IPv6 when it loses its IPv4 address`() throws {
    let pair = StackPair(family: .ipv6)
    let listener = try pair.right.listen(on: pair.anywhere(80))
    let old = try pair.left.open(to: Endpoint(IPAddress(StackPair.rightAddress), port: 80))
    let new = try pair.left.open(to: pair.endpoint(80))
    pair.run()
    #expect(old.isConnected && new.isConnected && listener.endpoint.port == 80)
    pair.rightInterface.perform(ConflictDetector.Action.giveUp(to: StackPair.strangerHardware))
    #expect(pair.rightInterface.address == nil && pair.right.connectionCount == 1)
    try new.say("still there")
    pair.run()
    var readable = 0
    pair.right.connections.forEach { _, connection in readable += connection.connection.readableByteCount }
    #expect(readable == 11)
  }

  @Test func `tells routers which groups it listens to, before it probes and when it is asked`() {
    let pair = StackPair(family: .ipv6)
    pair.run(for: .milliseconds(1))
    func reports() -> [[UInt8]] {
      pair.heardIPv6 { packet in
        guard packet.destination == IPv6Address(high: 0xff02 << 48, low: 0x16), packet.hopLimit == 1,
          (try? ICMPv6Message(
            validating: packet.payload, checksum: .verify(pseudoHeader: packet.pseudoHeader))) != nil
        else { return nil }
        // Copied within the closure.
        return packet.payload.withUnsafeBytes { Array($0) }
      }
    }
    let types = pair.heardIPv6 { $0.payload.byte(at: 0) }
    #expect(types.first == 143 && types.contains(135))
    // Both groups of either stack join, and a report is sent again.
    #expect(reports().count >= 4 && reports().allSatisfy { $0[7] == 2 && $0[8] == 4 && $0.count == 48 })
    pair.run(for: .seconds(2))
    pair.heard.removeAll()
    var query = ByteBuffer()
    let querier = IPv6Address(high: 0xfe80 << 48, low: 0xff)
    query.withFreeRoom(atLeast: 28) { output in
      let sum = InternetChecksum.pseudoHeader(
        source: querier, destination: .allNodes, protocol: .icmpv6, byteCount: 28)
      ICMPv6Kind.other(type: 130, code: 0, rest: 10_000 << 16).write(
        into: &output, seal: .full(pseudoHeader: sum)
      ) { $0.append(contentsOf: [UInt8](repeating: 0, count: 20).span.bytes) }
    }
    pair.sayIPv6(.icmpv6, query.array(), from: querier, to: .allNodes, hopLimit: 1)
    pair.run(for: .milliseconds(1))
    #expect(reports().count == 2 && reports().allSatisfy { $0[7] == 2 && $0[8] == 2 })
    // Not one from beyond the link.
    pair.sayIPv6(.icmpv6, query.array(), from: querier, to: .allNodes, hopLimit: 2)
    pair.run(for: .milliseconds(1))
    #expect(reports().count == 2)
  }

  @Test func `takes no packet of IPv6 to an address of IPv4`() throws {
    let pair = StackPair(family: .ipv6)
    introduceStranger(pair)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    let destination = IPv6Address(mapped: StackPair.rightAddress)
    let header = TCPHeader(
      sourcePort: 1_000, destinationPort: 80, sequenceNumber: SequenceNumber(1),
      acknowledgementNumber: SequenceNumber(0), flags: .syn, window: 1_000)
    var segment = ByteBuffer()
    segment.withFreeRoom(atLeast: header.byteCount) { output in
      let sum = InternetChecksum.pseudoHeader(
        source: StackPair.strangerAddress6, destination: destination, protocol: .tcp,
        byteCount: header.byteCount)
      header.write(into: &output, seal: .full(pseudoHeader: sum))
    }
    let before = pair.right.counters.notForUs
    pair.sayIPv6(.tcp, segment.array(), to: destination)
    pair.run(for: .milliseconds(1))
    #expect(pair.right.counters.notForUs == before + 1)
    #expect(pair.right.connectionCount == 0)
    listener.close()
  }

  /// A router's advertisement of the prefix, a DNS server and an MTU.
  private func advertise(_ pair: StackPair, lifetime: UInt16 = 1800) {
    var options = ByteBuffer()
    options.withFreeRoom(atLeast: 80) { output in
      // Source link-layer address, MTU, prefix information, recursive DNS server.
      output.append(bigEndian: 0x0101 << 48 | StackPair.strangerHardware.rawValue)
      output.append(bigEndian: UInt64(0x0501_0000) << 32 | 1400)
      output.append(bigEndian: UInt64(0x0304_40c0) << 32 | 7200)
      output.append(bigEndian: UInt64(3600) << 32)
      output.append(bigEndian: Self.prefix.address.high)
      output.append(bigEndian: Self.prefix.address.low)
      output.append(bigEndian: UInt64(0x1903_0000) << 32 | 1200)
      output.append(bigEndian: Self.router.high)
      output.append(bigEndian: Self.router.low)
    }
    var message = ByteBuffer()
    message.withFreeRoom(atLeast: 96) { output in
      let sum = InternetChecksum.pseudoHeader(
        source: Self.router, destination: .allNodes, protocol: .icmpv6, byteCount: 16 + options.count)
      ICMPv6Kind.other(
        type: NDPType.routerAdvertisement, code: 0, rest: 64 << 24 | UInt32(lifetime)
      ).write(into: &output, seal: .full(pseudoHeader: sum)) {
        $0.append(bigEndian: UInt64(0))
        $0.append(contentsOf: options.array().span.bytes)
      }
    }
    pair.sayIPv6(.icmpv6, message.array(), from: Self.router, to: .allNodes, hopLimit: 255)
    pair.run(for: .milliseconds(1))
  }

  @Test func `takes addresses, routers, DNS servers and an MTU from a router, and goes by it`() throws {
    let pair = StackPair()
    let device = pair.wire.attach(hardwareAddress: 0x0200_0000_0021)
    let stack = NetworkStack(loop: pair.loop, entropy: SeededEntropy(seed: 3))
    let interface = stack.attach(device, addressing: .none, ipv6: .automatic)
    var events: [AddressEvent] = []
    interface.whenAddressChanges = { events.append($0) }
    device.whenReady = { _ = interface.poll() }
    pair.run(for: .seconds(1))
    // The question for routers.
    let questions = pair.heardIPv6 { packet in packet.destination == .allRouters ? packet.source : nil }
    #expect(questions == [.unspecified])
    #expect(throws: NetworkError.unreachable) {
      _ = try stack.open(to: Endpoint(IPAddress(Self.remote), port: 80))
    }
    advertise(pair)
    #expect(stack.chosenServers == [Self.router] && interface.maximumTransmissionUnitOfIPv6 == 1400)
    pair.run(for: .seconds(2))
    let address = try #require(interface.ipv6Addresses.first { Self.prefix.contains($0) })
    #expect(events.contains(.configuredIPv6(address)) && interface.ipv6Addresses.count == 2)
    pair.heard.removeAll()
    pair.kept.append(try stack.open(to: Endpoint(IPAddress(Self.remote), port: 80)))
    pair.run()
    // To the router's hardware address, which its advertisement told.
    let sent = pair.heardIPv6 { packet -> IPv6Address? in
      packet.destination == Self.remote && packet.protocol == .tcp ? packet.source : nil
    }
    #expect(sent.first == address)
    let isToRouter = pair.heard.contains { bytes in
      guard let frame = try? EthernetFrame(validating: bytes.span.bytes) else { return false }
      return frame.destination == StackPair.strangerHardware && frame.type == .ipv6
    }
    #expect(isToRouter)
    // A router that is none any more is no way out.
    advertise(pair, lifetime: 0)
    #expect(throws: NetworkError.unreachable) {
      _ = try stack.open(to: Endpoint(IPAddress(Self.remote), port: 80))
    }
  }

  @Test func `takes no part without being told to, and none on a link that is too small`() throws {
    let pair = StackPair()
    var options = SimulatedDeviceOptions()
    options.maximumTransmissionUnit = 1_200
    let device = pair.wire.attach(hardwareAddress: 0x0200_0000_0021, options: options)
    let interface = pair.left.attach(device, addressing: .none, ipv6: .automatic)
    pair.run(for: .seconds(2))
    #expect(interface.ipv6Addresses.isEmpty && pair.left.counters.badConfiguration == 1)
    introduceStranger(pair)
    #expect(pair.heardIPv6 { _ in true }.isEmpty && pair.right.counters.unknownProtocol >= 1)
  }

  @Test func `takes nothing from sources that cannot be anybody, and no datagram without a checksum`() {
    let pair = StackPair(family: .ipv6)
    introduceStranger(pair)
    pair.heard.removeAll()
    let before = pair.right.counters.badSource
    let sources: [IPv6Address] = [
      .allNodes, .unspecified, .loopback, StackPair.rightAddress6,
      IPv6Address(mapped: StackPair.strangerAddress),
    ]
    for source in sources { pair.sayIPv6(.udp, [UInt8](repeating: 0, count: 8), from: source) }
    pair.run(for: .milliseconds(1))
    #expect(pair.right.counters.badSource == before + UInt64(sources.count))
    let malformed = pair.right.counters.malformed[3]
    pair.sayIPv6(.udp, [3, 232, 0, 9, 0, 8, 0, 0])
    pair.run(for: .milliseconds(1))
    #expect(pair.right.counters.malformed[3] == malformed + 1)
    #expect(pair.heardIPv6 { $0.destination == StackPair.strangerAddress6 ? true : nil }.isEmpty)
  }
}

extension StackPair {
  /// Sends an IPv6 packet by hand.
  func sayIPv6(
    _ protocol: IPProtocol, _ payload: [UInt8], from source: IPv6Address = strangerAddress6,
    to destination: IPv6Address = rightAddress6, hopLimit: UInt8 = 64, at interface: Interface? = nil
  ) {
    var header = IPv6Header(
      source: source, destination: destination, protocol: `protocol`, payloadByteCount: payload.count)
    header.hopLimit = hopLimit
    let hardware =
      destination.isMulticast ? EthernetAddress(group: destination) : (interface ?? rightInterface).hardware
    say(.ipv6, to: hardware) { [header] output in
      header.write(into: &output)
      output.append(contentsOf: payload.span.bytes)
    }
  }

  /// What became of the IPv6 packets that the stranger has heard.
  func heardIPv6<R>(_ body: (borrowing IPv6Packet) -> R?) -> [R] {
    var results: [R] = []
    for bytes in heard {
      guard let frame = try? EthernetFrame(validating: bytes.span.bytes), frame.type == .ipv6,
        let packet = try? IPv6Packet(validating: frame.payload)
      else { continue }
      if let result = body(packet) { results.append(result) }
    }
    return results
  }

  /// The questions for neighbours and the answers that the stranger has heard.
  var heardNeighbours: [NeighbourMessage] {
    heardIPv6 { packet in
      guard packet.protocol == .icmpv6,
        let message = try? ICMPv6Message(
          validating: packet.payload, checksum: .verify(pseudoHeader: packet.pseudoHeader))
      else { return nil }
      return try? NeighbourMessage(validating: message, in: packet)
    }
  }
}
