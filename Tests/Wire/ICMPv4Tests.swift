import Bytes
import Testing
import Wire

@Suite struct ICMPv4Tests {
  private func kind(_ bytes: [UInt8]) throws -> ICMPv4Kind {
    let message = try ICMPv4Message(validating: bytes.span.bytes)
    return message.kind
  }

  @Test func `a ping and its answer are read, and written again as they came`() throws {
    let ping = Capture("ping")
    let kinds: [ICMPv4Kind] = [
      .echoRequest(identifier: 0x1234, sequence: 1), .echoReply(identifier: 0x1234, sequence: 1),
      .echoRequest(identifier: 0x1234, sequence: 2), .echoReply(identifier: 0x1234, sequence: 2),
    ]
    for (index, expected) in kinds.enumerated() {
      let bytes = ping.ipPayload(index)
      #expect(try kind(bytes) == expected)
      let payload = Array(bytes[8...])
      #expect(written { expected.write(into: &$0) { $0.append(contentsOf: payload.span.bytes) } } == bytes)
    }
  }

  @Test func `Linux says that nobody listens, hops ran out, there is no way, an option is wrong`() throws {
    let capture = Capture("icmp-errors")
    #expect(
      try kind(capture.ipPayload(1))
        == .destinationUnreachable(code: ICMPv4Kind.Unreachable.port, nextHopMTU: 0))
    #expect(try kind(capture.ipPayload(3)) == .timeExceeded(code: 0))
    #expect(
      try kind(capture.ipPayload(5))
        == .destinationUnreachable(code: ICMPv4Kind.Unreachable.network, nextHopMTU: 0))
    #expect(try kind(capture.ipPayload(7)) == .parameterProblem(code: 0, pointer: 22))
  }

  @Test func `an error quotes whose packet it was`() throws {
    let bytes = Capture("icmp-errors").ipPayload(1)
    let message = try ICMPv4Message(validating: bytes.span.bytes)
    let quote = try QuotedPacket(validating: message.payload)
    let found = (quote.source, quote.destination, quote.protocol, quote.destinationPort)
    #expect(
      found == (
        IPv6Address(mapped: IPv4Address(10, 77, 0, 1)), IPv6Address(mapped: IPv4Address(10, 77, 0, 2)), .udp,
        9999
      ))
  }

  @Test(arguments: [
    ICMPv4Kind.echoRequest(identifier: 1, sequence: 2), .echoReply(identifier: 3, sequence: 4),
    .destinationUnreachable(code: 4, nextHopMTU: 1400), .destinationUnreachable(code: 3, nextHopMTU: 0),
    .redirect(code: 1, gateway: IPv4Address(10, 0, 0, 1)), .timeExceeded(code: 1),
    .parameterProblem(code: 0, pointer: 20), .other(type: 13, code: 0, rest: 77),
  ]) func `every kind is read as it was written`(expected: ICMPv4Kind) throws {
    let bytes = written { expected.write(into: &$0) { $0.append(zeros: 3) } }
    #expect(bytes.count == 11)
    #expect(try kind(bytes) == expected)
  }

  @Test func `a quote of less than 8 bytes behind the header is refused`() {
    let quote = Array(Capture("icmp-errors").ipPayload(1)[8..<8 + 27])
    #expect(
      refusal { () throws(WireError) in _ = try QuotedPacket(validating: quote.span.bytes) } == .truncated
    )
  }
}
