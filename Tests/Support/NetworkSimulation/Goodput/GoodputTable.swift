import TCP

/// Goodput by scenario and congestion control, in simulated time: the same on every machine, so that it can be
/// committed and compared.
public struct GoodputTable: Sendable {
  /// What one scenario came to with one congestion control.
  public struct Row: Equatable, Sendable {
    /// The scenario's.
    public var name: String
    /// The congestion control's.
    public var controller: String
    /// Bits of the stream per second, from the first SYN to the last program's end, in thousands; the mean of all
    /// seeds.
    public var kilobitsPerSecond: Int
    /// Segments that were sent again, for 1,000 that carry bytes once.
    public var retransmissionsPerThousand: Int
    /// What went wrong; nothing.
    public var failures: [String] = []
  }

  /// The controllers by name.
  public static let controllers: [(name: String, algorithm: CongestionAlgorithm)] = [
    ("CUBIC", .cubic), ("NewReno", .newReno),
  ]

  /// Runs one scenario.
  public static func measure(_ scenario: GoodputScenario, _ controller: Int) -> Row {
    var nanoseconds = 0.0
    var retransmissions = 0
    var failures: [String] = []
    for seed in 1...UInt64(scenario.seedCount) {
      let outcome = ScenarioRun.run(scenario.plan(seed: seed, controllers[controller].algorithm))
      nanoseconds += Double(outcome.transferNanoseconds)
      retransmissions += outcome.retransmissionCount
      failures += outcome.failures
    }
    let bits = Double(scenario.byteCount * scenario.seedCount * 8)
    let segments = Double(scenario.byteCount * scenario.seedCount) / 1_448
    return Row(
      name: scenario.name, controller: controllers[controller].name,
      kilobitsPerSecond: Int((bits / nanoseconds * 1e6).rounded()),
      retransmissionsPerThousand: Int((Double(retransmissions) / segments * 1_000).rounded()),
      failures: failures)
  }

  /// The committed table's first lines.
  public static let header = """
    # Goodput of one connection between two of our stacks in simulated time, and segments sent again for 1,000.
    # Tests/Simulation/GoodputTests compares it; after a change that is meant to be felt, write it anew:
    #   swift build -c release --product simulate && .build/release/simulate --goodput > Tests/Simulation/Goodput.txt

    """

  /// A row as a line: columns of fixed width.
  public static func line(_ row: Row) -> String {
    pad(row.name, 30) + pad(row.controller, 9) + padLeft("\(row.kilobitsPerSecond)", 8) + " kbit/s"
      + padLeft("\(row.retransmissionsPerThousand)", 7)
  }

  private static func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  private static func padLeft(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(1, width - text.count)) + text
  }

  /// The rows of a table's text, by name and controller.
  public static func rows(of text: String) -> [String: Row] {
    var rows: [String: Row] = [:]
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let words = line.split(separator: " ")
      guard words.count >= 5, let kilobits = Int(words[words.count - 3]), let again = Int(words.last!) else {
        continue
      }
      let controller = String(words[words.count - 4])
      let name = words[..<(words.count - 4)].joined(separator: " ")
      rows[name + "/" + controller] = Row(
        name: name, controller: controller, kilobitsPerSecond: kilobits, retransmissionsPerThousand: again)
    }
    return rows
  }
}
