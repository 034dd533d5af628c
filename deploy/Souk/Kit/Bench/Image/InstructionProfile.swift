/// Which functions of an image took how many instructions.
struct InstructionProfile: Encodable, Equatable {
  struct Function: Encodable, Equatable {
    var name: String
    var instructions: UInt64
  }

  /// Those with the most, most first.
  var functions: [Function]

  /// Functions that are kept.
  static let functionCount = 25

  /// What was executed between two looks, told apart by `symbols`.
  init(
    from before: InstructionCounter.Blocks, to after: InstructionCounter.Blocks, _ symbols: [ELFFile.Symbol]
  ) {
    let sorted = symbols.sorted { $0.address < $1.address }
    var sums: [String: UInt64] = [:]
    for (address, count) in after {
      let executed = count - before[address, default: 0]
      guard executed > 0 else { continue }
      sums[Self.name(at: address, sorted), default: 0] += executed
    }
    functions = sums.map { Function(name: $0.key, instructions: $0.value) }.sorted {
      $0.instructions == $1.instructions ? $0.name < $1.name : $0.instructions > $1.instructions
    }
    functions = Array(functions.prefix(Self.functionCount))
  }

  /// The last symbol at or before `address`.
  private static func name(at address: UInt64, _ sorted: [ELFFile.Symbol]) -> String {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle].address <= address { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? sorted[low - 1].name : "?"
  }

  /// The same with Swift's names in words, where the compiler's tool is there.
  func demangled() -> InstructionProfile {
    // Others it would take for names without their dollar. $e is what Embedded Swift has in place of $s.
    let places = functions.indices.filter { ["$s", "$e"].contains(functions[$0].name.prefix(2)) }
    let names = places.map { "$s" + functions[$0].name.dropFirst(2) }
    let words = ["swift-demangle", "--compact", "--simplified"] + names
    guard !names.isEmpty, let answer = try? Captured.run(words), answer.exitCode == 0 else { return self }
    let lines = answer.output.split(separator: "\n")
    guard lines.count == names.count else { return self }
    var copy = self
    for (place, line) in zip(places, lines) { copy.functions[place].name = String(line) }
    return copy
  }

  var text: String {
    Console.table(functions.map { ["\($0.instructions)", $0.name] }, rightAligned: [0])
  }
}
