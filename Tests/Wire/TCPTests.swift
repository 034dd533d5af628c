import Bytes
import Testing
import Wire

@Suite struct TCPTests {
  /// The fields of a segment, which outlive its view.
  private func header(_ bytes: [UInt8]) throws -> TCPHeader {
    let segment = try TCPSegment(validating: bytes.span.bytes, checksum: .trusted)
    var header = TCPHeader(
      sourcePort: segment.sourcePort, destinationPort: segment.destinationPort,
      sequenceNumber: segment.sequenceNumber, acknowledgementNumber: segment.acknowledgementNumber,
      flags: segment.flags, window: segment.window)
    header.options = segment.options
    header.urgentPointer = segment.urgentPointer
    return header
  }

  private func seal(_ count: Int) -> ChecksumSeal {
    .full(
      pseudoHeader: .pseudoHeader(
        source: .loopback, destination: .loopback, protocol: .tcp, byteCount: count))
  }

  /// A segment whose options are these bytes.
  private func segment(options: [UInt8]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 20) + options
    bytes[1] = 1
    bytes[3] = 2
    bytes[12] = UInt8(bytes.count / 4) << 4
    return bytes
  }

  private func refused(_ bytes: [UInt8]) -> WireError? {
    refusal { () throws(WireError) in
      _ = try TCPSegment(validating: bytes.span.bytes, checksum: .trusted)
    }
  }

  @Test func `curl opens with the options that Linux has`() throws {
    let capture = Capture("curl")
    let syn = try header(capture.ipPayload(0))
    let answer = try header(capture.ipPayload(1))
    #expect(syn.flags == .syn && answer.flags == [.syn, .ack] && syn.destinationPort == 8080)
    #expect(answer.acknowledgementNumber == syn.sequenceNumber + 1)
    for options in [syn.options, answer.options] {
      #expect(options.maximumSegmentSize == 1460 && options.isSACKPermitted && options.windowScale != nil)
      #expect(options.timestamps != nil && options.sackBlockCount == 0)
    }
    #expect(answer.options.timestamps?.echo == syn.options.timestamps?.value)
  }

  @Test func `the stream of a request is whole`() throws {
    let capture = Capture("curl")
    var received: [UInt8] = []
    var next: SequenceNumber?
    for index in capture.frames.indices {
      let bytes = capture.ipPayload(index)
      let segment = try TCPSegment(validating: bytes.span.bytes, checksum: .trusted)
      guard segment.sourcePort == 8080 else { continue }
      let (sequence, length) = (segment.sequenceNumber, segment.sequenceLength)
      #expect(next == nil || sequence == next!)
      next = sequence + length
      received += segment.payload.withUnsafeBytes { Array($0) }  // Copied within the closure.
    }
    #expect(String(decoding: received, as: UTF8.self).hasSuffix("Hello from the other end of the wire.\n"))
  }

  @Test func `Linux acknowledges what came beyond a gap, the newest block first`() throws {
    var most = TCPOptions()
    let capture = Capture("sack")
    for index in capture.frames.indices {
      let options = try header(capture.ipPayload(index)).options
      if options.sackBlockCount >= most.sackBlockCount { most = options }
    }
    #expect(most.sackBlockCount == 3 && most.timestamps != nil)
    let starts = (0..<3).map { most.sackBlock($0).start.rawValue }
    #expect(starts == [201, 161, 121])
    #expect((0..<3).allSatisfy { most.sackBlock($0).end - most.sackBlock($0).start == 20 })
  }

  @Test func `a refused connection is reset`() throws {
    let reset = try header(Capture("refused").ipPayload(1))
    #expect(reset.flags == [.rst, .ack] && reset.window == 0)
  }

  @Test(arguments: ["curl", "sack", "refused"])
  func `every segment of the captures but SYNs is written again as it came`(name: String) throws {
    let capture = Capture(name)
    for index in capture.frames.indices {
      let bytes = capture.ipPayload(index)
      let header = try header(bytes)
      // The order of options in a SYN is its writer's choice.
      guard !header.flags.contains(.syn) else { continue }
      let payload = Array(bytes[header.byteCount...])
      let packet = capture.frames[index]
      let view = try IPv4Packet(validating: packet.span.bytes.extracting(14..<packet.count))
      let sum = view.pseudoHeader
      let again = written {
        header.write(into: &$0, seal: .full(pseudoHeader: sum)) { $0.append(contentsOf: payload.span.bytes) }
      }
      #expect(again == bytes, "frame \(index)")
    }
  }

  @Test func `a segment with every option that fits is read as it was written`() throws {
    var sent = TCPHeader(
      sourcePort: 65_535, destinationPort: 1, sequenceNumber: SequenceNumber(.max),
      acknowledgementNumber: SequenceNumber(7), flags: [.syn, .ack, .ece, .urg], window: 65_535)
    sent.urgentPointer = 9
    sent.options.maximumSegmentSize = 536
    sent.options.windowScale = 14
    sent.options.isSACKPermitted = true
    sent.options.timestamps = TCPTimestamps(value: 1, echo: .max)
    sent.options.appendSACKBlock(SACKBlock(start: SequenceNumber(5), end: SequenceNumber(6)))
    #expect(sent.options.byteCount == 36)
    let bytes = written { sent.write(into: &$0, seal: seal(sent.byteCount)) }
    #expect(bytes.count == 56)
    #expect(try header(bytes) == sent)

    var blocks = TCPHeader(
      sourcePort: 1, destinationPort: 2, sequenceNumber: SequenceNumber(0),
      acknowledgementNumber: SequenceNumber(0), flags: .ack, window: 0)
    for number: UInt32 in 1...4 {
      blocks.options.appendSACKBlock(
        SACKBlock(start: SequenceNumber(number * 10), end: SequenceNumber(number * 10 + 5)))
    }
    #expect(try header(written { blocks.write(into: &$0, seal: seal(blocks.byteCount)) }) == blocks)
  }

  @Test func `unknown options and what is behind the end are skipped`() throws {
    let options = try header(segment(options: [254, 4, 1, 2, 1, 3, 3, 7, 0, 2, 99, 0])).options
    #expect(options.windowScale == 7 && options.maximumSegmentSize == nil)
  }

  @Test func `a window scale above 14 counts as 14`() throws {
    #expect(try header(segment(options: [3, 3, 200, 0])).options.windowScale == 14)
  }

  @Test(
    arguments: [
      [1, 1, 1, 2], [2, 0, 1, 1], [2, 1, 1, 1], [2, 5, 1, 1], [2, 3, 1, 0], [3, 4, 1, 1], [4, 3, 0, 0],
      [5, 2, 0, 0], [5, 4, 0, 0], [8, 4, 0, 0], [254, 9, 0, 0], [254, 1, 0, 0],
    ] as [[UInt8]]) func `an option of a wrong length is refused`(options: [UInt8])
  {
    #expect(refused(segment(options: options)) == .badOption)
  }

  @Test func `wrong header lengths, ports and checksums are refused`() throws {
    var bytes = segment(options: [])
    #expect(refused(bytes) == nil)
    bytes[12] = 0x40
    #expect(refused(bytes) == .badLength)
    bytes[12] = 0x60
    #expect(refused(bytes) == .truncated)
    bytes[12] = 0x50
    bytes[1] = 0
    #expect(refused(bytes) == .badValue)
    let error = refusal { () throws(WireError) in
      let sum = InternetChecksum.pseudoHeader(
        source: .loopback, destination: .loopback, protocol: .tcp, byteCount: 20)
      _ = try TCPSegment(validating: bytes.span.bytes, checksum: .verify(pseudoHeader: sum))
    }
    #expect(error == .badChecksum)
  }

  @Test func `SYN and FIN take a place in the sequence`() throws {
    var bytes = segment(options: []) + [1, 2, 3]
    bytes[13] = TCPFlags([.syn, .fin]).rawValue
    let segment = try TCPSegment(validating: bytes.span.bytes, checksum: .trusted)
    let length = segment.sequenceLength
    #expect(length == 5)
  }
}
