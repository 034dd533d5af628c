import Bytes
import Testing

@Suite struct `Digits` {
  @Test(
    arguments: [
      ("0", 0), ("007", 7), ("10", 10), ("18446744073709551615", UInt64.max),
    ] as [(String, UInt64)])
  func `are a number`(text: String, number: UInt64) { #expect(UInt64(digits: text) == number) }

  @Test(arguments: [
    "", "+1", "-1", " 1", "1 ", "1a", "1.0", "0x1", "18446744073709551616", "99999999999999999999", "１",
  ])
  func `and anything else are none`(text: String) { #expect(UInt64(digits: text) == nil) }

  @Test func `of another radix are in either case`() {
    #expect(UInt64(digits: "00dEADbeef", radix: 16) == 0xdead_beef)
    #expect(UInt64(digits: "g", radix: 16) == nil)
    #expect(UInt64(digits: "2", radix: 2) == nil)
  }

  @Test func `have a limit`() {
    #expect(UInt64(digits: "65535", upTo: 65_535) == 65_535)
    #expect(UInt64(digits: "65536", upTo: 65_535) == nil)
    #expect(Int(digits: "9223372036854775807") == .max)
    #expect(Int(digits: "9223372036854775808") == nil)
  }
}
