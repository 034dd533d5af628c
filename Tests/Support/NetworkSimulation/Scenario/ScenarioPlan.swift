import Platform
import TCP

/// What one end of a connection does.
public struct ProgramPlan: Sendable {
  /// Bytes it sends.
  public var byteCount = 0
  /// Bytes of one `send` and of one `receive`.
  public var writeByteCount = 4_096
  /// See `writeByteCount`.
  public var readByteCount = 4_096
  /// It pauses so long after every `receive`; 0: it reads as fast as it can.
  public var readPauseNanoseconds: UInt64 = 0
  /// It reads nothing for so long.
  public var firstReadNanoseconds: UInt64 = 0
  /// It pauses so long after every `send`.
  public var writePauseNanoseconds: UInt64 = 0
  /// It says that it has finished only when the peer has.
  public var finishesLast = false
  /// It aborts when it has sent and received so many bytes together.
  public var abortsAfter: Int?

  /// It sends nothing, reads fast, and finishes at once.
  public init() {}
}

/// A connection, from the first stack to the second or the other way.
public struct ConnectionPlan: Sendable {
  /// When it is opened.
  public var startNanoseconds: UInt64 = 0
  /// Whether the second stack opens it.
  public var isReverse = false
  /// Who opens it.
  public var opener = ProgramPlan()
  /// Who accepts it.
  public var acceptor = ProgramPlan()

  /// Nothing is sent.
  public init() {}

  /// Whether one end aborts, so that the other may miss bytes and see a reset.
  public var isAborted: Bool { opener.abortsAfter != nil || acceptor.abortsAfter != nil }
}

/// A whole scenario. Everything in it follows from its seed.
public struct ScenarioPlan: Sendable {
  /// Where it came from.
  public let seed: UInt64
  /// The cables, from the first and from the second stack.
  public var cables = [Impairments(), Impairments()]
  /// Both backends.
  public var devices = [SimulatedDeviceOptions(), SimulatedDeviceOptions()]
  /// What stands in the way.
  public var pathologies: [Pathology] = []
  /// Neither finished nor cut on the wire.
  public var carriesUnfinished = false
  /// The cables are cut for ever at this time: what is not over then times out.
  public var endsAt: UInt64?
  /// What all queues of one stack may hold.
  public var bufferBudgetByteCount = 16 << 20
  /// Whether short segments wait (Nagle).
  public var isNagleEnabled = false
  /// What decides about the congestion window of both stacks.
  public var congestionAlgorithm = CongestionAlgorithm.cubic
  /// Whether the connections are of IPv6.
  public var isIPv6 = false
  /// What is transported.
  public var connections: [ConnectionPlan] = []

  /// The plan of `seed`: most are a mild link with some connections, some are extreme in one respect.
  public init(seed: UInt64) {
    self.seed = seed
    var numbers = SplitMix64(seed: seed &* 0x2545_f491_4f6c_dd1d &+ 1)
    planCables(&numbers)
    planDevices(&numbers)
    planConnections(&numbers)
    planOutages(&numbers)
    isNagleEnabled = numbers.chance(0.2)
    if numbers.chance(0.1) { bufferBudgetByteCount = 256 << 10 }
    planPath()
    // Drawn last, so that all else of a seed's plan is of either family. IPv6 needs links of 1,280 bytes.
    isIPv6 = numbers.chance(0.4) && devices.allSatisfy { $0.maximumTransmissionUnit >= 1_280 }
  }

  /// A plan of clean cables and plain devices.
  public init(seed: UInt64, connections: [ConnectionPlan], isIPv6: Bool = false) {
    self.seed = seed
    self.isIPv6 = isIPv6
    self.connections = connections
  }

  private mutating func planCables(_ numbers: inout SplitMix64) {
    guard numbers.chance(0.85) else { return }
    let delay = numbers.pick([0, 50, 1_000, 10_000, 100_000, 300_000])
    for index in 0..<2 {
      var cable = Impairments()
      cable.delayNanoseconds = UInt64(numbers.pick(0...delay)) * 1_000
      if numbers.chance(0.6) { cable.loss = numbers.pick([0.001, 0.01, 0.03, 0.08]) }
      if numbers.chance(0.4) { cable.jitterNanoseconds = UInt64(numbers.pick(0...delay)) * 500 }
      if numbers.chance(0.4) { cable.reorder = numbers.pick([0.01, 0.1, 0.3]) }
      cable.reorderNanoseconds = UInt64(numbers.pick([100, 2_000, 50_000])) * 1_000
      if numbers.chance(0.3) { cable.duplication = numbers.pick([0.01, 0.1]) }
      if numbers.chance(0.3) { cable.corruption = numbers.pick([0.001, 0.02]) }
      if numbers.chance(0.3) {
        cable.bitsPerSecond = UInt64(numbers.pick([2, 10, 100])) * 1_000_000
        cable.queueByteLimit = numbers.pick([16, 64, 256]) * 1_024
      }
      cables[index] = cable
    }
  }

