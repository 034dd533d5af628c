import Testing

@testable import NetworkSimulation

/// Compares the committed table, Goodput.txt, with what the stacks do now.
@Suite struct GoodputTests {
  /// Goodput may differ by so much from the table, either way: a sender that decides once otherwise is no other sender.
  static let tolerance = 0.1

  private static let table = GoodputTable.rows(of: CommittedFile.text("Goodput.txt"))

  @Test(arguments: GoodputScenario.all, [0, 1])
  func `goodput is what the table says`(scenario: GoodputScenario, controller: Int) throws {
    let row = GoodputTable.measure(scenario, controller)
    #expect(row.failures.isEmpty, "\(row.failures)")
    let committed = try #require(
      Self.table[row.name + "/" + row.controller], "not in the table: write it anew")
    let ratio = Double(row.kilobitsPerSecond) / Double(committed.kilobitsPerSecond)
    #expect(
      abs(ratio - 1) <= Self.tolerance,
      """
      \(row.kilobitsPerSecond) kbit/s instead of \(committed.kilobitsPerSecond); if that is meant: swift build -c \
      release --product simulate && .build/release/simulate --goodput > Tests/Simulation/Goodput.txt
      """)
  }

  @Test func `the table has no row of a scenario that is gone`() {
    #expect(Self.table.count == GoodputScenario.all.count * GoodputTable.controllers.count)
  }

  @Test func `a row is read as it was written`() {
    let row = GoodputTable.Row(
      name: "wan, 1 % loss", controller: "CUBIC", kilobitsPerSecond: 12_345, retransmissionsPerThousand: 7)
    #expect(
      GoodputTable.rows(of: GoodputTable.header + GoodputTable.line(row)) == ["wan, 1 % loss/CUBIC": row])
  }
}
