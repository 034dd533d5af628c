import Bytes
import Testing
import Wire

@Suite struct IPv6Tests {
  static let here = IPv6Address(high: 0x2001_0db8 << 32, low: 1)
  static let there = IPv6Address(high: 0x2001_0db8 << 32, low: 2)

  /// A packet of `protocol` with `bytes` behind its header.
  private func packet(_ protocol: IPProtocol, _ bytes: [UInt8]) -> [UInt8] {
    let header = IPv6Header(
      source: Self.here, destination: Self.there, protocol: `protocol`, payloadByteCount: bytes.count)
    return written {
      header.write(into: &$0)
      $0.append(contentsOf: bytes.span.bytes)
    }
  }

  private func refused(_ bytes: [UInt8]) -> WireError? {
    refusal { () throws(WireError) in _ = try IPv6Packet(validating: bytes.span.bytes) }
  }

  private func problem(_ bytes: [UInt8]) throws -> IPv6Problem? {
    try IPv6Packet(validating: bytes.span.bytes).problem
  }

  /// The header of a fragment, for `udp`.
  private func fragment(_ offset: Int, more: Bool) -> [UInt8] {
    let header = IPv6FragmentHeader(
      protocol: .udp, byteOffset: offset, moreFragments: more, identification: 0x0102_0304)
    return written { header.write(into: &$0) }
  }

  @Test func `a packet is read as it was written, without padding`() throws {
    var header = IPv6Header(
      source: Self.here, destination: Self.there, protocol: .tcp, payloadByteCount: 3)
    header.hopLimit = 3
    header.trafficClass = 0xab
    header.flowLabel = 0xf_edcb
    let bytes = written {
      header.write(into: &$0)
      for byte: UInt8 in [1, 2, 3, 0, 0] { $0.append(byte) }
    }
    let view = try IPv6Packet(validating: bytes.span.bytes)
    let fields = (view.hopLimit, view.trafficClass, view.flowLabel, view.totalByteCount)
    #expect(fields == (3, 0xab, 0xf_edcb, 43))
    let addresses = (view.source, view.destination)
    #expect(addresses == (Self.here, Self.there))
    let place = (view.protocol, view.protocolByteOffset, view.headerByteCount, view.payload.byteCount)
    #expect(place == (.tcp, 6, 40, 3))
    let isWhole = !view.isFragment && view.problem == nil
    #expect(isWhole)
    #expect(header.pseudoHeader == view.pseudoHeader)
  }

  @Test func `a shorter packet, another version and a missing payload are refused`() {
    var bytes = packet(.udp, [1, 2, 3])
    #expect(refused(Array(bytes[..<39])) == .truncated)
    #expect(refused(Array(bytes[..<42])) == .truncated)
    bytes[0] = 0x40
    #expect(refused(bytes) == .unsupported)
  }

  @Test func `the mapped forms of IPv4 addresses have IPv4's pseudo header`() {
    var generator = Numbers(state: 7)
    for _ in 0..<1000 {
      let source = IPv4Address(rawValue: UInt32(truncatingIfNeeded: generator.next()))
      let destination = IPv4Address(rawValue: UInt32(truncatingIfNeeded: generator.next()))
      let count = Int(generator.next() & 0xffff)
      let short = InternetChecksum.pseudoHeader(
        source: source, destination: destination, protocol: .tcp, byteCount: count)
      let long = InternetChecksum.pseudoHeader(
        source: IPv6Address(mapped: source), destination: IPv6Address(mapped: destination), protocol: .tcp,
        byteCount: count)
      #expect(short.partial == long.partial)
    }
  }

  @Test func `extension headers are skipped`() throws {
    // Hop-by-hop with a router alert (RFC 2711) and padding, routing with nobody left to visit, destination options.
    let bytes = packet(
      .hopByHop,
      [43, 0, 5, 2, 0, 0, 1, 0] + [60, 0, 0, 0, 0, 0, 0, 0] + [
        17, 1, 1, 5, 0, 0, 0, 0, 0, 0x1e, 3, 1, 2, 3, 0, 0,
      ]
        + [9, 9])
    let view = try IPv6Packet(validating: bytes.span.bytes)
    let found = (view.protocol, view.headerByteCount, view.protocolByteOffset, view.payload.byteCount)
    #expect(found == (.udp, 72, 56, 2))
    #expect(view.problem == nil)
  }

  @Test func `a packet that carries nothing says so`() throws {
    let bytes = packet(.nothing, [])
    #expect(try IPv6Packet(validating: bytes.span.bytes).protocol == .nothing)
  }

  @Test(
    arguments: [
      // Hop-by-hop options behind another header, or twice.
      (IPProtocol.destinationOptions, [0, 0, 1, 4, 0, 0, 0, 0] + [17, 0, 1, 4, 0, 0, 0, 0], 1, 40, false),
      (.hopByHop, [0, 0, 1, 4, 0, 0, 0, 0] + [17, 0, 1, 4, 0, 0, 0, 0], 1, 40, false),
      // A routing header of type 0, and of one not known, with nodes left to visit.
      (.routing, [17, 2, 0, 1, 0, 0, 0, 0] + [UInt8](repeating: 1, count: 16), 0, 42, false),
      (.routing, [17, 0, 77, 9, 0, 0, 0, 0], 0, 42, false),
      // Options whose first bits are 10 and 11; the second is a jumbo payload.
      (.destinationOptions, [17, 0, 0x9e, 4, 0, 0, 0, 0], 2, 42, true),
      (.hopByHop, [17, 0, 0xc2, 4, 0, 1, 0, 0], 2, 42, false),
      (.destinationOptions, [17, 0, 0, 0, 0xde, 2, 0, 0], 2, 44, false),
    ] as [(IPProtocol, [UInt8], UInt8, UInt32, Bool)])
  func `what is wrong with extension headers is told`(
    first: IPProtocol, bytes: [UInt8], code: UInt8, pointer: UInt32, isToldAboutGroups: Bool
  ) throws {
    let expected = IPv6Problem(code: code, pointer: pointer, isToldAboutGroups: isToldAboutGroups)
    #expect(try problem(packet(first, bytes)) == expected)
  }

