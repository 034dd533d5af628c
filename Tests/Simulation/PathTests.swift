import Bytes
import Platform
import Testing
import Wire

@testable import NetworkSimulation

/// Each box of a path by itself, between two devices without stacks.
@Suite struct PathTests {
  private func link(_ pathologies: Pathology...) -> Link {
    let link = Link(seed: 8)
    for pathology in pathologies { link.wire.add(pathology) }
    return link
  }

  /// What arrives at the right of what is sent from the left, one frame every `gap` nanoseconds.
  private func send(_ segments: [Segment], over link: Link, gap: UInt64 = 0) -> [SeenSegment] {
    let timers = Timers(link.loop)
    for (index, segment) in segments.enumerated() {
      timers.after(gap * UInt64(index) + 1) { link.send(segment.frame()) }
    }
    link.settle()
    #expect(link.wire.framesInUse == 0 && link.wire.reports.isEmpty)
    return seen(link.arrived.map(\.frame))
  }

  /// Valid segments only, checksums included.
  private func seen(_ frames: [[UInt8]]) -> [SeenSegment] {
    frames.compactMap { frame in
      #expect(WireInvariants().check(frame.span.bytes).isEmpty)
      return SeenSegment(frame: frame.span.bytes)
    }
  }

  private var opening: Segment {
    var syn = Segment(100, .syn)
    syn.options.maximumSegmentSize = 1_460
    syn.options.windowScale = 7
    syn.options.isSACKPermitted = true
    syn.options.timestamps = TCPTimestamps(value: 1, echo: 2)
    return syn
  }

  @Test func `aggregated frames leave together and in order`() {
    let link = link(.aggregation(from: 0, nanoseconds: 10_000_000, thins: false))
    let arrived = send(
      (0..<25).map { Segment(101, ack: 500 + UInt32($0)) }, over: link, gap: 1_000_000)
    #expect(arrived.map { $0.header.acknowledgementNumber.rawValue } == (500..<525).map { UInt32($0) })
    #expect(Set(link.arrived.map { $0.time / 10_000_000 }).count == 3)
    #expect(link.arrived.allSatisfy { $0.time % 10_000_000 < 100_000 })
  }

  @Test func `thinning leaves the last acknowledgement of an interval, every duplicate, and all data`() {
    let link = link(.aggregation(from: 0, nanoseconds: 1_000_000_000, thins: true))
    let arrived = send(
      [
        Segment(101, ack: 500), Segment(101, ack: 600), Segment(101, ack: 700), Segment(101, ack: 700),
        Segment(101, ack: 700, [1]), Segment(102, ack: 800),
      ], over: link)
    #expect(arrived.map { $0.header.acknowledgementNumber.rawValue } == [700, 800, 700])
    #expect(arrived.map(\.payloadByteCount) == [0, 0, 1])
    #expect(link.wire.figures.droppedInPath == 3)
  }

