import Bytes
import Testing
import Wire

@Suite struct NDPTests {
  static let here = IPv6Address("fe80::1")!
  static let there = IPv6Address("fe80::2")!
  static let hardware = EthernetAddress(2, 0, 0, 0, 0, 1)

  /// The packet that `write` appends.
  private func read(_ bytes: [UInt8]) throws(WireError) -> NeighbourMessage {
    let packet = try IPv6Packet(validating: bytes.span.bytes)
    let message = try ICMPv6Message(
      validating: packet.payload, checksum: .verify(pseudoHeader: packet.pseudoHeader))
    return try NeighbourMessage(validating: message, in: packet)
  }

  private func refused(_ bytes: [UInt8]) -> WireError? {
    refusal { () throws(WireError) in _ = try read(bytes) }
  }

  private func written(_ message: NeighbourMessage) -> [UInt8] {
    WireTests.written { message.writePacket(into: &$0) }
  }

  /// A message of neighbour discovery as it is said, whole and with a right checksum.
  static func packet(
    from source: IPv6Address = here, to destination: IPv6Address = .allNodes, type: UInt8, code: UInt8 = 0,
    rest: UInt32 = 0, hopLimit: UInt8 = 255, _ bytes: [UInt8]
  ) -> [UInt8] {
    var header = IPv6Header(
      source: source, destination: destination, protocol: .icmpv6, payloadByteCount: 8 + bytes.count)
    header.hopLimit = hopLimit
    return WireTests.written { output in
      header.write(into: &output)
      ICMPv6Kind.other(type: type, code: code, rest: rest).write(
        into: &output, seal: .full(pseudoHeader: header.pseudoHeader)
      ) { $0.append(contentsOf: bytes.span.bytes) }
    }
  }

  private func bytes(_ address: IPv6Address) -> [UInt8] {
    WireTests.written {
      $0.append(bigEndian: address.high)
      $0.append(bigEndian: address.low)
    }
  }

  @Test func `questions, probes and answers are read as they were written`() throws {
    let question = NeighbourMessage.question(about: Self.there, from: Self.here, hardware: Self.hardware)
    #expect(question.destination == IPv6Address("ff02::1:ff00:2")!)
    #expect(try read(written(question)) == question)
    #expect(!question.isProbe)
    let probe = NeighbourMessage.probe(for: Self.there, nonce: 0xffff_0102_0304_0506)
    #expect(probe.isProbe && probe.nonce == 0x0102_0304_0506 && probe.hardware == nil)
    #expect(try read(written(probe)) == probe)
    let answer = question.answer(hardware: Self.hardware)
    #expect(answer.destination == Self.here && answer.source == Self.there)
    #expect(answer.kind == .advertisement(isRouter: false, isSolicited: true, isOverride: true))
    #expect(try read(written(answer)) == answer)
    let toAll = probe.answer(hardware: Self.hardware)
    #expect(toAll.destination == .allNodes)
    #expect(toAll.kind == .advertisement(isRouter: false, isSolicited: false, isOverride: true))
    #expect(try read(written(toAll)) == toAll)
    #expect(written(answer).count <= NeighbourMessage.maximumPacketByteCount)
  }

  @Test func `a message that came through a router is refused`() {
    var bytes = written(.question(about: Self.there, from: Self.here, hardware: Self.hardware))
    bytes[7] = 254
    #expect(refused(bytes) == .badValue)
  }

  @Test(arguments: [IPProtocol.destinationOptions, .hopByHop, .fragment])
  func `a message behind an extension header is refused (RFC 6980)`(header: IPProtocol) {
    let plain = written(.question(about: Self.there, from: Self.here, hardware: Self.hardware))
    // The checksum does not know of extension headers.
    let between: [UInt8] = header == .fragment ? [58, 0, 0, 0, 0, 0, 0, 1] : [58, 0, 1, 4, 0, 0, 0, 0]
    var bytes = Array(plain[..<40]) + between + Array(plain[40...])
    bytes[5] += 8
    bytes[6] = header.rawValue
    #expect(refused(bytes) == .badValue)
  }

  @Test func `every flipped bit of a message but hops and flow is noticed`() {
    var bytes = written(.question(about: Self.there, from: Self.here, hardware: Self.hardware))
    for bit in 32..<bytes.count * 8 {
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(refused(bytes) != nil, "bit \(bit)")
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    }
  }

  @Test func `messages whose parts do not go together are refused`() {
    let target = bytes(Self.there)
    let group = bytes(.allNodes)
    let option: [UInt8] = [1, 1, 2, 0, 0, 0, 0, 1]
    let solicited = Self.there.solicitedNode
    #expect(refused(Self.packet(type: 135, target)) == nil)
    #expect(refused(Self.packet(type: 135, code: 1, target)) == .badValue)
    #expect(refused(Self.packet(type: 135, group)) == .badValue)
    #expect(refused(Self.packet(type: 135, bytes(.unspecified))) == .badValue)
    #expect(refused(Self.packet(type: 135, Array(target[..<15]))) == .truncated)
    #expect(refused(Self.packet(from: .allNodes, type: 135, target)) == .badValue)
    #expect(refused(Self.packet(from: .unspecified, type: 135, target)) == .badValue)
    #expect(refused(Self.packet(from: .unspecified, to: solicited, type: 135, target)) == nil)
    #expect(refused(Self.packet(from: .unspecified, to: solicited, type: 135, target + option)) == .badValue)
    #expect(refused(Self.packet(type: 136, rest: 0x4000_0000, target)) == .badValue)
    #expect(refused(Self.packet(to: Self.there, type: 136, rest: 0x4000_0000, target)) == nil)
    #expect(refused(Self.packet(from: .unspecified, type: 136, target)) == .badValue)
    #expect(refused(Self.packet(type: 137, target)) == .unsupported)
  }

