import Testing

@testable import SoukKit

@Suite struct ImageReportTests {
  private func symbol(_ name: String, _ byteCount: Int = 1, at address: UInt64 = 0, file: String? = nil)
    -> ELFFile.Symbol
  { ELFFile.Symbol(name: name, address: address, byteCount: byteCount, file: file) }

  @Test func `symbols belong to the module that their name or their file tells`() {
    let expected = [
      ("$e12NetworkStackAAC4pollSbyF", "NetworkStack"), ("$s9EventLoopAAC4turnyyF", "EventLoop"),
      ("$eSS6appendyySSF", "Swift"), ("$es5print", "Swift"), ("swift_retain", "Swift"),
      ("sqlite3_step", "SQLite"), ("br_sha256_out", "BearSSL"), ("boot_main", "CBoot"), ("memcpy", "other C"),
      ("OUTLINED_FUNCTION_7", "shared pieces"), ("OUTLINED_CALL_7", "shared pieces"),
      ("$e999Short", "Swift"), ("$e", "Swift"),
    ]
    for (name, module) in expected { #expect(ImageModule.name(symbol(name)) == module, "\(name)") }
    #expect(ImageModule.name(symbol("balance", file: "sqlite3.c")) == "SQLite")
    #expect(ImageModule.name(symbol("names", file: "trap.c")) == "CBoot")
  }

  @Test func `what stands at one address counts once, and the largest comes first`() {
    let parts = ImageReport.parts([
      symbol("$e1AAA", 10, at: 1), symbol("$e1BBB", 10, at: 1), symbol("$e1CCC", 20, at: 2),
      symbol("$e1DDD", 20, at: 3),
    ])
    #expect(
      parts == [
        .init(module: "C", byteCount: 20), .init(module: "D", byteCount: 20),
        .init(module: "A", byteCount: 10),
      ])
  }

  @Test func `budgets are the issue's, in KB of 1024`() {
    #expect(ImageReport.budgetByteCount("gateway") == 460_800)
    #expect(ImageReport.budgetByteCount("catalog") == 1_677_721)
    #expect(ImageReport.kilobytes(460_800) == "450.0 KB")
  }

  /// A file with a section of names, one of code, one of symbols and one of their names.
  private static let file: [UInt8] = {
    func number(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 255) } }
    let names = Array("\0.text\0.symtab\0.strtab\0".utf8)
    let code = Array("hi\0....".utf8)
    let strings = Array("\0one.c\0local\0$e1AAA\0".utf8)
    func symbol(_ name: Int, _ info: Int, _ address: Int, _ size: Int) -> [UInt8] {
      number(name, 4) + number(info, 1) + number(0, 1) + number(1, 2) + number(address, 8) + number(size, 8)
    }
    let symbols =
      symbol(0, 0, 0, 0) + symbol(1, 4, 0, 0) + symbol(7, 2, 0x1000, 3) + symbol(13, 0x12, 0x1003, 4)
    func section(
      _ name: Int, _ type: Int, _ flags: Int, _ address: Int, _ offset: Int, _ size: Int, _ link: Int
    ) -> [UInt8] {
      number(name, 4) + number(type, 4) + number(flags, 8) + number(address, 8) + number(offset, 8)
        + number(size, 8) + number(link, 4) + number(0, 4) + number(0, 16)
    }
    let start = 64
    let content = names + code + symbols + strings
    let table = start + content.count
    var header: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1] + number(0, 34) + number(table, 8)
    header += number(0, 10) + number(64, 2) + number(5, 2) + number(1, 2)
    let sections =
      section(0, 0, 0, 0, 0, 0, 0) + section(0, 3, 0, 0, start, names.count, 0)
      + section(1, 1, 6, 0x1000, start + names.count, code.count, 0)
      + section(7, 2, 0, 0, start + names.count + code.count, symbols.count, 4)
      + section(15, 3, 0, 0, start + names.count + code.count + symbols.count, strings.count, 0)
    return header + content + sections
  }()

  @Test func `sections, symbols with their files, and content are read`() throws {
    #expect(Self.file[40] != 0)
    let file = try #require(ELFFile(Self.file))
    #expect(file.sections.map(\.name) == ["", "", ".text", ".symtab", ".strtab"])
    #expect(file.symbols.map(\.name) == ["local", "$e1AAA"])
    #expect(file.symbols.map(\.file) == ["one.c", nil])
    #expect(file.text(at: 0x1000) == "hi")
    #expect(file.text(at: 0x2000) == nil)
  }

  @Test func `a file cut at any byte is refused or read, never trapped over`() {
    for count in 0..<Self.file.count {
      let file = ELFFile(Array(Self.file.prefix(count)))
      #expect(file == nil || file!.symbols.count <= 2)
    }
  }

  @Test func `damaged bytes are refused or read, never trapped over`() {
    for index in Self.file.indices {
      for value in [0, 0x7f, 0xff] as [UInt8] {
        var bytes = Self.file
        bytes[index] = value
        let file = ELFFile(bytes)
        _ = file?.symbols
        _ = file?.text(at: 0x1001)
      }
    }
  }
}
