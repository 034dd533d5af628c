import Bytes
import Testing

struct CRC32CTests {
  @Test func `RFC 3720's examples come out`() {
    #expect(CRC32C.of([UInt8](repeating: 0, count: 32).span.bytes) == 0x8a91_36aa)
    #expect(CRC32C.of([UInt8](repeating: 0xff, count: 32).span.bytes) == 0x62a8_ab43)
    #expect(CRC32C.of(Array(0..<32 as Range<UInt8>).span.bytes) == 0x46dd_794e)
    #expect(CRC32C.of(Array("123456789".utf8).span.bytes) == 0xe306_9283)
  }

  @Test func `pieces count as the whole`() {
    let bytes = Array("a settings file".utf8)
    var crc = CRC32C()
    for byte in bytes { crc.update([byte].span.bytes) }
    #expect(crc.value == CRC32C.of(bytes.span.bytes))
    #expect(CRC32C().value == 0)
  }
}
