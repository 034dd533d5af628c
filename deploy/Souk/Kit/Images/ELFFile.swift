// The System V ABI's "Object Files" (ELF-64) before changing this file.

/// A linked ELF file of 64 bits, lowest byte first: its sections and symbols.
struct ELFFile {
  struct Section {
    var name: String
    /// SHT_….
    var type: UInt32
    var isAllocated: Bool
    var isWritable: Bool
    var isExecutable: Bool
    var address: UInt64
    var offset: Int
    var byteCount: Int
    /// For a symbol table: the index of the section with its names.
    var link: Int

    var isZeroed: Bool { type == 8 }
  }

  struct Symbol {
    var name: String
    var address: UInt64
    var byteCount: Int
    /// The source file that a local symbol comes from, where the linker said so.
    var file: String?
  }

  let bytes: [UInt8]
  let sections: [Section]

  /// Nil when the bytes are no such file, or are cut short.
  init?(_ bytes: [UInt8]) {
    self.bytes = bytes
    // ELFCLASS64, ELFDATA2LSB.
    guard bytes.count >= 64, bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]) else { return nil }
    let reader = Reader(bytes: bytes)
    guard let table = reader.number(40, 8), let count = reader.number(60, 2),
      let names = reader.number(62, 2), reader.number(58, 2) == 64
    else { return nil }
    var found: [(name: Int, section: Section)] = []
    for index in 0..<count {
      let base = table + index * 64
      guard let name = reader.number(base, 4), let type = reader.number(base + 4, 4),
        let flags = reader.number(base + 8, 8), let address = reader.number(base + 16, 8),
        let offset = reader.number(base + 24, 8), let byteCount = reader.number(base + 32, 8),
        let link = reader.number(base + 40, 4)
      else { return nil }
      let section = Section(
        name: "", type: UInt32(type), isAllocated: flags & 2 != 0, isWritable: flags & 1 != 0,
        isExecutable: flags & 4 != 0, address: UInt64(address), offset: offset, byteCount: byteCount,
        link: link)
      guard section.isZeroed || offset <= bytes.count && byteCount <= bytes.count - offset else { return nil }
      found.append((name, section))
    }
    guard names < found.count else { return nil }
    let strings = found[names].section
    sections = found.map { name, section in
      var section = section
      section.name = reader.text(in: strings, at: name)
      return section
    }
  }

  /// Every symbol that takes room, in the table's order.
  var symbols: [Symbol] {
    guard let table = sections.first(where: { $0.type == 2 }), table.link < sections.count else { return [] }
    let reader = Reader(bytes: bytes)
    let strings = sections[table.link]
    var symbols: [Symbol] = []
    var file: String?
    for base in stride(from: table.offset, to: table.offset + table.byteCount - 23, by: 24) {
      guard let name = reader.number(base, 4), let address = reader.number(base + 8, 8),
        let byteCount = reader.number(base + 16, 8)
      else { break }
      let (type, binding) = (bytes[base + 4] & 15, bytes[base + 4] >> 4)
      // STT_FILE: the local symbols that follow are that file's.
      if type == 4 {
        file = reader.text(in: strings, at: name)
        continue
      }
      // STT_OBJECT and STT_FUNC, and what assembler left without a type.
      guard byteCount > 0, type <= 2 else { continue }
      symbols.append(
        Symbol(
          name: reader.text(in: strings, at: name), address: UInt64(address), byteCount: byteCount,
          file: binding == 0 ? file : nil))
    }
    return symbols
  }

  /// The bytes at an address of the image, up to the first zero; nil when they are not in the file.
  func text(at address: UInt64) -> String? {
    for section in sections where section.isAllocated && !section.isZeroed && section.byteCount > 0 {
      guard address >= section.address, address - section.address < UInt64(section.byteCount) else {
        continue
      }
      return Reader(bytes: bytes).text(in: section, at: Int(address - section.address))
    }
    return nil
  }

  private struct Reader {
    let bytes: [UInt8]

    /// `count` bytes as a number that fits into an Int; nil beyond the end.
    func number(_ offset: Int, _ count: Int) -> Int? {
      guard offset >= 0, offset <= bytes.count - count else { return nil }
      let value = (0..<count).reduce(0 as UInt64) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
      return Int(exactly: value)
    }

    func text(in section: Section, at offset: Int) -> String {
      guard offset >= 0, offset < section.byteCount, !section.isZeroed else { return "" }
      let start = section.offset + offset
      return String(
        decoding: bytes[start..<section.offset + section.byteCount].prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
