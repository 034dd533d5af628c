import NetworkSimulation
import Platform
import Testing

/// Two of our stacks in simulated worlds. `simulate` runs thousands of the same in a release build.
@Suite struct ScenarioTests {
  /// Seeds whose failure is reported and not mended yet.
  static let known: [UInt64: Comment] = [:]

  private func expectSuccess(_ outcome: ScenarioOutcome) {
    #expect(outcome.failures.isEmpty, "\(outcome.description)")
  }

  private func connection(_ opener: Int, _ acceptor: Int) -> ConnectionPlan {
    var plan = ConnectionPlan()
    plan.opener.byteCount = opener
    plan.acceptor.byteCount = acceptor
    return plan
  }

  @Test(arguments: 0..<6) func `the scenarios of the first seeds end as they should`(part: UInt64) {
    for seed in part * 30..<(part + 1) * 30 where Self.known[seed] == nil {
      expectSuccess(ScenarioRun.run(seed: seed))
    }
  }

  @Test func `what is known to fail`() {
    for (seed, why) in Self.known {
      withKnownIssue(why, isIntermittent: true) { expectSuccess(ScenarioRun.run(seed: seed)) }
    }
  }

  @Test func `a scenario comes again with its seed, to the last frame`() {
    for seed in 20..<26 as Range<UInt64> {
      let (first, second) = (ScenarioRun.run(seed: seed), ScenarioRun.run(seed: seed))
      #expect(first.figures == second.figures && first.nanoseconds == second.nanoseconds)
      #expect(first.turnCount == second.turnCount)
    }
  }

  @Test func `300 kB both ways over a clean wire need no retransmission and no time`() {
    let outcome = ScenarioRun.run(ScenarioPlan(seed: 1, connections: [connection(300_000, 300_000)]))
    expectSuccess(outcome)
    #expect(outcome.retransmissionCount == 0)
  }

  @Test func `both close at once, both ends finish last in turn, or one aborts`() {
    for (first, last) in [(false, false), (true, false), (false, true)] {
      var plan = connection(20_000, 20_000)
      plan.opener.finishesLast = first
      plan.acceptor.finishesLast = last
      var scenario = ScenarioPlan(seed: 2, connections: [plan])
      scenario.cables[0].delayNanoseconds = 5_000_000
      scenario.cables[1].delayNanoseconds = 5_000_000
      expectSuccess(ScenarioRun.run(scenario))
      plan.opener.abortsAfter = 15_000
      scenario.connections = [plan]
      expectSuccess(ScenarioRun.run(scenario))
    }
  }

  @Test func `a hundred connections at once are all served and all released`() {
    let plans = (0..<100).map { index in connection(index * 10, 2_000 - index * 10) }
    expectSuccess(ScenarioRun.run(ScenarioPlan(seed: 3, connections: plans)))
  }

  @Test func `a reader who sleeps for a minute closes the window and misses nothing`() {
    var plan = connection(200_000, 200_000)
    plan.acceptor.firstReadNanoseconds = 60_000_000_000
    let outcome = ScenarioRun.run(ScenarioPlan(seed: 4, connections: [plan]))
    expectSuccess(outcome)
    #expect(outcome.nanoseconds > 60_000_000_000)
  }

  @Test func `a cut of ten seconds is survived, one that lasts times out`() {
    var scenario = ScenarioPlan(seed: 5, connections: [connection(300_000, 300_000)])
    for index in 0..<2 {
      scenario.cables[index].bitsPerSecond = 10_000_000
      scenario.cables[index].outages = [
        Instant(nanoseconds: 1_100_000_000)..<Instant(nanoseconds: 11_100_000_000)
      ]
    }
    let survived = ScenarioRun.run(scenario)
    expectSuccess(survived)
    #expect(survived.figures.cutOff > 0 && survived.nanoseconds > 10_000_000_000)

    for index in 0..<2 { scenario.cables[index].outages = [] }
    scenario.endsAt = 100_000_000
    expectSuccess(ScenarioRun.run(scenario))
  }

  @Test(arguments: [600, 1_280, 1_400])
  func `links that are too narrow, and say nothing, are found out (RFC 4821)`(byteCount: Int) {
    var scenario = ScenarioPlan(seed: 6, connections: [connection(100_000, 100_000), connection(0, 50_000)])
    for index in 0..<2 { scenario.cables[index].maximumTransmissionUnit = byteCount }
    let outcome = ScenarioRun.run(scenario)
    expectSuccess(outcome)
    #expect(outcome.figures.oversized > 0)
  }

  @Test func `a failure says its seed and writes its frames`() throws {
    // A link too narrow for any full segment, and nobody who says so: nothing large ever arrives.
    var scenario = ScenarioPlan(seed: 6, connections: [connection(10_000, 0)])
    scenario.cables[0].maximumTransmissionUnit = 500
    let path = "/tmp/souk-simulation-test-of-failures.pcap"
    let outcome = ScenarioRun.run(scenario, capturePath: path)
    #expect(!outcome.failures.isEmpty && outcome.capturePath == path)
    #expect(outcome.description.contains("simulate --seed 6 --verbose") && outcome.figures.oversized > 0)
    #expect(PcapFile(path)?.frameCount == outcome.figures.sent)
  }
}
