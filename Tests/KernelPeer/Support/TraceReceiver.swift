import Bytes
import NetworkSimulation
import Platform
import Wire

/// What a receiver of a trace is for the test: it takes a frame, and says which frames it answers with at once.
protocol TraceReceiver: AnyObject {
  /// Gives it the frame and takes its answers: those that are there, and if one is `awaited`, all up to that.
  func exchange(_ frame: [UInt8], awaiting awaited: ((SeenSegment) -> Bool)?) throws -> [SeenSegment]
  /// Appends what its program can read now.
  func read(into bytes: inout [UInt8]) throws
}

/// What a receiver has said and delivered after one segment.
struct Reaction: Equatable, CustomStringConvertible {
  /// Bytes of the stream that are acknowledged; one more for FIN.
  var acknowledged: Int
  /// Pieces of the stream that SACK blocks name, those that were acknowledged left out, in the order they were named.
  var selectively: [Range<Int>]
  /// Bytes that the program has got.
  var delivered: Int

  /// Whether it is the same as `other`, but that it may name more: pieces that `other` has not, and more of each.
  func covers(_ other: Reaction) -> Bool {
    guard acknowledged == other.acknowledged, delivered == other.delivered else { return false }
    guard let latest = other.selectively.first else { return true }
    // The latest segment comes first in both.
    guard let own = selectively.first, own.lowerBound <= latest.lowerBound,
      own.upperBound >= latest.upperBound
    else { return false }
    return other.selectively.allSatisfy { piece in
      let touched = selectively.first { $0.overlaps(piece) }
      return touched.map { $0.lowerBound <= piece.lowerBound && $0.upperBound >= piece.upperBound }
        ?? (selectively.count >= 3)
    }
  }

  var description: String { "ACK \(acknowledged), SACK \(selectively), \(delivered) delivered" }
}

/// The sender of a trace: a peer without a stack, at a fixed address.
final class TraceSender {
  static let address = IPv4Address(10, 84, 0, 2)
  static let receiver = IPv4Address(10, 84, 0, 1)
  static let hardware = EthernetAddress(rawValue: 0x0200_0000_0002)
  static let receiverHardware = EthernetAddress(rawValue: 0x0200_0000_0001)
  static let port: UInt16 = 7
  private static let initial = SequenceNumber(0xffff_f000)

  private let receiver: any TraceReceiver
  private var theirs = SequenceNumber(0)
  private var content: [UInt8] = []
  private var read: [UInt8] = []

  init(_ receiver: any TraceReceiver) { self.receiver = receiver }

  /// Plays the trace; one reaction for each of its steps. Throws `Wrong` when the receiver does what none may.
  func play(_ trace: SegmentTrace) throws -> [Reaction] {
    content = Array(Pattern.piece(at: 0, trace.streamByteCount))
    try open()
    return try trace.steps.map { step in
      let answers = try receiver.exchange(segment(step), awaiting: nil)
      // A byte before the stream's first is old whatever has arrived, so every TCP answers it at once (RFC 9293
      // §3.10.7.4), and names it first as a duplicate (RFC 2883 §4). What is acknowledged later would be seen now.
      let polled = try receiver.exchange(
        segment(SegmentTrace.Step(offset: -1, byteCount: 1)), awaiting: isAnswerToPoll)
      guard let last = polled.last(where: isAnswerToPoll) else {
        throw Wrong(what: "no answer to an old byte")
      }
      for answer in answers + polled { try check(answer, after: step) }
      try receiver.read(into: &read)
      guard read.elementsEqual(content.prefix(read.count)) else {
        throw Wrong(what: "other bytes than were sent")
      }
      return Reaction(
        acknowledged: last.header.acknowledgementNumber - (Self.initial + 1),
        selectively: blocks(of: last), delivered: read.count)
    }
  }

  struct Wrong: Error { let what: String }

  private func open() throws {
    var header = header(at: Self.initial, .syn)
    header.acknowledgementNumber = SequenceNumber(0)
    header.options.maximumSegmentSize = 1_460
    header.options.windowScale = 7
    header.options.isSACKPermitted = true
    let answers = try receiver.exchange(frame(header, []), awaiting: { $0.header.flags.contains(.syn) })
    guard let answer = answers.first(where: { $0.header.flags.contains(.syn) }) else {
      throw Wrong(what: "no answer to SYN")
    }
    guard answer.header.options.isSACKPermitted else { throw Wrong(what: "no SACK") }
    theirs = answer.header.sequenceNumber + 1
    _ = try receiver.exchange(frame(self.header(at: Self.initial + 1, .ack), []), awaiting: nil)
  }

  private func check(_ answer: SeenSegment, after step: SegmentTrace.Step) throws {
    let isRight =
      answer.header.flags == .ack && answer.payloadByteCount == 0 && answer.header.sequenceNumber == theirs
    guard isRight else { throw Wrong(what: "after \(step): \(answer)") }
  }

  private func isAnswerToPoll(_ segment: SeenSegment) -> Bool {
    segment.header.options.sackBlockCount > 0 && segment.header.options.sackBlock(0).start == Self.initial
  }

  private func blocks(of segment: SeenSegment) -> [Range<Int>] {
    (0..<segment.header.options.sackBlockCount).map { segment.header.options.sackBlock($0) }
      .filter { $0.start > segment.header.acknowledgementNumber }
      .map { block in
        let start = block.start - (Self.initial + 1)
        // Without FIN's place.
        return start..<min(content.count, block.end - (Self.initial + 1))
      }
  }

  // MARK: Frames

  private func header(at number: SequenceNumber, _ flags: TCPFlags) -> TCPHeader {
    TCPHeader(
      sourcePort: 4_000, destinationPort: Self.port, sequenceNumber: number, acknowledgementNumber: theirs,
      flags: flags, window: 0xffff)
  }

  private func segment(_ step: SegmentTrace.Step) -> [UInt8] {
    let flags: TCPFlags = step.isLast ? [.ack, .fin, .psh] : .ack
    let bytes: [UInt8]
    if step.offset >= 0, step.offset + step.byteCount <= content.count {
      bytes = Array(content[step.offset..<step.offset + step.byteCount])
    } else {
      bytes = [UInt8](repeating: 0xee, count: step.byteCount)
    }
    return frame(header(at: Self.initial + 1 + step.offset, flags), bytes)
  }

  private func frame(_ header: TCPHeader, _ payload: [UInt8]) -> [UInt8] {
    let ip = IPv4Header(
      source: Self.address, destination: Self.receiver, protocol: .tcp,
      payloadByteCount: header.byteCount + payload.count)
    let count = 34 + header.byteCount + payload.count
    // The output covers the new array's memory, and is finished before it ends.
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
      let memory = UnsafeMutableRawBufferPointer(buffer)
      var output = OutputRawSpan(buffer: memory, initializedCount: 0)
      EthernetHeader(destination: Self.receiverHardware, source: Self.hardware, type: .ipv4).write(
        into: &output)
      ip.write(into: &output)
      header.write(into: &output, seal: .full(pseudoHeader: ip.pseudoHeader)) {
        $0.append(contentsOf: payload.span.bytes)
      }
      written = output.finalize(for: memory)
    }
  }
}
