import Glibc
import NetworkSimulation

/// `simulate [--seeds 1000] [--from 0] [--seed N] [--pcap FILE] [--verbose]`: runs scenarios of seeds and says which
/// fail. Exits with 1 when one did, with 2 for a wrong argument. `simulate --goodput` writes the table of goodput.
@main
struct Simulate {
  var seedCount: UInt64 = 1_000
  var firstSeed: UInt64 = 0
  var capturePath: String?
  var isVerbose = false

  static func main() {
    if CommandLine.arguments.dropFirst() == ["--goodput"] { return writeGoodput() }
    guard let command = Simulate(Array(CommandLine.arguments.dropFirst())) else {
      print("usage: simulate [--seeds COUNT] [--from SEED] [--seed SEED] [--pcap FILE] [--verbose]")
      print("       simulate --goodput")
      exit(2)
    }
    exit(command.run() ? 0 : 1)
  }

  init?(_ arguments: [String]) {
    var rest = arguments[...]
    while let name = rest.popFirst() {
      if name == "--verbose" {
        isVerbose = true
        continue
      }
      guard let value = rest.popFirst() else { return nil }
      switch (name, UInt64(value)) {
      case ("--pcap", _): capturePath = value
      case ("--seeds", let count?): seedCount = count
      case ("--from", let seed?): firstSeed = seed
      case ("--seed", let seed?): (firstSeed, seedCount) = (seed, 1)
      default: return nil
      }
    }
  }

  static func writeGoodput() {
    print(GoodputTable.header)
    for scenario in GoodputScenario.all {
      for controller in GoodputTable.controllers.indices {
        let row = GoodputTable.measure(scenario, controller)
        precondition(row.failures.isEmpty, "\(row.name): \(row.failures)")
        print(GoodputTable.line(row))
      }
    }
  }

  func run() -> Bool {
    var (failed, turns, frames, retransmissions) = (0, 0, 0, 0)
    var seconds = 0.0
    for seed in firstSeed..<firstSeed + seedCount {
      if isVerbose { print(ScenarioPlan(seed: seed)) }
      let trace: ((String) -> Void)? = isVerbose ? { print($0) } : nil
      let outcome = ScenarioRun.run(seed: seed, capturePath: capturePath, trace: trace)
      turns += outcome.turnCount
      frames += outcome.figures.sent
      retransmissions += outcome.retransmissionCount
      seconds += Double(outcome.nanoseconds) / 1e9
      if !outcome.failures.isEmpty {
        failed += 1
        print("seed \(seed) failed:\n\(outcome.description)")
        fflush(nil)
      }
    }
    print(
      "\(seedCount) scenarios, \(failed) failed; \(Int(seconds)) simulated seconds, \(turns) turns, \(frames) frames,",
      "\(retransmissions) sent again")
    return failed == 0
  }
}
