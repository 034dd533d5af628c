import ArgumentParser
import Glibc

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show what runs, where, and how much memory it takes.",
    discussion: "Exit code 0: everything is ready; 1: something is not; 3: no shop runs in this folder.")

  /// How long a service may take to answer before it is called silent.
  static let probeMilliseconds = 1_000
  /// The same in the lab, where one translated processor runs everything.
  static let labProbeMilliseconds = 10_000

  @OptionGroup var options: DataOptions

  @Flag(help: "For scripts.")
  var json = false

  func run() throws {
    let console = Console()
    guard let state = options.folder.running() else {
      if json { console.print("{\n  \"running\" : false\n}") }
      throw try failure()
    }
    let isLab = state.machine != nil
    let answers = StatusReport.probe(
      state, within: isLab ? Self.labProbeMilliseconds : Self.probeMilliseconds)
    let report = StatusReport(
      folder: options.folder, state: state, ready: answers,
      domains: isLab ? DomainList.ask(Lab(options.folder)) : nil)
    console.print(json ? try report.json() : report.text(console))
    if !report.isHealthy { Glibc.exit(ExitCode.degraded) }
  }

  private func failure() throws -> any Error {
    if json { Glibc.exit(ExitCode.notRunning) }
    do throws(Failure) {
      _ = try options.folder.requireRunning()
    } catch {
      return error
    }
    return Failure("the shop has just started; ask again")
  }
}
