import Testing
import Wire

struct IPv6TextTests {
  @Test(
    arguments: [
      ("::", 0, 0), ("::1", 0, 1), ("fe80::1", 0xfe80_0000_0000_0000, 1),
      ("2001:DB8:0:0:8:800:200C:417A", 0x2001_0db8_0000_0000, 0x0008_0800_200c_417a),
      ("::ffff:192.0.2.1", 0, 0xffff_c000_0201), ("::192.0.2.1", 0, 0xc000_0201),
      ("64:ff9b::8.8.8.8", 0x0064_ff9b_0000_0000, 0x0808_0808),
      ("1:2:3:4:5:6:255.255.0.1", 0x0001_0002_0003_0004, 0x0005_0006_ffff_0001),
      ("ff01::", 0xff01_0000_0000_0000, 0), ("1:2:3:4:5:6:7::", 0x0001_0002_0003_0004, 0x0005_0006_0007_0000),
      ("::2:3:4:5:6:7:8", 0x0000_0002_0003_0004, 0x0005_0006_0007_0008),
    ] as [(String, UInt64, UInt64)])
  func `RFC 4291's forms are read`(text: String, high: UInt64, low: UInt64) {
    #expect(IPv6Address(text) == IPv6Address(high: high, low: low))
  }

  @Test(arguments: [
    "", ":", ":1", "1:", "1::2::3", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8", "12345::", "g::", "fe80::1%eth0", " ::1", "1:2:3:4:5:6:7:",
    "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:6::1.2.3.4", "::1.2.3", "::1.2.3.4:5", "::a.1.1.1", "::.1.1.1",
    "1.2.3.4",
    "::1.2.3.4.", "::256.1.1.1", "::01.1.1.1",
  ])
  func `what is no address is refused`(text: String) {
    #expect(IPv6Address(text) == nil)
  }

  @Test(arguments: [
    ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:0db8::0001", "2001:db8::1"),
    ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:DB8::A", "2001:db8::a"),
    ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("0:1:2:3:4:5:6:0", "0:1:2:3:4:5:6:0"), ("::", "::"), ("::1", "::1"),
    ("1::", "1::"), ("0:0:1::", "0:0:1::"), ("::ffff:c000:201", "::ffff:192.0.2.1"),
    ("::c000:201", "::c000:201"),
  ]) func `an address has one text, by RFC 5952`(text: String, canonical: String) {
    #expect(IPv6Address(text)?.description == canonical)
  }

  @Test func `any address is read as it was written`() {
    var numbers = Numbers(state: 5952)
    for _ in 0..<2000 {
      // Groups are zero half of the time.
      let mask = numbers.next()
      var halves: [UInt64] = []
      for half in 0..<2 {
        var value = numbers.next()
        for group in 0..<4 where mask >> UInt64(half * 4 + group) & 1 == 0 {
          value &= ~(0xffff << UInt64(16 * group))
        }
        halves.append(value)
      }
      let address = IPv6Address(high: halves[0], low: halves[1])
      #expect(IPv6Address(address.description) == address)
    }
  }
}
