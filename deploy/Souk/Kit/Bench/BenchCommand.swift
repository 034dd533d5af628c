import ArgumentParser
import Foundation
import Glibc

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure the shop beside nginx, our TCP/IP, or the images, on this machine.",
    subcommands: [BenchShopCommand.self, BenchNetCommand.self, BenchImageCommand.self],
    defaultSubcommand: BenchShopCommand.self)
}

struct BenchShopCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shop", abstract: "Measure the shop beside nginx, in one run (what `souk bench` does).",
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
    let report = try Progress.show { progress throws(Failure) in
      try Bench(rounds: rounds, seconds: seconds).run(progress)
    }
    Console().print(json ? try StatusReport.encode(report) : report.text)
  }
}

/// One line on a terminal's standard error that says what is being measured.
enum Progress {
  static func show<T>(_ body: ((String) -> Void) throws(Failure) -> T) throws(Failure) -> T {
    let isTerminal = isatty(2) == 1
    defer { if isTerminal { Files.writeAll(Array("\r\u{1b}[K".utf8), to: 2) } }
    return try body { step in
      if isTerminal { Files.writeAll(Array("\r\u{1b}[K\(step)".utf8), to: 2) }
    }
  }
}
