import Bytes
import NetworkSimulation
import Platform
import Testing
import Wire

@Suite struct OffloadTests {
  private var offloading: SimulatedDeviceOptions {
    var options = SimulatedDeviceOptions()
    options.offload = [.transmitChecksum, .transmitSegmentation, .receiveChecksum, .receiveLarge]
    return options
  }

  /// Sends a segment with its payload in two pieces, split at `split`.
  private func send(_ link: Link, _ segment: Segment, split: Int, mss: Int) {
    let frame = segment.frame(isPartial: true)
    let header = frame.count - segment.payload.count
    let bytes = frame.span.bytes
    let isTaken = link.left.transmit(
      OutboundFrame(
        header: bytes.extracting(0..<header), payload: bytes.extracting(header..<header + split),
        payloadTail: bytes.extracting(header + split..<frame.count), checksum: (start: 34, offset: 16),
        segmentByteCount: mss))
    #expect(isTaken)
    link.left.notify()
    link.settle()
  }

  @Test func `a checksum that was left to the device is finished`() {
    let link = Link(left: offloading)
    let segment = Segment(5, ack: 6, .psh, content(1_001))
    send(link, segment, split: 333, mss: 0)
    #expect(link.arrived.map(\.frame) == [segment.frame()] && link.wire.reports.isEmpty)
  }

  @Test func `a large segment arrives as the segments that the stack would have made itself`() {
    var numbers = SplitMix64(seed: 11)
    for _ in 0..<60 {
      let link = Link(left: offloading)
      let mss = numbers.pick(200...1_400)
      var segment = Segment(
        UInt32(truncatingIfNeeded: numbers.next()), ack: 99, [.psh, .fin, .cwr],
        content(numbers.pick(1...20_000), seed: numbers.next()))
      segment.identification = 65_530
      segment.options.timestamps = TCPTimestamps(value: 1, echo: 2)
      send(link, segment, split: numbers.pick(0...segment.payload.count), mss: mss)

      var expected: [[UInt8]] = []
      for start in stride(from: 0, to: segment.payload.count, by: mss) {
        var piece = segment
        piece.sequence &+= UInt32(start)
        piece.identification &+= UInt16(expected.count)
        piece.payload = Array(segment.payload[start..<min(start + mss, segment.payload.count)])
        if start > 0 { piece.flags.subtract(.cwr) }
        if start + mss < segment.payload.count { piece.flags.subtract([.psh, .fin]) }
        expected.append(piece.frame())
      }
      #expect(link.arrived.map(\.frame) == expected)
      #expect(link.wire.reports.isEmpty && link.wire.framesInUse == 0)
    }
  }

  @Test func `a wrong partial checksum, a SYN and a wrong length are not cut but reported`() {
    let whole = Segment(1, ack: 1, content(3_000))
    for change in [(51, UInt8(0xff)), (47, 0x02), (17, 0), (23, 17)] as [(Int, UInt8)] {
      let link = Link(left: offloading)
      var frame = whole.frame(isPartial: true)
      frame[change.0] = change.1
      let bytes = frame.span.bytes
      _ = link.left.transmit(
        OutboundFrame(
          header: bytes.extracting(0..<54), payload: bytes.extracting(54..<frame.count),
          payloadTail: RawSpan(),
          checksum: (start: 34, offset: 16), segmentByteCount: 1_000))
      link.left.notify()
      link.settle()
      #expect(link.arrived.isEmpty && link.wire.reports.count == 1)
    }
  }

  @Test func `between guests of one host a segment stays large and unfinished, and comes in pages`() {
    var options = offloading
    options.pieceByteCount = 4_096
    let link = Link(left: offloading, right: options)
    link.wire.carriesUnfinished = true
    let segment = Segment(1, ack: 1, content(30_000))
    send(link, segment, split: 0, mss: 1_400)
    #expect(link.arrived.map(\.frame) == [segment.frame(isPartial: true)])
    #expect(link.trustedCount == 1 && link.piecewiseCount == 1)
  }

  @Test func `a device does not vouch for a frame whose bits were flipped`() {
    let link = Link(left: offloading, right: offloading)
    send(link, Segment(1, ack: 1, content(100)), split: 0, mss: 0)
    #expect(link.trustedCount == 1)
    link.left.impairments.corruption = 1
    send(link, Segment(1, ack: 1, content(100)), split: 0, mss: 0)
    #expect(link.arrived.count == 2 && link.trustedCount == 1)
  }
}
