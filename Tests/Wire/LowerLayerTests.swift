import Bytes
import Testing
import Wire

@Suite struct LowerLayerTests {
  private static let here = EthernetAddress(2, 0, 0, 0, 0, 1)
  private static let there = EthernetAddress(2, 0, 0, 0, 0, 2)

  @Test func `every ARP packet of the capture is written again as it came`() throws {
    for frame in Capture("arp").frames {
      let view = try EthernetFrame(validating: frame.span.bytes)
      let header = EthernetHeader(destination: view.destination, source: view.source, type: view.type)
      let packet = try ARPPacket(validating: view.payload)
      let bytes = written {
        header.write(into: &$0)
        packet.write(into: &$0)
      }
      #expect(bytes == frame)
    }
  }

  @Test func `requests, replies, probes and announcements are told apart`() throws {
    var packets: [ARPPacket] = []
    for frame in Capture("arp").frames {
      let view = try EthernetFrame(validating: frame.span.bytes)
      packets.append(try ARPPacket(validating: view.payload))
    }
    #expect(packets[0].operation == .request && packets[0].sender == IPv4Address(10, 77, 0, 1))
    #expect(packets[1].operation == .reply && packets[1].senderHardware == Self.there)
    #expect(packets.map(\.isProbe).filter { $0 }.count == 1)
    #expect(packets.map(\.isAnnouncement).filter { $0 }.count == 1)
  }

  @Test(arguments: [
    (0, UInt8(9), WireError.unsupported), (2, 9, .unsupported), (7, 3, .unsupported), (4, 8, .badLength),
    (5, 16, .badLength), (8, 1, .badValue), (14, 224, .badValue),
  ]) func `a wrong ARP field is refused`(offset: Int, value: UInt8, error: WireError) {
    var bytes = Array(Capture("arp").frames[0][14...])
    bytes[offset] = value
    #expect(refusal { () throws(WireError) in _ = try ARPPacket(validating: bytes.span.bytes) } == error)
  }

  @Test func `a frame with a length in place of a type is refused`() {
    var frame = Capture("arp").frames[0]
    frame[12] = 0x05
    frame[13] = 0xdc
    #expect(
      refusal { () throws(WireError) in _ = try EthernetFrame(validating: frame.span.bytes) } == .unsupported)
  }

  /// An IPv4 header, sealed, with `payload` behind it.
  private func packet(_ change: (inout IPv4Header) -> Void = { _ in }, payload: [UInt8]) -> [UInt8] {
    var header = IPv4Header(
      source: IPv4Address(10, 77, 0, 1), destination: IPv4Address(10, 77, 0, 2), protocol: .udp,
      payloadByteCount: payload.count)
    change(&header)
    return written {
      header.write(into: &$0)
      $0.append(contentsOf: payload.span.bytes)
    }
  }

  @Test func `an IPv4 packet is read as it was written, without padding`() throws {
    let bytes = packet(
      {
        $0.identification = 7
        $0.timeToLive = 3
        $0.trafficClass = 2
      }, payload: [1, 2, 3])
    let padded = bytes + [0, 0, 0]
    let view = try IPv4Packet(validating: padded.span.bytes)
    let payload = view.payload.withUnsafeBytes { Array($0) }  // Copied within the closure.
    let fields = (view.identification, view.timeToLive, view.trafficClass, view.protocol, view.totalByteCount)
    let isPlain = view.dontFragment && !view.isFragment && view.options.byteCount == 0
    #expect(payload == [1, 2, 3])
    #expect(fields == (7, 3, 2, .udp, 23))
    #expect(isPlain)
  }

  @Test func `options are skipped`() throws {
    let frame = Capture("icmp-errors").frames[8]
    let view = try IPv4Packet(validating: frame.span.bytes.extracting(14..<frame.count))
    let found = (view.headerByteCount, view.options.byteCount, view.options.byte(at: 0))
    #expect(found == (28, 8, 7))
  }

  @Test func `fragments of a real datagram are recognised and fit together`() throws {
    var next = 0
    for (index, frame) in Capture("fragments").frames.enumerated() {
      let view = try IPv4Packet(validating: frame.span.bytes.extracting(14..<frame.count))
      let (isFragment, offset, more) = (view.isFragment, view.fragmentByteOffset, view.moreFragments)
      #expect(isFragment && offset == next && more == (index < 2))
      next += view.payload.byteCount
    }
    #expect(next == 1608)
  }

  @Test func `a fragment that ends behind the longest packet is refused`() throws {
    let fits = packet({ $0.fragmentByteOffset = 65_504 }, payload: [UInt8](repeating: 0, count: 11))
    #expect(refusal { () throws(WireError) in _ = try IPv4Packet(validating: fits.span.bytes) } == nil)
    var beyond = fits
    beyond[7] += 1  // 8 bytes on.
    let error = refusal { () throws(WireError) in
      _ = try IPv4Packet(validating: beyond.span.bytes, checksumIsTrusted: true)
    }
    #expect(error == .badLength)
  }

  @Test func `a fragment in the middle carries a multiple of 8 bytes`() {
    let odd = packet({ $0.moreFragments = true }, payload: [UInt8](repeating: 0, count: 9))
    #expect(refusal { () throws(WireError) in _ = try IPv4Packet(validating: odd.span.bytes) } == .badLength)
  }

  @Test(arguments: [
    (0, UInt8(0x65), WireError.unsupported), (0, 0x44, .badLength), (3, 19, .badLength), (3, 24, .truncated),
    (8, 9, .badChecksum),
  ]) func `a wrong IPv4 field is refused`(offset: Int, value: UInt8, error: WireError) {
    var bytes = packet(payload: [1, 2, 3])
    bytes[offset] = value
    #expect(refusal { () throws(WireError) in _ = try IPv4Packet(validating: bytes.span.bytes) } == error)
  }

  @Test func `the packets of the capture are written again as they came`() throws {
    for frame in Capture("curl").frames + Capture("dns").frames {
      let view = try IPv4Packet(validating: frame.span.bytes.extracting(14..<frame.count))
      var header = IPv4Header(
        source: view.source, destination: view.destination, protocol: view.protocol,
        payloadByteCount: view.payload.byteCount)
      header.identification = view.identification
      header.dontFragment = view.dontFragment
      header.timeToLive = view.timeToLive
      header.trafficClass = view.trafficClass
      #expect(written { header.write(into: &$0) } == Array(frame[14..<34]))
    }
  }
}
