import ArgumentParser

struct TestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Run the tests.",
    discussion: """
      The fast form needs no root and at most 5 minutes once built. --full is what CI runs: the end-to-end \
      suite on the release build, on Linux's TCP/IP, on ours (needs root) and on virtual machines, the last two over IPv4 \
      and over IPv6, thousands of simulated networks, our TCP/IP against the kernel's (needs root), what docs/unikernel.md tells its readers to do, the \
      fuzzers' smoke run, and short benchmarks to see that they work.
      """)

  @Flag(help: "Everything that CI runs.")
  var full = false

  @Option(help: ArgumentHelp("Only the tests whose name matches.", valueName: "pattern"))
  var filter: [String] = []

  func run() throws {
    // All tests are Swift Testing's; XCTest would only report that it found none.
    var arguments = ["test", "--disable-xctest"]
    if FrontDoor.hasBuilt("debug") { arguments.append("--skip-build") }
    for pattern in filter { arguments += ["--filter", pattern] }
    // Minutes of real time against another stack, for whoever changes ours.
    if !full && filter.isEmpty { arguments += ["--skip", "KernelPeerTests"] }
    let release = Checkout.root + "/.build/release"
    if full, !FrontDoor.isInCharge { try SwiftTool.run(["build", "-c", "release"]) }
    try SwiftTool.run(arguments, environment: full ? ["SOUK_EXECUTABLES": release] : [:])
    guard full else {
      return Console.note(
        "passed. Not in this fast form: the end-to-end suite on the release build (it ran on the debug build) "
          + "and on our TCP/IP, our TCP/IP against the kernel's, thousands of simulated networks, the fuzzers, the "
          + "benchmarks. `./souk test --full` runs them.")
    }
    try runOnOwnStack(release)
    try runOnMachines(release)
    for words in [
      ["\(release)/simulate", "--seeds", "20000"], ["Tests/Unikernel/boot"],
      ["Tests/Unikernel/devices"], ["Tests/Unikernel/tap"], ["Tests/Unikernel/page"],
      ["Tests/Fuzz/run", "all"],
      ["\(release)/souk", "bench", "image", "--quick"],
      ["\(release)/souk", "bench", "--rounds", "1", "--seconds", "1"],
      ["\(release)/souk", "bench", "net", "--rounds", "1", "--megabytes", "10", "--seconds", "0.2"],
    ] {
      Console.note("running \(words.map(Files.shown).joined(separator: " "))")
      var spawn = Spawn(
        executable: "/usr/bin/env", arguments: ["-C", Checkout.root] + words)
      spawn.isolation = .none
      let code = try spawn.run()
      guard code == 0 else { throw Failure("\(words[0]) failed with \(code)") }
    }
  }

  /// The end-to-end suite twice more, every shop with --target qemu.
  private func runOnMachines(_ release: String) throws(Failure) {
    if let obstacle = VirtualMachine.obstacle() ?? MachinePlan(accelerator: .tcg).missingImage {
      guard !FrontDoor.isCI else { throw Failure("--target qemu cannot be tested: \(obstacle)") }
      return Console.note("the end-to-end suite did not run on virtual machines: \(obstacle)")
    }
    try runEndToEnd("on virtual machines", ["SOUK_EXECUTABLES": release, "SOUK_TEST_TARGET": "qemu"])
  }

  /// The end-to-end suite twice more, every shop with --net tap.
  private func runOnOwnStack(_ release: String) throws(Failure) {
    if let obstacle = NetworkNamespace.obstacle() {
      // Optional where somebody sits in front of it, but not in CI.
      guard !FrontDoor.isCI else { throw Failure("--net tap cannot be tested: \(obstacle)") }
      return Console.note("the end-to-end suite did not run on our TCP/IP: \(obstacle)")
    }
    try runEndToEnd("on our TCP/IP", ["SOUK_EXECUTABLES": release, "SOUK_TEST_NET": "tap"])
  }

  private func runEndToEnd(_ place: String, _ environment: [String: String]) throws(Failure) {
    for version in InternetProtocol.allCases {
      Console.note("running the end-to-end suite \(place), over IPv\(version.rawValue)")
      try SwiftTool.run(
        ["test", "--disable-xctest", "--skip-build", "--filter", "EndToEndTests"],
        environment: environment.merging(["SOUK_TEST_IP": String(version.rawValue)]) { _, new in new })
    }
  }
}