  @Test func `options are overwritten and the rest stays right`() throws {
    let kinds: OptionKinds = [.maximumSegmentSize, .windowScale, .sackPermitted, .timestamps]
    for (index, kind) in [OptionKinds.maximumSegmentSize, .windowScale, .sackPermitted, .timestamps]
      .enumerated()
    {
      let left = try #require(send([opening], over: link(.strippedOptions(from: nil, kind))).first)
      let options = left.header.options
      #expect((options.maximumSegmentSize == nil) == (index == 0))
      #expect((options.windowScale == nil) == (index == 1))
      #expect(options.isSACKPermitted == (index != 2))
      #expect((options.timestamps == nil) == (index == 3))
    }
    #expect(
      send([opening], over: link(.strippedOptions(from: 0, kinds))).first?.header.options == TCPOptions())
    #expect(
      send([opening], over: link(.strippedOptions(from: 1, kinds))).first?.header.options == opening.options)
  }

  @Test func `the segment size is lowered and never raised`() {
    for (limit, expected) in [(536, 536), (9_000, 1_460)] as [(UInt16, UInt16)] {
      let arrived = send([opening], over: link(.clampedSegmentSize(limit)))
      #expect(arrived.first?.header.options.maximumSegmentSize == expected)
    }
  }

  @Test func `numbers are moved there and back, over the end of the sequence space`() throws {
    for translatesSACK in [false, true] {
      let link = link(.movedNumbers(of: 0, by: 0xffff_ff00, translatesSACK: translatesSACK))
      let arrived = send([Segment(0x200, ack: 77, [5])], over: link)
      #expect(arrived.map { $0.header.sequenceNumber.rawValue } == [0x100])
      #expect(arrived.map { $0.header.acknowledgementNumber.rawValue } == [77])
      var answer = Segment(77, ack: 0x101, fromLeft: false)
      answer.options.appendSACKBlock(SACKBlock(start: SequenceNumber(0x110), end: SequenceNumber(0x120)))
      link.send(answer.frame(), from: link.right)
      link.settle()
      let back = try #require(seen(link.returned).first?.header)
      #expect(back.acknowledgementNumber.rawValue == 0x201)
      #expect(back.options.sackBlock(0).start.rawValue == (translatesSACK ? 0x210 : 0x110))
    }
  }

  @Test(arguments: [false, true])
  func `fragments are no larger than the link and make the packet again`(isIPv6: Bool) {
    for byteCount in [576, 1_000, 1_480] {
      // The second link cuts what is in fragments already.
      let link = link(
        .fragmentation(from: 0, byteCount: byteCount), .fragmentation(from: 0, byteCount: byteCount - 100))
      var sent = Segment(5, ack: 6, content(1_436))
      sent.isIPv6 = isIPv6
      _ = send([sent, sent], over: link)
      #expect(link.arrived.allSatisfy { $0.frame.count <= byteCount - 86 } && link.arrived.count > 3)
      // In any order.
      var collector = FragmentCollector()
      var whole: [[UInt8]] = []
      for (frame, _) in link.arrived.reversed() {
        let bytes = frame.span.bytes.extracting(14..<frame.count)
        if isIPv6 {
          guard let packet = try? IPv6Packet(validating: bytes) else { continue }
          if let payload = collector.add(packet) { whole.append(payload) }
        } else {
          guard let packet = try? IPv4Packet(validating: bytes) else { continue }
          if let payload = collector.add(packet) { whole.append(payload) }
        }
      }
      let expected = Array(sent.frame()[(isIPv6 ? 54 : 34)...])
      #expect(whole == [expected, expected])
    }
  }

  @Test func `a narrow link says so to who sent`() throws {
    let link = link(.reportedNarrowing(from: 0, byteCount: 1_000))
    #expect(
      send([Segment(5, ack: 6, content(1_400)), Segment(6, ack: 6, content(900))], over: link).count == 1)
    let frame = try #require(link.returned.first)
    let packet = try IPv4Packet(validating: frame.span.bytes.extracting(14..<frame.count))
    #expect(packet.destination == Link.leftAddress)
    let message = try ICMPv4Message(validating: packet.payload)
    #expect(message.kind == .destinationUnreachable(code: 4, nextHopMTU: 1_000))
    #expect(message.payload.byteCount == 28)
  }

  @Test func `a narrow link of IPv6 says so as well, and quotes what the smallest MTU takes`() throws {
    let link = link(.reportedNarrowing(from: 0, byteCount: 1_300))
    var segments = [Segment(5, ack: 6, content(1_400)), Segment(6, ack: 6, content(900))]
    for index in segments.indices { segments[index].isIPv6 = true }
    #expect(send(segments, over: link).count == 1)
    let frame = try #require(link.returned.first)
    let packet = try IPv6Packet(validating: frame.span.bytes.extracting(14..<frame.count))
    #expect(packet.destination == Link.leftAddress6 && packet.totalByteCount == IPv6Packet.minimumMTU)
    let message = try ICMPv6Message(
      validating: packet.payload, checksum: .verify(pseudoHeader: packet.pseudoHeader))
    #expect(message.kind == .packetTooBig(mtu: 1_300))
    #expect(message.payload.withUnsafeBytes { Array($0) } == Array(segments[0].frame()[14..<14 + 1_232]))
  }

  @Test(arguments: [false, true])
  func `a segment is cut into small ones that say the same`(isIPv6: Bool) {
    let bytes = content(1_000)
    var sent = Segment(5, ack: 6, [.fin, .psh], bytes)
    sent.isIPv6 = isIPv6
    sent.options.timestamps = TCPTimestamps(value: 1, echo: 2)
    let link = link(.resegmentation(from: 0, byteCount: 300))
    let arrived = send([sent], over: link)
    #expect(arrived.map(\.payloadByteCount) == [300, 300, 300, 100])
    #expect(arrived.map { $0.header.sequenceNumber.rawValue } == [5, 305, 605, 905])
    #expect(arrived.map { $0.header.flags.contains(.fin) } == [false, false, false, true])
    #expect(link.arrived.flatMap { $0.frame[(isIPv6 ? 86 : 66)...] } == bytes)
  }

  @Test func `losses come in bursts`() {
    let link = link(.burstLoss(from: 0, begins: 0.02, longest: 30_000_000))
    let arrived = send(
      (0..<3_000).map { Segment(UInt32($0), ack: 1) }, over: link, gap: 1_000_000
    ).map { Int($0.header.sequenceNumber.rawValue) }
    let lost = 3_000 - arrived.count
    let gaps = zip(arrived, arrived.dropFirst()).filter { $1 - $0 > 1 }.count
    #expect(lost > 300 && lost < 1_200 && gaps * 4 < lost, "\(lost) lost in \(gaps)")
  }

  @Test func `a policer lets a burst and then its rate through`() {
    let link = link(.policing(from: 0, bytesPerSecond: 54_000, burst: 5_400))
    // 54 bytes each millisecond are the rate itself; these are ten times as much.
    let arrived = send((0..<1_000).map { Segment(UInt32($0), ack: 1) }, over: link, gap: 100_000)
    #expect((195...205).contains(arrived.count))
    #expect(arrived.prefix(100).last?.header.sequenceNumber.rawValue == 99)
  }

  @Test func `another route overtakes`() {
    let link = link(.routeChanges(from: 0, delays: [5_000_000, 0], every: 10_000_000))
    let arrived = send(
      (0..<40).map { Segment(UInt32($0), ack: 1) }, over: link, gap: 1_000_000
    ).map { $0.header.sequenceNumber.rawValue }
    #expect(arrived.sorted() == (0..<40).map { UInt32($0) } && arrived != arrived.sorted())
  }

  @Test func `forged segments are whole, beside the right ones, and never name the next place`() {
    let link = link(.forgery(from: 0, probability: 1))
    let arrived = send((0..<100).map { _ in Segment(50_000, ack: 1 << 31) }, over: link)
    let forged = arrived.filter {
      $0.header.sequenceNumber.rawValue != 50_000 || $0.header.acknowledgementNumber.rawValue != 1 << 31
    }
    #expect(arrived.count == 200 && forged.count == 100)
    #expect(forged.contains { $0.header.flags == .rst } && forged.contains { $0.header.flags == .syn })
    #expect(!forged.contains { $0.header.flags == .rst && $0.header.sequenceNumber.rawValue == 50_000 })
  }

  @Test func `boxes stand one behind the other`() {
    let link = link(
      .clampedSegmentSize(536), .movedNumbers(of: 0, by: 1_000, translatesSACK: true),
      .strippedOptions(from: 0, .timestamps))
    let arrived = send([opening], over: link)
    #expect(arrived.first?.header.sequenceNumber.rawValue == 1_100)
    #expect(arrived.first?.header.options.maximumSegmentSize == 536)
    #expect(arrived.first?.header.options.timestamps == nil)
  }
}
