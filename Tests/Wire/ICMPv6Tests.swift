import Bytes
import Testing
import Wire

@Suite struct ICMPv6Tests {
  private static let sum = InternetChecksum.pseudoHeader(
    source: IPv6Tests.here, destination: IPv6Tests.there, protocol: .icmpv6, byteCount: 11)

  @Test(arguments: [
    ICMPv6Kind.echoRequest(identifier: 1, sequence: 2), .echoReply(identifier: 3, sequence: 4),
    .destinationUnreachable(code: ICMPv6Kind.Unreachable.port), .packetTooBig(mtu: 1280),
    .timeExceeded(code: 1), .parameterProblem(code: 2, pointer: 48), .other(type: 143, code: 0, rest: 77),
  ]) func `every kind is read as it was written, and needs its addresses`(expected: ICMPv6Kind) throws {
    let bytes = written {
      expected.write(into: &$0, seal: .full(pseudoHeader: Self.sum)) { $0.append(zeros: 3) }
    }
    let message = try ICMPv6Message(
      validating: bytes.span.bytes, checksum: .verify(pseudoHeader: Self.sum))
    #expect(message.kind == expected)
    #expect(message.payload.byteCount == 3)
    #expect(expected.isError == (message.type < 128))
    let error = refusal { () throws(WireError) in
      _ = try ICMPv6Message(
        validating: bytes.span.bytes, checksum: .verify(pseudoHeader: InternetChecksum()))
    }
    #expect(error == .badChecksum)
  }

  @Test func `a message of less than 8 bytes is refused`() {
    let bytes = [UInt8](repeating: 0, count: 7)
    #expect(
      refusal { () throws(WireError) in
        _ = try ICMPv6Message(validating: bytes.span.bytes, checksum: .trusted)
      } == .truncated)
  }

  @Test func `quotes of both families are read alike`() throws {
    var four = IPv4Header(
      source: IPv4Address(10, 0, 0, 1), destination: IPv4Address(10, 0, 0, 2), protocol: .tcp,
      payloadByteCount: 20)
    four.fragmentByteOffset = 0
    let six = IPv6Header(
      source: IPv6Tests.here, destination: IPv6Tests.there, protocol: .tcp, payloadByteCount: 20)
    for isSix in [false, true] {
      let bytes = written { output in
        if isSix { six.write(into: &output) } else { four.write(into: &output) }
        output.append(bigEndian: 0x1234_5678_9abc_def0 as UInt64)
      }
      let quote = try QuotedPacket(validating: bytes.span.bytes)
      #expect(quote.isIPv6 == isSix && quote.protocol == .tcp && !quote.isLaterFragment)
      let ports = (quote.sourcePort, quote.destinationPort, quote.sequenceNumber, quote.payload.byteCount)
      #expect(ports == (0x1234, 0x5678, SequenceNumber(0x9abc_def0), 8))
      let addresses = (quote.source, quote.destination)
      #expect(
        addresses
          == (isSix
            ? (six.source, six.destination)
            : (IPv6Address(mapped: four.source), IPv6Address(mapped: four.destination))))
      let short = Array(bytes.dropLast())
      #expect(
        refusal { () throws(WireError) in _ = try QuotedPacket(validating: short.span.bytes) } == .truncated)
    }
  }
}
