import Testing

@testable import SoukKit

@Suite struct CSVReaderTests {
  private func read(_ text: String) -> [CSVRecord] { read(Array(text.utf8)) }

  private func read(_ bytes: [UInt8]) -> [CSVRecord] {
    var reader = CSVReader(bytes)
    var records: [CSVRecord] = []
    while let record = reader.next() { records.append(record) }
    return records
  }

  private func fields(_ text: String) -> [[String]?] {
    read(text).map { if case .fields(let fields) = $0.content { fields } else { nil } }
  }

  @Test func `fields are split at commas, records at any line end`() {
    #expect(fields("a,b\r\nc,d\ne,f\rg,h") == [["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]])
    #expect(fields("a,b\r\n") == [["a", "b"]])
    #expect(fields(",\n,,") == [["", ""], ["", "", ""]])
  }

  @Test func `quoted fields hold commas, quotes and line breaks`() {
    #expect(fields("\"a,\"\"b\"\"\",\"c\r\nd\",\"\"\n") == [["a,\"b\"", "c\r\nd", ""]])
    #expect(fields("\"a\"") == [["a"]])
    #expect(fields("\"\"\"\"") == [["\""]])
  }

  @Test func `a byte order mark and empty lines are no records`() {
    #expect(fields("\u{FEFF}a\n\n\r\nb\n\n") == [["a"], ["b"]])
    #expect(fields("").isEmpty && fields("\u{FEFF}").isEmpty && fields("\r\n\r\n").isEmpty)
    #expect(fields("\u{FEFF}\"a\",b") == [["a", "b"]])
  }

  @Test func `white space belongs to a field`() {
    #expect(fields(" a , b ") == [[" a ", " b "]])
    #expect(fields("5\" pot,b") == [["5\" pot", "b"]])
  }

  @Test func `records are numbered as in a spreadsheet, lines as in an editor`() {
    let records = read("h\n\"a\nb\"\n\nc\n")
    #expect(records.map(\.number) == [1, 2, 3])
    #expect(records.map(\.line) == [1, 2, 5])
  }

  @Test func `a quote that never closes costs its own line only`() {
    #expect(fields("a,b\n\"c,d\ne,f\n") == [["a", "b"], nil, ["e", "f"]])
    #expect(read("a\n\"b\nc").last == CSVRecord(number: 3, line: 3, content: .fields(["c"])))
  }

  @Test func `text behind a closing quote makes a record malformed`() {
    #expect(fields("\"a\"b,c\nd,e\n") == [nil, ["d", "e"]])
    #expect(fields("\"a\" ,c\nd,e\n") == [nil, ["d", "e"]])
  }

  @Test func `bytes that are not UTF-8 make a record malformed`() {
    let records = read([0x61, 0xE9, 0x0A, 0x62, 0x0A])
    #expect(records.map(\.number) == [1, 2])
    #expect(records[0].content == .malformed("not UTF-8: save the file with that encoding"))
    #expect(records[1].content == .fields(["b"]))
  }

  @Test func `a record of the byte limit is read, a longer one is not`() {
    let longest = String(repeating: "x", count: ImportLimits.recordByteCount)
    #expect(fields("\(longest)\nb") == [[longest], ["b"]])
    #expect(fields("\(longest)x\nb") == [nil, ["b"]])
    #expect(fields("\"\(longest)\"\nb") == [nil, ["b"]])
  }

  @Test(arguments: UInt64(1)...100)
  func `what a CSV writer wrote is read back`(seed: UInt64) {
    var generator = ImportGenerator(seed: seed)
    let width = Int.random(in: 2...6, using: &generator)
    let table = (0..<20).map { _ in (0..<width).map { _ in generator.field() } }
    var text = Bool.random(using: &generator) ? "\u{FEFF}" : ""
    for record in table {
      text += record.map { generator.written($0) }.joined(separator: ",")
      text += ["\n", "\r\n", "\r"].randomElement(using: &generator)!
      // A CR before an LF of an empty line would be one line end; both are skipped anyway.
    }
    #expect(fields(text) == table, "seed \(seed)")
  }

  @Test(arguments: UInt64(1)...100)
  func `any bytes are read to their end`(seed: UInt64) {
    var generator = ImportGenerator(seed: seed)
    let alphabet: [UInt8] = [0x22, 0x2C, 0x0A, 0x0D, 0x61, 0x22, 0xC3, 0xA9, 0xFF]
    let bytes = (0..<300).map { _ in alphabet.randomElement(using: &generator)! }
    let records = read(bytes)
    #expect(records.map(\.number) == Array(1..<records.count + 1), "seed \(seed)")
    #expect(zip(records, records.dropFirst()).allSatisfy { $0.line < $1.line }, "seed \(seed)")
  }
}
