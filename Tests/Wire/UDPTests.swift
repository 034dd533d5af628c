import Bytes
import Testing
import Wire

@Suite struct UDPTests {
  private static let here = IPv4Address(10, 77, 0, 1)
  private static let there = IPv4Address(10, 77, 0, 2)

  private func sum(_ count: Int) -> InternetChecksum {
    .pseudoHeader(source: Self.here, destination: Self.there, protocol: .udp, byteCount: count)
  }

  private func datagram(_ payload: [UInt8], partial: Bool = false) -> [UInt8] {
    let sum = sum(8 + payload.count)
    return written {
      UDPHeader(sourcePort: 5000, destinationPort: 53).write(
        into: &$0, seal: partial ? .partial(pseudoHeader: sum) : .full(pseudoHeader: sum)
      ) { $0.append(contentsOf: payload.span.bytes) }
    }
  }

  private func refused(_ bytes: [UInt8]) -> WireError? {
    refusal { () throws(WireError) in
      _ = try UDPDatagram(validating: bytes.span.bytes, checksum: .verify(pseudoHeader: sum(bytes.count)))
    }
  }

  @Test func `the queries of the capture are written again as they came`() {
    let capture = Capture("dns")
    for index in [0, 2, 4] {
      let bytes = capture.ipPayload(index)
      let payload = capture.udpPayload(index)
      let again = written {
        UDPHeader(sourcePort: bytes.span.bytes.bigEndian16(at: 0), destinationPort: 53).write(
          into: &$0, seal: .full(pseudoHeader: sum(bytes.count))
        ) { $0.append(contentsOf: payload.span.bytes) }
      }
      #expect(again == bytes)
    }
  }

  @Test func `a checksum of zero is written as all ones`() {
    // The word that makes the sum all ones.
    var payload: [UInt8] = [0, 0]
    let plain = datagram(payload)
    payload = Array(plain[6..<8])
    let bytes = datagram(payload)
    #expect(Array(bytes[6..<8]) == [0xff, 0xff])
    #expect(refused(bytes) == nil)
  }

  @Test func `a datagram without a checksum passes`() {
    var bytes = datagram([1, 2, 3])
    bytes[6] = 0
    bytes[7] = 0
    #expect(refused(bytes) == nil)
  }

  @Test func `for a device that finishes it, the field holds the pseudo header's sum`() {
    let bytes = datagram([1, 2, 3], partial: true)
    let whole = datagram([1, 2, 3])
    #expect(bytes.span.bytes.bigEndian16(at: 6) == sum(11).partial)
    // What the device adds: everything from the header on, with the field.
    #expect(
      InternetChecksum(of: bytes.span.bytes).value == whole.span.bytes.bigEndian16(at: 6))
  }

  @Test func `wrong lengths and checksums are refused`() {
    var bytes = datagram([1, 2, 3])
    bytes[5] = 7
    #expect(refused(bytes) == .badLength)
    bytes[5] = 12
    #expect(refused(bytes) == .truncated)
    bytes[5] = 11
    bytes[10] ^= 1
    #expect(refused(bytes) == .badChecksum)
  }
}