  private mutating func planDevices(_ numbers: inout SplitMix64) {
    let areClean = cables.allSatisfy(\.isClean)
    for index in 0..<2 {
      var device = SimulatedDeviceOptions()
      device.maximumTransmissionUnit = numbers.pick([1_500, 1_500, 1_500, 576, 1_280, 9_000])
      device.offload = numbers.pick([
        [], [.transmitChecksum, .transmitChecksum6],
        [
          .transmitSegmentation, .transmitChecksum, .transmitSegmentation6, .transmitChecksum6,
          .receiveChecksum,
        ],
      ])
      if numbers.chance(0.2) { device.transmitLimit = numbers.pick(1...20) }
      if numbers.chance(0.2) { device.refusal = 0.2 }
      devices[index] = device
    }
    guard areClean, numbers.chance(0.3) else { return }
    carriesUnfinished = true
    for index in 0..<2 {
      devices[index].offload = [
        .transmitChecksum, .transmitSegmentation, .transmitChecksum6, .transmitSegmentation6,
        .receiveChecksum, .receiveLarge,
      ]
      devices[index].pieceByteCount = numbers.pick([0, 4_096])
    }
  }

  private mutating func planConnections(_ numbers: inout SplitMix64) {
    let count = numbers.chance(0.1) ? numbers.pick(10...60) : numbers.pick(1...4)
    let sizes = count > 4 ? [0, 1, 500, 10_000] : [0, 1, 1_000, 10_000, 60_000, 300_000]
    let mayAbort = numbers.chance(0.2)
    for _ in 0..<count {
      var plan = ConnectionPlan()
      plan.startNanoseconds = UInt64(numbers.pick(0...2_000)) * 1_000_000
      plan.isReverse = numbers.chance(0.3)
      plan.opener = program(sizes, &numbers)
      plan.acceptor = program(sizes, &numbers)
      if plan.opener.finishesLast { plan.acceptor.finishesLast = false }
      if mayAbort && numbers.chance(0.5) {
        let after = numbers.pick(0...max(1, plan.opener.byteCount + plan.acceptor.byteCount))
        if numbers.chance(0.5) { plan.opener.abortsAfter = after } else { plan.acceptor.abortsAfter = after }
      }
      connections.append(plan)
    }
  }

  private func program(_ sizes: [Int], _ numbers: inout SplitMix64) -> ProgramPlan {
    var plan = ProgramPlan()
    plan.byteCount = numbers.pick(0...numbers.pick(sizes))
    let least = max(1, plan.byteCount / 300)
    plan.writeByteCount = numbers.pick(least...max(least, numbers.pick([10, 1_000, 20_000])))
    plan.readByteCount = numbers.pick([100, 1_460, 4_096, 65_000])
    if numbers.chance(0.2) {
      plan.readByteCount = numbers.pick(2_000...30_000)
      plan.readPauseNanoseconds = UInt64(numbers.pick(1...300)) * 1_000_000
    }
    if numbers.chance(0.1) { plan.firstReadNanoseconds = UInt64(numbers.pick(1...40)) * 1_000_000_000 }
    if numbers.chance(0.1) { plan.writePauseNanoseconds = UInt64(numbers.pick(1...50)) * 1_000_000 }
    plan.finishesLast = numbers.chance(0.4)
    return plan
  }

  private mutating func planOutages(_ numbers: inout SplitMix64) {
    guard !carriesUnfinished, numbers.chance(0.25) else { return }
    let start = UInt64(numbers.pick(0...4_000)) * 1_000_000
    if numbers.chance(0.2) {
      endsAt = start
    } else {
      let length = UInt64(numbers.pick(10...15_000)) * 1_000_000
      let first = Instant(nanoseconds: ScenarioRun.startNanoseconds + start)
      let outage = first..<first.advanced(byNanoseconds: length)
      for index in 0..<2 where index == 0 || numbers.chance(0.7) { cables[index].outages.append(outage) }
    }
  }
}
