import MachineTesting
import Testing

@testable import Gateway

struct HTMLTests {
  private func text(_ html: HTML) -> String { String(decoding: html.bytes, as: UTF8.self) }

  @Test func `text is escaped, markup is not`() {
    let name = "<b>\"Fish\" & 'chips'</b>"
    let inner: HTML = "<i>\(name)</i>"
    #expect(
      text("<p title=\"\(name)\">\(inner)</p>")
        == "<p title=\"&lt;b&gt;&quot;Fish&quot; &amp; &#39;chips&#39;&lt;/b&gt;\"><i>"
        + "&lt;b&gt;&quot;Fish&quot; &amp; &#39;chips&#39;&lt;/b&gt;</i></p>")
  }

  @Test func `controls that HTML cannot carry are replaced`() {
    #expect(text(HTML(text: "a\u{0}b\u{8}c\td\ne\u{7f}")) == "a\u{fffd}b\u{fffd}c\td\ne\u{fffd}")
  }

  @Test func `no text can open a tag, close an attribute or start an entity`() {
    let seed: UInt64 = 0x5eed_0001
    let random = SeededEntropy(seed: seed)
    let alphabet = Array("<>&\"'=/ ;#abc\u{0}\u{7f}éß\u{202e}𝛑-!")
    for round in 0..<2000 {
      let raw = String(
        (0..<Int(random.next() % 24)).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] })
      let escaped = text("\(raw)")
      for forbidden in ["<", ">", "\"", "'"] {
        #expect(!escaped.contains(forbidden), "seed \(seed), round \(round): \(raw)")
      }
      #expect(Self.unescape(escaped) == Self.printable(raw), "seed \(seed), round \(round)")
    }
  }

  @Test func `a link stays in the shop, whatever is put into it`() {
    let link = Link("/products").segment("../../\"><script>").query("q", "a&b=c d/ü").query("sort", nil)
    #expect(link.text == "/products/..%2F..%2F%22%3E%3Cscript%3E?q=a%26b%3Dc%20d%2F%C3%BC")
  }

  @Test(arguments: [
    "//evil.example/x", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "", "/a b", "/\"x",
  ])
  func `a served path that leads elsewhere is no link`(path: String) {
    #expect(Link(served: path) == nil)
  }

  @Test func `a served path is a link`() {
    #expect(Link(served: "/api/v1/products/x/image?v=2")?.text == "/api/v1/products/x/image?v=2")
  }

  private static func printable(_ text: String) -> String {
    String(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? "\u{fffd}" : Character($0) })
  }

  private static func unescape(_ text: String) -> String {
    var result = ""
    var rest = Substring(text)
    let entities = [("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'")]
    while let first = rest.unicodeScalars.first {
      if let (entity, character) = entities.first(where: { rest.hasPrefix($0.0) }) {
        result += character
        rest = rest.dropFirst(entity.count)
      } else {
        result.unicodeScalars.append(first)
        rest = Substring(rest.unicodeScalars.dropFirst())
      }
    }
    return result
  }
}
