import Platform
import TCP

/// One bulk transfer over one kind of path, whose goodput is kept in a table.
public struct GoodputScenario: Sendable, CustomStringConvertible {
  /// In the table.
  public let name: String
  /// Bytes from the first stack to the second.
  let byteCount: Int
  /// Runs that count, each with a seed of its own; where nothing is drawn, one says all.
  let seedCount: Int
  private let change: @Sendable (inout ScenarioPlan) -> Void

  /// Its name.
  public var description: String { name }

  private init(
    _ name: String, megabytes: Double, seeds: Int = 1,
    _ change: @escaping @Sendable (inout ScenarioPlan) -> Void
  ) {
    self.name = name
    byteCount = Int(megabytes * 1e6)
    seedCount = seeds
    self.change = change
  }

  func plan(seed: UInt64, _ algorithm: CongestionAlgorithm) -> ScenarioPlan {
    var connection = ConnectionPlan()
    connection.opener.byteCount = byteCount
    connection.opener.writeByteCount = 32_768
    connection.acceptor.readByteCount = 65_536
    var plan = ScenarioPlan(seed: seed, connections: [connection])
    plan.congestionAlgorithm = algorithm
    change(&plan)
    return plan
  }

  /// A path of `megabits` per second and `milliseconds` there and back, whose queue holds `queue` bytes. Nothing but
  /// the way there has a rate.
  private static func path(
    _ plan: inout ScenarioPlan, megabits: Double, milliseconds: Double, queue: Int, loss: Double = 0
  ) {
    for index in 0..<2 {
      plan.cables[index].delayNanoseconds = UInt64(milliseconds * 500_000)
      plan.cables[index].loss = loss
    }
    plan.cables[0].bitsPerSecond = UInt64(megabits * 1e6)
    plan.cables[0].queueByteLimit = queue
  }

  /// All of them.
  public static let all: [GoodputScenario] = [
    .init("lan", megabytes: 4) { path(&$0, megabits: 1_000, milliseconds: 0.2, queue: 512 << 10) },
    .init("lan, 1 % loss", megabytes: 2, seeds: 3) {
      path(&$0, megabits: 1_000, milliseconds: 0.2, queue: 512 << 10, loss: 0.01)
    },
    .init("lan of 2 ms", megabytes: 4) { path(&$0, megabits: 1_000, milliseconds: 2, queue: 512 << 10) },
    .init("metro", megabytes: 4) { path(&$0, megabits: 100, milliseconds: 10, queue: 128 << 10) },
    .init("metro, shallow queue", megabytes: 4) {
      path(&$0, megabits: 100, milliseconds: 10, queue: 16 << 10)
    },
    .init("metro, 0.1 % loss", megabytes: 3, seeds: 2) {
      path(&$0, megabits: 100, milliseconds: 10, queue: 128 << 10, loss: 0.001)
    },
    .init("metro, 1 % loss", megabytes: 2, seeds: 3) {
      path(&$0, megabits: 100, milliseconds: 10, queue: 128 << 10, loss: 0.01)
    },
    // One ACK for all that came in 4 ms: a receiver that merges segments, or reads late.
    .init("metro, 1 % loss, thinned ACKs", megabytes: 2, seeds: 3) {
      path(&$0, megabits: 100, milliseconds: 10, queue: 128 << 10, loss: 0.01)
      $0.pathologies = [.aggregation(from: 1, nanoseconds: 4_000_000, thins: true)]
    },
    .init("wan", megabytes: 6) { path(&$0, megabits: 50, milliseconds: 100, queue: 512 << 10) },
    .init("wan, 0.1 % loss", megabytes: 3, seeds: 2) {
      path(&$0, megabits: 50, milliseconds: 100, queue: 512 << 10, loss: 0.001)
    },
    .init("wan, 1 % loss", megabytes: 1, seeds: 3) {
      path(&$0, megabits: 50, milliseconds: 100, queue: 512 << 10, loss: 0.01)
    },
    .init("bufferbloat", megabytes: 2) { path(&$0, megabits: 4, milliseconds: 20, queue: 4 << 20) },
    .init("thin way back", megabytes: 3) {
      path(&$0, megabits: 50, milliseconds: 30, queue: 128 << 10)
      $0.cables[1].bitsPerSecond = 300_000
      $0.cables[1].queueByteLimit = 16 << 10
    },
    .init("bursts of loss", megabytes: 1, seeds: 3) {
      path(&$0, megabits: 20, milliseconds: 40, queue: 128 << 10)
      $0.pathologies = [.burstLoss(from: 0, begins: 0.002, longest: 20_000_000)]
    },
    .init("reordering", megabytes: 1.5, seeds: 3) {
      path(&$0, megabits: 50, milliseconds: 20, queue: 128 << 10)
      $0.cables[0].reorder = 0.1
      $0.cables[0].reorderNanoseconds = 3_000_000
    },
    .init("compressed and thinned ACKs", megabytes: 3) {
      path(&$0, megabits: 50, milliseconds: 20, queue: 256 << 10)
      $0.pathologies = [.aggregation(from: 1, nanoseconds: 20_000_000, thins: true)]
    },
    .init("policed", megabytes: 2) {
      path(&$0, megabits: 100, milliseconds: 20, queue: 128 << 10)
      $0.pathologies = [.policing(from: 0, bytesPerSecond: 1_250_000, burst: 64_000)]
    },
    .init("changing routes", megabytes: 3) {
      path(&$0, megabits: 50, milliseconds: 20, queue: 128 << 10)
      $0.pathologies = [.routeChanges(from: 0, delays: [20_000_000, 0], every: 150_000_000)]
    },
    .init("no options, 1 % loss", megabytes: 1, seeds: 3) {
      path(&$0, megabits: 50, milliseconds: 20, queue: 128 << 10, loss: 0.01)
      $0.pathologies = [.strippedOptions(from: nil, [.windowScale, .sackPermitted, .timestamps])]
    },
  ]
}
