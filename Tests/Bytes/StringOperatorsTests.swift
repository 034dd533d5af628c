import Bytes
import Testing

@Suite struct `Operators of texts` {
  private static let long = "a text that is longer than the fifteen bytes of a small one"

  @Test(arguments: ["", "a", "ä", "fifteen bytes..", "sixteen bytes...", long], ["", "b", "€", long])
  func `join`(left: String, right: String) {
    let bytes = Array(left.utf8) + Array(right.utf8)
    #expect(Array((left + right).utf8) == bytes)
    var text = left
    text += right
    #expect(Array(text.utf8) == bytes)
    #expect(Array("\(left)\(right)".utf8) == bytes)
  }

  @Test func `tell texts apart by their bytes`() {
    #expect("é" == "\u{e9}")
    #expect("é" != "e\u{301}", "the same character in other bytes")
    #expect(Self.long != Self.long + "s")
    #expect(Self.long + "s" != Self.long + "t")
    let (some, none): (String?, String?) = ("a", nil)
    #expect(some == "a" && some != "b" && some != nil && none == nil && none != "a")
    let found =
      switch Self.long + "s" {
      case Self.long: 1
      case Self.long + "s": 2
      default: 3
      }
    #expect(found == 2)
  }

  @Test func `put numbers into texts`() {
    #expect("\(Int.min) \(Int(7))" == "-9223372036854775808 7")
    #expect("\(UInt64.max) \(UInt32.max)" == "18446744073709551615 4294967295")
    #expect("\(UInt16.max) \(Int32.min)" == "65535 -2147483648")
    #expect("\("literal" as StaticString)!" == "literal!")
  }

  @Test func `are cut behind so many scalars`() {
    #expect("aä€😀b".prefix(scalarCount: 4) == "aä€😀")
    #expect("aä€".prefix(scalarCount: 2) == "aä")
    #expect("aä€".prefix(scalarCount: 3) == "aä€" && "aä€".prefix(scalarCount: 9) == "aä€")
    #expect("ä".prefix(scalarCount: 0) == "" && "".prefix(scalarCount: 1) == "")
  }
}
