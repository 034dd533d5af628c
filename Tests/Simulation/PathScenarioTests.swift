import NetworkSimulation
import Testing

/// Two of our stacks over one box each, alone and with some loss.
@Suite struct PathScenarioTests {
  static let pathologies: [Pathology] = [
    .aggregation(from: 1, nanoseconds: 30_000_000, thins: false),
    .aggregation(from: 1, nanoseconds: 30_000_000, thins: true),
    .strippedOptions(from: nil, [.windowScale, .sackPermitted, .timestamps, .maximumSegmentSize]),
    .strippedOptions(from: 0, .sackPermitted), .strippedOptions(from: 1, .sack),
    .clampedSegmentSize(536),
    .movedNumbers(of: 0, by: 0xdead_beef, translatesSACK: true),
    .movedNumbers(of: 0, by: 0xdead_beef, translatesSACK: false),
    .fragmentation(from: 0, byteCount: 576), .reportedNarrowing(from: 0, byteCount: 1_300),
    .resegmentation(from: 0, byteCount: 200),
    .burstLoss(from: 0, begins: 0.01, longest: 50_000_000),
    .policing(from: 0, bytesPerSecond: 500_000, burst: 20_000),
    .routeChanges(from: 0, delays: [0, 20_000_000], every: 100_000_000),
    .forgery(from: 1, probability: 0.2),
  ]

  @Test(arguments: pathologies, [0, 0.01])
  func `bytes arrive whole and both ends keep the rules`(pathology: Pathology, loss: Double) {
    var connection = ConnectionPlan()
    connection.opener.byteCount = 400_000
    connection.acceptor.byteCount = 50_000
    for isIPv6 in [false, true] {
      var plan = ScenarioPlan(seed: 9, connections: [connection], isIPv6: isIPv6)
      for index in 0..<2 {
        plan.cables[index].delayNanoseconds = 5_000_000
        plan.cables[index].loss = loss
      }
      plan.pathologies = [pathology]
      let outcome = ScenarioRun.run(plan)
      #expect(outcome.failures.isEmpty, "IPv6 \(isIPv6): \(outcome.description)")
    }
  }

  @Test func `random plans put every kind of box into the way of either family`() {
    var kinds: [Set<String>] = [[], []]
    for seed in 0..<1_000 {
      let plan = ScenarioPlan(seed: UInt64(seed))
      for pathology in plan.pathologies {
        kinds[plan.isIPv6 ? 1 : 0].insert(String("\(pathology)".prefix { $0 != "(" }))
      }
    }
    #expect(kinds[0] == kinds[1] && kinds[0].count == 11, "\(kinds)")
  }

  @Test func `a queue of seconds is filled and emptied`() {
    var connection = ConnectionPlan()
    connection.opener.byteCount = 2_000_000
    var plan = ScenarioPlan(seed: 10, connections: [connection])
    plan.cables[0].bitsPerSecond = 2_000_000
    plan.cables[0].queueByteLimit = 4 << 20
    plan.cables[1].delayNanoseconds = 10_000_000
    let outcome = ScenarioRun.run(plan)
    #expect(outcome.failures.isEmpty, "\(outcome.description)")
    #expect(outcome.figures.queueDropped == 0)
    // The link is never idle for long: 2 MB at 2 Mbit/s are 8 s.
    #expect(outcome.transferNanoseconds < 9_000_000_000)
  }
}