  @Test func `options without a length, or that do not end, are refused`() {
    let target = bytes(Self.there)
    #expect(refused(Self.packet(type: 135, target + [9, 0, 0, 0, 0, 0, 0, 0])) == .badOption)
    #expect(refused(Self.packet(type: 135, target + [9, 2, 0, 0, 0, 0, 0, 0])) == .badOption)
    #expect(refused(Self.packet(type: 135, target + [9, 1, 0])) == .badOption)
    #expect(refused(Self.packet(type: 135, target + [9, 1, 0, 0, 0, 0, 0, 0])) == nil)
  }

  @Test func `a hardware address that no interface has says nothing`() throws {
    let message = Self.packet(type: 135, bytes(Self.there) + [1, 1, 0x33, 0x33, 0, 0, 0, 1])
    #expect(try read(message).hardware == nil)
  }

  @Test func `a router's advertisement says what it holds`() throws {
    let prefix: [UInt8] =
      [3, 4, 64, 0xc0, 0, 0, 0x0e, 0x10, 0, 0, 7, 8, 0, 0, 0, 0] + bytes(IPv6Address("2001:db8:0:1::9")!)
    let servers: [UInt8] = [25, 5, 0, 0, 0, 0, 4, 0] + bytes(IPv6Address("2001:db8::53")!) + bytes(Self.here)
    let packetBytes = Self.packet(
      type: 134, rest: 0x4088_0708,
      [0, 0, 0, 0, 0, 0, 0, 0] + [1, 1, 2, 0, 0, 0, 0, 1] + [5, 1, 0, 0, 0, 0, 5, 0x78] + prefix + servers)
    let packet = try IPv6Packet(validating: packetBytes.span.bytes)
    let message = try ICMPv6Message(
      validating: packet.payload, checksum: .verify(pseudoHeader: packet.pseudoHeader))
    let view = try RouterAdvertisement(validating: message, in: packet)
    let found = (view.hopLimit, view.isManaged, view.preference, view.lifetimeSeconds, view.hardware)
    #expect(found == (64, true, 1, 1800, Self.hardware))
    var options = view.options
    var types: [UInt8] = []
    while let option = options.next() {
      types.append(option.type)
      if let mtu = option.maximumTransmissionUnit { #expect(mtu == 1400) }
      if let prefix = option.prefix {
        #expect(
          prefix
            == NDPPrefix(
              network: IPv6Network(IPv6Address("2001:db8:0:1::")!, prefixLength: 64), validSeconds: 3600,
              preferredSeconds: 1800))
      }
      if option.domainNameServerCount > 0 {
        let servers = (0..<option.domainNameServerCount).map { option.domainNameServer($0) }
        #expect(servers == [IPv6Address("2001:db8::53")!, Self.here])
        #expect(option.domainNameServerSeconds == 1024)
      }
    }
    #expect(types == [1, 5, 3, 25])
  }

  @Test(arguments: [
    (UInt8(0x08), 1), (0x18, -1), (0x10, 0), (0, 0),
  ]) func `a router's preference is read`(flags: UInt8, preference: Int) throws {
    let bytes = Self.packet(type: 134, rest: UInt32(flags) << 16, [0, 0, 0, 0, 0, 0, 0, 0])
    let packet = try IPv6Packet(validating: bytes.span.bytes)
    let message = try ICMPv6Message(validating: packet.payload, checksum: .trusted)
    #expect(try RouterAdvertisement(validating: message, in: packet).preference == preference)
  }

  @Test func `an advertisement of a router from elsewhere is refused`() {
    func refused(_ bytes: [UInt8]) -> WireError? {
      refusal { () throws(WireError) in
        let packet = try IPv6Packet(validating: bytes.span.bytes)
        let message = try ICMPv6Message(validating: packet.payload, checksum: .trusted)
        _ = try RouterAdvertisement(validating: message, in: packet)
      }
    }
    let rest = [UInt8](repeating: 0, count: 8)
    #expect(refused(Self.packet(type: 134, rest)) == nil)
    #expect(refused(Self.packet(from: IPv6Address("2001:db8::1")!, type: 134, rest)) == .badValue)
    #expect(refused(Self.packet(type: 134, hopLimit: 64, rest)) == .badValue)
    #expect(refused(Self.packet(type: 134, Array(rest[..<7]))) == .truncated)
    #expect(refused(Self.packet(type: 133, rest)) == .unsupported)
  }

  @Test func `a question for routers tells where we are, unless we have no address`() throws {
    let told = WireTests.written {
      RouterSolicitation(source: Self.here, hardware: Self.hardware).writePacket(into: &$0)
    }
    #expect(told == Self.packet(to: .allRouters, type: 133, [1, 1, 2, 0, 0, 0, 0, 1]))
    let bare = WireTests.written {
      RouterSolicitation(source: .unspecified, hardware: Self.hardware).writePacket(into: &$0)
    }
    #expect(bare == Self.packet(from: .unspecified, to: .allRouters, type: 133, []))
    #expect(told.count == RouterSolicitation.maximumPacketByteCount)
  }
}
