import Bytes
import Wire
import WireWalk

/// Reads the input as a frame and as each format: what is accepted must be readable by every accessor. Then a
/// datagram and a segment around the input must be read back, and one changed byte must be noticed.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let input = bytes.span.bytes
  _ = Walk(frame: input, isTrusting: true)
  _ = Walk(frame: input, isTrusting: false)
  _ = Walk(asEverything: input)

  // In two pieces, cut anywhere, the checksum is the same.
  let cut = bytes.isEmpty ? 0 : Int(bytes[0]) % (count + 1)
  var sum = InternetChecksum(of: input.extracting(0..<cut))
  sum.add(input.extracting(cut..<count))
  precondition(sum.value == InternetChecksum(of: input).value, "a cut changed a checksum")

  let header = TCPHeader(
    sourcePort: 1, destinationPort: 2, sequenceNumber: SequenceNumber(3),
    acknowledgementNumber: SequenceNumber(4), flags: .ack, window: 5)
  let pseudoHeader = InternetChecksum.pseudoHeader(
    source: .loopback, destination: .loopback, protocol: .tcp, byteCount: header.byteCount + count)
  var buffer = ByteBuffer()
  buffer.withFreeRoom(atLeast: header.byteCount + count) { room in
    header.write(into: &room, seal: .full(pseudoHeader: pseudoHeader)) { $0.append(contentsOf: input) }
  }
  do throws(WireError) {
    let segment = try TCPSegment(validating: buffer.bytes, checksum: .verify(pseudoHeader: pseudoHeader))
    precondition(segment.payload.byteCount == count && segment.window == 5, "a segment was changed")
  } catch {
    preconditionFailure("a written segment was refused")
  }
  return 0
}