  @Test(
    arguments: [
      ([17], .truncated),
      ([17, 1, 1, 4, 0, 0, 0, 0], .truncated),
      // An option whose bits say that the packet is dropped in silence.
      ([17, 0, 0x5e, 4, 0, 0, 0, 0], .unsupported),
      // Options that end behind their header.
      ([17, 0, 1, 5, 0, 0, 0, 0], .badOption), ([17, 0, 0x1e, 1, 0, 0, 0, 0x1e], .badOption),
      // More padding than anybody needs.
      ([17, 1, 1, 4, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0, 0, 0], .badOption),
      // Nine options.
      (
        [17, 2] + [UInt8](repeating: 0, count: 4) + [0x1e, 0] + [
          3, 0, 3, 0, 3, 0, 3, 0, 3, 0, 3, 0, 3, 0, 3, 0,
        ], .badOption
      ),
    ] as [([UInt8], WireError)]) func `options that do not hold together are refused`(
      bytes: [UInt8], error: WireError
    )
  {
    #expect(refused(packet(.destinationOptions, bytes)) == error)
    #expect(refused(packet(.hopByHop, bytes)) == error)
  }

  @Test func `eight options pass`() throws {
    let options = [3, 0, 3, 0, 3, 0, 3, 0, 3, 0, 3, 0, 3, 0, 3, 0] as [UInt8]
    #expect(try problem(packet(.destinationOptions, [17, 2] + [1, 4, 0, 0, 0, 0] + options)) == nil)
  }

  @Test func `five extension headers are walked and six are not`() {
    let header: [UInt8] = [60, 0, 1, 4, 0, 0, 0, 0]
    let last: [UInt8] = [17, 0, 1, 4, 0, 0, 0, 0]
    let four = header + header + header + header
    #expect(refused(packet(.destinationOptions, four + last)) == nil)
    #expect(refused(packet(.destinationOptions, four + header + last)) == .badLength)
  }

  @Test func `512 bytes of extension headers are walked and 520 are not`() {
    func packet(_ byteCount: Int) -> [UInt8] {
      // Options that are not known, and may be skipped.
      var options: [UInt8] = []
      while options.count < byteCount - 2 {
        let count = min(200, byteCount - 2 - options.count - 2)
        options += [0x1e, UInt8(count)] + [UInt8](repeating: 7, count: count)
      }
      return self.packet(.destinationOptions, [17, UInt8(byteCount / 8 - 1)] + options)
    }
    #expect(refused(packet(512)) == nil)
    #expect(refused(packet(520)) == .badLength)
  }

  @Test func `fragments are told by their own protocol`() throws {
    let bytes = packet(
      .hopByHop, [44, 0, 1, 4, 0, 0, 0, 0] + fragment(1232, more: true) + [UInt8](repeating: 1, count: 16))
    let view = try IPv6Packet(validating: bytes.span.bytes)
    let found = (view.isFragment, view.protocol, view.fragmentByteOffset, view.moreFragments)
    #expect(found == (true, .fragment, 1232, true))
    let place = (view.identification, view.headerByteCount, view.protocolByteOffset, view.payload.byteCount)
    #expect(place == (0x0102_0304, 56, 40, 16))
  }

  @Test func `a fragment that is the whole packet is none`() throws {
    let bytes = packet(.fragment, fragment(0, more: false) + [5])
    let view = try IPv6Packet(validating: bytes.span.bytes)
    let found = (view.isFragment, view.protocol, view.headerByteCount, view.protocolByteOffset)
    #expect(found == (false, .udp, 48, 40))
  }

  @Test func `fragments of an impossible length are told`() throws {
    let odd = packet(.fragment, fragment(0, more: true) + [UInt8](repeating: 1, count: 9))
    #expect(try problem(odd) == IPv6Problem(code: 0, pointer: 4))
    let fits = packet(.fragment, fragment(65_528, more: false) + [UInt8](repeating: 1, count: 7))
    #expect(try problem(fits) == nil)
    let beyond = packet(.fragment, fragment(65_528, more: false) + [UInt8](repeating: 1, count: 8))
    #expect(try problem(beyond) == IPv6Problem(code: 0, pointer: 42))
    // The extension header before it belongs to the packet put together.
    let behind = packet(
      .hopByHop, [44, 0, 1, 4, 0, 0, 0, 0] + fragment(65_528, more: false) + [UInt8](repeating: 1, count: 1))
    #expect(try problem(behind) == IPv6Problem(code: 0, pointer: 50))
  }

  @Test func `a datagram over IPv6 needs a checksum`() {
    let bytes: [UInt8] = [0, 1, 0, 2, 0, 8, 0, 0]
    func refused(_ mustHaveChecksum: Bool) -> WireError? {
      refusal { () throws(WireError) in
        _ = try UDPDatagram(
          validating: bytes.span.bytes, checksum: .trusted, mustHaveChecksum: mustHaveChecksum)
      }
    }
    #expect(refused(true) == .badChecksum && refused(false) == nil)
  }
}

/// Numbers that follow from a seed (SplitMix64).
struct Numbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
