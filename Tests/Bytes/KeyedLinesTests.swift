import Bytes
import Testing

struct KeyedLinesTests {
  private func read(_ text: String) throws(KeyedLines.Failure) -> KeyedLines {
    try KeyedLines(Array(text.utf8).span.bytes)
  }

  @Test func `each key has what stands behind its first equals sign`() throws {
    let lines = try read("a=1\n\nkey=x=y\nempty=\nÄ=ö\nlast=no end")
    #expect(lines.count == 5)
    #expect(lines["a"] == "1" && lines["key"] == "x=y" && lines["empty"] == "" && lines["Ä"] == "ö")
    #expect(lines["last"] == "no end")
    for key in ["", "b", "ke", "key=x", "key=", "A", "as", "1"] { #expect(lines[key] == nil, "\(key)") }
  }

  @Test func `no text has no lines`() throws {
    #expect(try read("").count == 0 && read("\n\n").count == 0 && KeyedLines().count == 0)
    #expect(try read("")["a"] == nil)
  }

  @Test func `what is no line is refused with its number`() {
    #expect(throws: KeyedLines.Failure.noKey(line: 2)) { try read("a=1\nb\n") }
    #expect(throws: KeyedLines.Failure.noKey(line: 1)) { try read("=1") }
    #expect(throws: KeyedLines.Failure.noKey(line: 3)) { try read("a=1\n\nx") }
    #expect(throws: KeyedLines.Failure.repeatedKey("a", line: 3)) { try read("a=1\nab=1\na=1\n") }
    #expect(throws: KeyedLines.Failure.notUTF8(line: 2)) {
      try KeyedLines((Array("a=1\nb=".utf8) + [0xC3]).span.bytes)
    }
    // Two halves of a character in two lines are none.
    #expect(throws: KeyedLines.Failure.notUTF8(line: 1)) {
      try KeyedLines((Array("a=".utf8) + [0xC3, 0x0A, 0xB6, 0x3D]).span.bytes)
    }
  }

  @Test func `lines behind a prefix come in their order, without it`() throws {
    let lines = try read("tax.DE=1\ntax=2\ntax.=3\nx=4\ntax.AT=5\ntaxes.FR=6")
    #expect(lines.behind("tax.").map(\.key) == ["DE", "AT"])
    #expect(lines.behind("tax.").map(\.value) == ["1", "5"])
    #expect(lines.behind("y").isEmpty && lines.behind("").count == 6)
  }

  @Test func `a dictionary has the same lines`() {
    let lines: KeyedLines = ["a": "1", "b": "x=y"]
    let others = KeyedLines(["b": "x=y", "a": "1"])
    for key in ["a", "b", "c"] { #expect(lines[key] == others[key]) }
    #expect(lines["b"] == "x=y" && others.count == 2)
  }
}
