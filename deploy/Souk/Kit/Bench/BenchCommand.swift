import ArgumentParser
import Foundation
import Glibc

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure the shop beside nginx, on this machine, in one run.",
    discussion: """
      wrk asks one product of the catalog service and of the gateway in front of it, in turns with nginx \
      returning the same bytes, and nginx as a proxy to the same catalog. All servers have one core together, \
      wrk the other. Prints medians and their ratios; compare ratios, not figures of different machines.
      """)

  @Option(help: "How many rounds; the median counts.")
  var rounds = 5

  @Option(help: "Seconds per measurement.")
  var seconds = 2

  @Flag(help: "For scripts.")
  var json = false

  func validate() throws {
    guard (1...100).contains(rounds) else { throw ValidationError("--rounds must be 1 to 100") }
    guard (1...600).contains(seconds) else { throw ValidationError("--seconds must be 1 to 600") }
  }

  func run() throws {
    let isTerminal = isatty(2) == 1
    let report = try Bench(rounds: rounds, seconds: seconds).run { step in
      if isTerminal { Files.writeAll(Array("\r\u{1b}[K\(step)".utf8), to: 2) }
    }
    if isTerminal { Files.writeAll(Array("\r\u{1b}[K".utf8), to: 2) }
    Console().print(json ? try StatusReport.encode(report) : report.text)
  }
}
