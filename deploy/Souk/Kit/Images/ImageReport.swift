/// What an image takes, and what for.
struct ImageReport: Encodable {
  /// Bytes of the stripped file that an image may have (KB = 1024).
  static func budgetByteCount(_ name: String) -> Int { name == "gateway" ? 450 << 10 : 16 << 20 / 10 }

  /// Bytes of an image by module, of code, data and zeroed memory together.
  struct Part: Encodable, Equatable {
    var module: String
    var byteCount: Int
  }

  var name: String
  var path: String
  /// Of the stripped file.
  var fileByteCount: Int
  /// Code and what is only read.
  var textByteCount = 0
  var dataByteCount = 0
  /// What is zeroed at the start, the stack among it.
  var zeroedByteCount = 0
  /// The largest first.
  var parts: [Part] = []
  var components: [ImageComponent] = []

  var isWithinBudget: Bool { fileByteCount <= Self.budgetByteCount(name) }

  /// Reads NAME.elf and NAME.debug in `folder`.
  init(_ name: String, in folder: String) throws(Failure) {
    self.name = name
    path = "\(folder)/\(name).elf"
    guard let byteCount = Files.byteCount(path), let bytes = Files.read("\(folder)/\(name).debug") else {
      throw Failure("the image \(Files.shown(path)) is not built: `./souk build --target qemu` makes it")
    }
    guard let file = ELFFile(bytes) else {
      throw Failure("\(Files.shown(folder))/\(name).debug is no ELF file: delete it and build again")
    }
    fileByteCount = byteCount
    for section in file.sections where section.isAllocated {
      if section.isZeroed {
        zeroedByteCount += section.byteCount
      } else if section.name.hasPrefix(".data") {
        // By name: what the linker script puts among the constants keeps the flag that relocations once needed.
        dataByteCount += section.byteCount
      } else {
        textByteCount += section.byteCount
      }
    }
    let symbols = file.symbols
    parts = Self.parts(symbols)
    // What has no symbol: literals and padding, and in zeroed memory the stacks with their guards.
    let zeroed = file.sections.filter(\.isZeroed)
    let zeroedSymbols = symbols.filter { symbol in
      zeroed.contains { symbol.address >= $0.address && symbol.address - $0.address < UInt64($0.byteCount) }
    }
    let stacks = zeroedByteCount - Self.parts(zeroedSymbols).reduce(0) { $0 + $1.byteCount }
    let rest =
      textByteCount + dataByteCount + zeroedByteCount - parts.reduce(0) { $0 + $1.byteCount } - stacks
    parts += [("literals and padding", rest), ("stacks", stacks)].filter { $0.1 > 0 }.map {
      Part(module: $0.0, byteCount: $0.1)
    }
    parts = Self.sorted(parts)
    components = ImageComponent.all(of: parts.map(\.module), file, symbols)
  }

  /// Symbols at one address (folded functions, aliases) count once.
  static func parts(_ symbols: [ELFFile.Symbol]) -> [Part] {
    var seen: Set<UInt64> = []
    var sums: [String: Int] = [:]
    for symbol in symbols where seen.insert(symbol.address).inserted {
      sums[ImageModule.name(symbol), default: 0] += symbol.byteCount
    }
    return sorted(sums.map { Part(module: $0.key, byteCount: $0.value) })
  }

  private static func sorted(_ parts: [Part]) -> [Part] {
    parts.sorted { $0.byteCount == $1.byteCount ? $0.module < $1.module : $0.byteCount > $1.byteCount }
  }

  /// A line for each image, and below it what takes the room.
  static func text(_ reports: [ImageReport], partCount: Int = 12) -> String {
    var table = [["IMAGE", "TEXT", "DATA", "BSS", "STRIPPED", "BUDGET"]]
    for report in reports {
      let budget = budgetByteCount(report.name)
      table.append(
        [Files.shown(report.path)]
          + [report.textByteCount, report.dataByteCount, report.zeroedByteCount, report.fileByteCount].map(
            kilobytes)
          + [kilobytes(budget) + (report.isWithinBudget ? "" : " EXCEEDED")])
    }
    var lines = [Console.table(table, rightAligned: [1, 2, 3, 4])]
    for report in reports {
      let parts = report.parts.prefix(partCount).map { [$0.module, kilobytes($0.byteCount)] }
      let more = report.parts.dropFirst(partCount).reduce(0) { $0 + $1.byteCount }
      lines += ["", "what takes the room in \(report.name):"]
      lines.append(
        Console.table(parts + (more > 0 ? [["all others", kilobytes(more)]] : []), rightAligned: [1])
          .split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))
      lines.append("  contains " + report.components.map(\.text).joined(separator: ", "))
    }
    return lines.joined(separator: "\n")
  }

  /// `12.3 KB`, in units of 1024.
  static func kilobytes(_ byteCount: Int) -> String {
    let tenths = (byteCount * 10 + 512) / 1024
    return "\(tenths / 10).\(tenths % 10) KB"
  }
}
