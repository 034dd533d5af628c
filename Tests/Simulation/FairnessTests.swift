import NetworkSimulation
import Platform
import TCP
import Testing

@Suite struct `Flows that share a bottleneck` {
  /// Jain's index: 1 when all have the same, 1/n when one has all.
  private func fairness(_ shares: [Int]) -> Double {
    let sum = shares.reduce(0.0) { $0 + Double($1) }
    let squares = shares.reduce(0.0) { $0 + Double($1) * Double($1) }
    return sum * sum / (Double(shares.count) * squares)
  }

  /// Two flows, the second of which begins five seconds later: what each got between 10 s and 40 s.
  private func share(_ algorithms: [CongestionAlgorithm], seed: UInt64) throws -> [Int] {
    let path = SharedBottleneck.Path()
    let world = try SharedBottleneck(algorithms, path, seed: seed)
    try world.begin(0)
    world.run(for: .seconds(5))
    try world.begin(1)
    world.run(for: .seconds(5))
    let shares = world.measure(for: .seconds(30))
    #expect(shares.count == 2 && world.reports.isEmpty)
    // And the link is not idle meanwhile.
    let possible = Int(path.bitsPerSecond) / 8 * 30
    let used = shares.reduce(0, +)
    #expect(used > possible * 85 / 100, "seed \(seed): \(shares)")
    return shares
  }

  @Test(arguments: [1, 2] as [UInt64])
  func `two of CUBIC have the same, though one came later`(seed: UInt64) throws {
    let shares = try share([.cubic, .cubic], seed: seed)
    #expect(fairness(shares) > 0.9, "\(shares)")
  }

  @Test(arguments: [3] as [UInt64])
  func `CUBIC beside NewReno leaves it its share, whoever comes first`(seed: UInt64) throws {
    for algorithms in [[CongestionAlgorithm.cubic, .newReno], [.newReno, .cubic]] {
      let shares = try share(algorithms, seed: seed)
      #expect(fairness(shares) > 0.9, "\(algorithms): \(shares)")
    }
  }
}
