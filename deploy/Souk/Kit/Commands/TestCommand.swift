import ArgumentParser

struct TestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Run the tests.",
    discussion: """
      The fast form needs no root and at most 5 minutes once built. --full is what CI runs: the end-to-end \
      suite on the release build, the fuzzers' smoke run, and a short benchmark to see that it works.
      """)

  @Flag(help: "Everything that CI runs.")
  var full = false

  @Option(help: ArgumentHelp("Only the tests whose name matches.", valueName: "pattern"))
  var filter: [String] = []

  func run() throws {
    var arguments = ["test"]
    if FrontDoor.hasBuilt("debug") { arguments.append("--skip-build") }
    for pattern in filter { arguments += ["--filter", pattern] }
    let release = Checkout.root + "/.build/release"
    let environment = full ? ["SOUK_EXECUTABLES": release] : [:]
    try SwiftTool.run(arguments, environment: environment)
    guard full else {
      Console().print(
        "souk test: skipped the end-to-end suite on the release build (it ran on the debug build), the "
          + "fuzzers and the benchmark; `./souk test --full` runs them")
      return
    }
  }
}
