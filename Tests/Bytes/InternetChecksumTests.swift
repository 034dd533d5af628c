import Bytes
import Testing

@Suite struct InternetChecksumTests {
  private func checksum(_ bytes: [UInt8]) -> UInt16 { InternetChecksum(of: bytes.span.bytes).value }

  /// Word by word, as RFC 1071 §4.1 has it.
  private func reference(_ bytes: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for index in stride(from: 0, to: bytes.count, by: 2) {
      sum += UInt32(bytes[index]) << 8 | UInt32(index + 1 < bytes.count ? bytes[index + 1] : 0)
      if sum > 0xffff { sum = (sum & 0xffff) + 1 }
    }
    return ~UInt16(sum)
  }

  @Test func `the example of RFC 1071 §3 adds up`() {
    let bytes: [UInt8] = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]
    let sum = InternetChecksum(of: bytes.span.bytes)
    #expect(sum.partial == 0xddf2)
    #expect(sum.value == 0x220d)
  }

  @Test func `nothing sums to zero`() { #expect(checksum([]) == 0xffff) }

  @Test func `every length and every cut gives what the plain algorithm gives`() {
    let bytes = (0..<97).map { UInt8(truncatingIfNeeded: $0 * 151 + 77) }
    for count in 0...bytes.count {
      let piece = Array(bytes[..<count])
      #expect(checksum(piece) == reference(piece))
    }
    for first in 0...bytes.count {
      for second in stride(from: first, through: bytes.count, by: 5) {
        var sum = InternetChecksum(of: bytes.span.bytes.extracting(0..<first))
        sum.add(bytes.span.bytes.extracting(first..<second))
        sum.add(bytes.span.bytes.extracting(second..<bytes.count))
        #expect(sum.value == reference(bytes))
      }
    }
  }

  @Test func `all ones carry around as long as a packet can be`() {
    let bytes = [UInt8](repeating: 0xff, count: 65_535)
    #expect(checksum(bytes) == reference(bytes))
  }

  @Test func `numbers count as their bytes`() {
    var sum = InternetChecksum()
    sum.add(bigEndian: UInt16(0x1234))
    sum.add(bigEndian: UInt32(0x5678_9abc))
    #expect(sum.value == reference([0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc]))
  }

  @Test func `the example of RFC 1624 §4 is updated`() {
    #expect(InternetChecksum.updating(0xdd2f, from: UInt16(0x5555), to: 0x3285) == 0x0000)
  }

  @Test func `an updated checksum is that of the changed bytes`() {
    var bytes: [UInt8] = [0x45, 0, 0x12, 0x34, 10, 77, 0, 1, 0xfe, 0xff]
    let before = checksum(bytes)
    bytes.replaceSubrange(4..<8, with: [192, 0, 2, 200])
    #expect(
      InternetChecksum.updating(before, from: UInt32(0x0a4d_0001), to: 0xc000_02c8) == checksum(bytes))
  }
}
