import Bytes
import Testing

/// What the standard library reads, which `init(_:radix:)` still asks.
@Suite struct `Integers from text` {
  @Test(arguments: [
    "0", "-0", "+5", "007", "-42", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
    "-9223372036854775809", "18446744073709551616", "", "-", "+", "--1", "+-1", "1-", " 1", "1 ", "1_000",
    "0x1", "１", "65535", "65536",
  ])
  func `are what the standard library reads`(text: String) {
    #expect(Int64(text) == Int64(text, radix: 10))
    #expect(Int(text) == Int(text, radix: 10))
    #expect(UInt16(text) == UInt16(text, radix: 10))
  }
}
