import Bytes
import HTTPCore
import Testing

@Suite struct QueryTests {
  private func pairs(_ text: String) -> [String] { Query(text).pairs.map { "\($0.name)=\($0.value)" } }

  @Test func `pairs are decoded in order`() {
    #expect(
      pairs("q=blue+shirt&tag=a&tag=b%26c&empty=&flag&=x&a=b=c") == [
        "q=blue shirt", "tag=a", "tag=b&c", "empty=", "flag=", "=x", "a=b=c",
      ])
    #expect(pairs("") == [])
    #expect(pairs("&&a&&") == ["a="])
    #expect(pairs("%C3%A9=%E2%82%AC") == ["é=€"])
    let query = Query("tag=a&tag=b&q=")
    #expect(query.first("tag") == "a")
    #expect(query.all("tag") == ["a", "b"])
    #expect(query.first("q") == "")
    #expect(query.first("Q") == nil)
    #expect(query.all("x") == [])
    #expect(!query.isMalformed && !query.isEmpty)
    #expect(Query("").isEmpty && Query().isEmpty)
  }

  @Test func `what cannot be decoded is left out and told`() {
    for text in ["a=%", "a=%4", "a=%zz", "%=b", "a=%FF", "a=%00", "a=%C3", "a=%ED%A0%80"] {
      let query = Query("ok=1&" + text + "&also=2")
      #expect(query.isMalformed, "\(text)")
      #expect(query.pairs.map(\.name) == ["ok", "also"], "\(text)")
    }
    #expect(!Query("a=%=").isEmpty)
  }

  @Test func `256 pairs are taken and one more is told`() {
    let text = String(repeating: "a=b&", count: 256)
    #expect(Query(text).pairs.count == 256)
    #expect(!Query(text).isMalformed)
    #expect(Query(text + "a=b").pairs.count == 256)
    #expect(Query(text + "a=b").isMalformed)
  }

  @Test func `what is encoded decodes to itself`() {
    for text in ["", "abc", "a b", "a+b", "a/b?c#d&e=f%", "é€😀", "-._~", "\u{1}\n"] {
      let segment = PercentCoding.encode(pathSegment: text)
      let value = PercentCoding.encode(query: text)
      #expect(PercentCoding.decode(Array(segment.utf8).span.bytes) == text)
      #expect(Query("k=" + value).first("k") == text)
      #expect(!segment.utf8.contains { $0 <= 0x20 || $0 >= 0x7f || $0 == 0x2f })
    }
    #expect(PercentCoding.encode(pathSegment: "a b/c") == "a%20b%2Fc")
    #expect(PercentCoding.encode(query: "a b+c") == "a+b%2Bc")
    #expect(PercentCoding.decodeBytes(Array("%00%ff".utf8).span.bytes) == [0, 255])
    #expect(PercentCoding.decode([0].span.bytes) == nil)
    #expect(PercentCoding.decode([0xff].span.bytes) == nil)
  }
}
