import Foundation

/// Counts what a measurement costs, the same at every run. Two lengths of one measurement are run and subtracted, so
/// that starting up and warming up count for nothing.
struct Valgrind {
  let program: NetProgram
  let folder: String

  /// Instructions between two runs.
  struct Instructions {
    /// In turns of the client's loop: its program, its stack, and its end of the wire.
    var client = 0.0
    /// In turns of the server's.
    var server = 0.0
    /// In copying memory.
    var copying = 0.0
    /// In adding up checksums.
    var checksums = 0.0
    /// How much longer the second run was, by `unit`.
    var units = 0.0
  }

  /// Runs `short` and `long` under callgrind; `unit` is the figure whose difference counts.
  func instructions(_ short: [String], _ long: [String], per unit: String) throws(Failure) -> Instructions {
    let less = try profile(short, unit)
    let more = try profile(long, unit)
    return Instructions(
      client: more.client - less.client, server: more.server - less.server,
      copying: more.copying - less.copying, checksums: more.checksums - less.checksums,
      units: more.units - less.units)
  }

  /// Calls of malloc and its kin for each unit between `short` and `long`.
  func allocations(_ short: [String], _ long: [String], per unit: String) throws(Failure) -> Double {
    let less = try allocations(short, unit)
    let more = try allocations(long, unit)
    return (more.count - less.count) / (more.units - less.units)
  }

  /// Runs the program under `tool`, with hash tables that are the same in every run.
  private func run(
    _ arguments: [String], _ tool: [String]
  ) throws(Failure) -> (NetProgram.Figures, output: String) {
    try program.run(arguments, under: ["env", "SWIFT_DETERMINISTIC_HASHING=1", "valgrind"] + tool)
  }

  // MARK: callgrind

  private func profile(_ arguments: [String], _ unit: String) throws(Failure) -> Instructions {
    let file = folder + "/callgrind.out"
    let (figures, _) = try run(arguments, ["--tool=callgrind", "--callgrind-out-file=\(file)"])
    let inclusive = try annotate(file, inclusive: true)
    let own = try annotate(file, inclusive: false)
    var found = Instructions()
    found.units = figures[unit] ?? 0
    found.client = Self.sum(inclusive, ["BenchNet10turnClient"])
    found.server = Self.sum(inclusive, ["BenchNet10turnServer"])
    found.copying = Self.sum(own, ["memcpy", "memmove"])
    found.checksums = Self.sum(own, ["16InternetChecksumV"])
    guard found.client > 0, found.server > 0, found.units > 0 else {
      throw Failure("callgrind's profile does not have the functions that are looked for")
    }
    return found
  }

  private func annotate(_ file: String, inclusive: Bool) throws(Failure) -> String {
    let words =
      ["callgrind_annotate", "--threshold=100", "--auto=no"] + (inclusive ? ["--inclusive=yes"] : [])
    let answer = try Captured.run(words + [file])
    guard answer.exitCode == 0 else { throw Failure("callgrind_annotate did not work: \(answer.output)") }
    return answer.output
  }

  /// The instructions in the lines of `text` that contain one of `names`: `1,234 (5.6%)  file:function`.
  static func sum(_ text: String, _ names: [String]) -> Double {
    var sum = 0.0
    for line in text.split(separator: "\n") where names.contains(where: { line.contains($0) }) {
      let digits = line.drop { $0 == " " }.prefix { $0.isNumber || $0 == "," }.filter { $0 != "," }
      // A function whose file is known stands in a line for each of its files.
      sum += Double(digits) ?? 0
    }
    return sum
  }

  // MARK: memcheck

  private func allocations(
    _ arguments: [String], _ unit: String
  ) throws(Failure) -> (count: Double, units: Double) {
    let (figures, output) = try run(
      arguments, ["--tool=memcheck", "--undef-value-errors=no", "--leak-check=no"])
    guard let count = Self.allocationCount(output) else {
      throw Failure("memcheck did not count the allocations: \(output)")
    }
    return (count, figures[unit] ?? 0)
  }

  /// Reads `==123==   total heap usage: 1,234 allocs, 1,200 frees, 99 bytes allocated`.
  static func allocationCount(_ output: String) -> Double? {
    guard let range = output.range(of: "total heap usage: ") else { return nil }
    return Double(output[range.upperBound...].prefix { $0.isNumber || $0 == "," }.filter { $0 != "," })
  }
}
