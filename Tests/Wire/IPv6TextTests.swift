import Testing
import Wire

struct IPv6TextTests {
  @Test(
    arguments: [
      ("::", 0, 0), ("::1", 0, 1), ("fe80::1", 0xfe80_0000_0000_0000, 1),
      ("2001:DB8:0:0:8:800:200C:417A", 0x2001_0db8_0000_0000, 0x0008_0800_200c_417a),
      ("ff01::", 0xff01_0000_0000_0000, 0), ("1:2:3:4:5:6:7::", 0x0001_0002_0003_0004, 0x0005_0006_0007_0000),
      ("::2:3:4:5:6:7:8", 0x0000_0002_0003_0004, 0x0005_0006_0007_0008),
    ] as [(String, UInt64, UInt64)])
  func `RFC 4291's forms are read`(text: String, high: UInt64, low: UInt64) {
    #expect(IPv6Address(text) == IPv6Address(high: high, low: low))
  }

  @Test(arguments: [
    "", ":", ":1", "1:", "1::2::3", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8", "12345::", "g::", "fe80::1%eth0", " ::1", "1:2:3:4:5:6:7:",
  ])
  func `what is no address is refused`(text: String) {
    #expect(IPv6Address(text) == nil)
  }
}
