import Bytes
import Testing

struct TextCutTests {
  @Test func `text is cut by its bytes`() {
    let text = "Çay & Söhne"
    #expect(text.cut(0..<2) == "Ç" && text.cut(0..<0) == "" && text.cut(0..<text.utf8.count) == text)
    #expect(text.dropping(byteCount: 2) == "ay & Söhne" && text.dropping(byteCount: text.utf8.count) == "")
    // Half a character is none.
    #expect(text.cut(1..<3) == "\u{FFFD}a")
    // Marks that make one character with what stands before them are cut off, too.
    #expect("e\u{301}x".cut(0..<1) == "e" && "e\u{301}x".dropping(byteCount: 1) == "\u{301}x")
  }

  @Test func `bytes are found from both ends`() {
    let slash = UInt8(ascii: "/")
    #expect("a/b/c".offset(ofFirst: slash) == 1 && "a/b/c".offset(ofLast: slash) == 3)
    #expect("/".offset(ofFirst: slash) == 0 && "/".offset(ofLast: slash) == 0)
    #expect("".offset(ofFirst: slash) == nil && "abc".offset(ofLast: slash) == nil)
  }
}
