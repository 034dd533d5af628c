import Bytes
import Testing

@Suite struct `Lists of texts` {
  @Test func `grow by one`() {
    var texts: [String] = []
    for number in 0..<100 { texts.append("number \(number)") }
    #expect(texts.count == 100 && texts[0] == "number 0" && texts[99] == "number 99")
    var pairs: [(name: String, value: String)] = []
    pairs.append(("a", "1"))
    pairs.append((name: "b", value: "2"))
    #expect(pairs.count == 2 && pairs[1].name == "b" && pairs[1].value == "2")
  }

  @Test func `are joined`() {
    let none: [String] = []
    #expect(none.joined(separator: ", ") == "")
    #expect(["a"].joined(separator: ", ") == "a")
    #expect(["a", "", "c"].joined(separator: ", ") == "a, , c")
    #expect(["a", "b"].joined() == "ab")
  }

  @Test func `every byte of a text can be asked`() {
    #expect("".allBytes { _ in false })
    #expect("abc".allBytes { $0 >= UInt8(ascii: "a") })
    #expect(!"abC".allBytes { $0 >= UInt8(ascii: "a") })
  }
}
