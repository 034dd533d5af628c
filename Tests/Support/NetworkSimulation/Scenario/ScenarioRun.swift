import Bytes
import EventLoop
import NetworkStack
import Platform
import TCP
import Wire

/// How a scenario ended.
public struct ScenarioOutcome: Sendable {
  /// Its seed.
  public let seed: UInt64
  /// What was not as it should be; nothing when all went well.
  public internal(set) var failures: [String] = []
  /// Where the capture of a failure was written.
  public internal(set) var capturePath: String?
  /// Simulated time.
  public internal(set) var nanoseconds: UInt64 = 0
  /// Of it, until all programs had ended.
  public internal(set) var transferNanoseconds: UInt64 = 0
  /// Turns of the loop.
  public internal(set) var turnCount = 0
  /// Where frames went.
  public internal(set) var figures = WireFigures()
  /// Segments that sent something again.
  public internal(set) var retransmissionCount = 0

  /// What to do about a failure.
  public var description: String {
    failures.map { "  \($0)\n" }.joined()
      + "  seed \(seed): `simulate --seed \(seed) --verbose`, capture \(capturePath ?? "not written")"
  }
}

/// Runs a plan on two of our stacks and checks what came of it.
///
/// Expected is: every byte arrives in order, both ends end cleanly or as the plan says; the invariants hold; time and
/// turns are bounded; and in the end neither stack, wire nor pool holds anything.
public final class ScenarioRun {
  /// The clock when a run starts.
  public static let startNanoseconds: UInt64 = 1_000_000_000
  /// Simulated time that a run may take.
  public static let timeLimit = Duration.seconds(3_600)
  /// Turns that a run may take.
  public static let turnLimit = 4_000_000
  /// Failures that are kept, at most.
  public static let failureLimit = 20
  /// Whose peer has aborted or is cut off gives up after this time.
  static let patience = Duration.seconds(600)

  private struct Pair {
    let plan: ConnectionPlan
    var opener: SimulatedProgram?
    var acceptor: SimulatedProgram?
    var openerPort: UInt16 = 0
    var failure: NetworkError?
    var isOver: Bool { failure != nil || opener?.end != nil && (acceptor == nil || acceptor!.end != nil) }
  }

  private let plan: ScenarioPlan
  private let driver: SimulationDriver
  private let loop: EventLoop
  private let wire: SimulatedWire
  private var stacks: [NetworkStack] = []
  private var listeners: [any Listener] = []
  private var pairs: [Pair]
  private var starters: [Timer] = []
  private var outcome: ScenarioOutcome
  private static let port: UInt16 = 80

  private init(_ plan: ScenarioPlan, trace: ((String) -> Void)?) {
    self.plan = plan
    outcome = ScenarioOutcome(seed: plan.seed)
    driver = SimulationDriver(clock: SimulatedClock(now: Instant(nanoseconds: Self.startNanoseconds)))
    loop = EventLoop(driver: driver, clock: driver.clock)
    wire = SimulatedWire(loop: loop, seed: plan.seed)
    pairs = plan.connections.map { Pair(plan: $0) }
    wire.capture = PcapWriter()
    if !plan.pathologies.contains(where: \.changesSegments) {
      wire.invariants = WireInvariants()
      wire.invariants!.allowsSkips = true
      wire.invariants!.allowsDuplicateSACK = true
    }
    wire.poisons = true
    wire.trace = trace
    wire.carriesUnfinished = plan.carriesUnfinished
    for index in 0..<2 { addStack(index) }
    for pathology in plan.pathologies { wire.add(pathology) }
    driver.sources = [{ [unowned self] in self.wire.pump() }, { [unowned self] in self.step() }]
  }

  private func address(_ index: Int) -> IPv4Address { IPv4Address(10, 0, 0, UInt8(index + 1)) }
  private func address6(_ index: Int) -> IPv6Address {
    IPv6Address(high: 0xfd00 << 48, low: UInt64(index + 1))
  }

  private func addStack(_ index: Int) {
    var configuration = StackConfiguration()
    configuration.bufferBudgetByteCount = plan.bufferBudgetByteCount
    configuration.tcp.isNagleEnabled = plan.isNagleEnabled
    configuration.tcp.congestionAlgorithm = plan.congestionAlgorithm
    // Long enough for a lossy link: whoever is too late for it is reset.
    configuration.tcp.handshakeTimeout = 120_000_000_000
    // Whoever has closed still delivers to a reader who pauses for long.
    configuration.tcp.orphanTimeout = 600_000_000_000
    let stack = NetworkStack(
      loop: loop, entropy: SeededEntropy(seed: plan.seed &+ UInt64(index) &* 1_000_003),
      configuration: configuration)
    let device = wire.attach(
      hardwareAddress: 0x0200_0000_0001 + UInt64(index), options: plan.devices[index])
    device.impairments = plan.cables[index]
    device.invariants = EndInvariants()
    device.invariants!.allowsSkips = true
    let interface = stack.attach(
      device,
      addressing: .fixed(
        address: address(index), network: IPv4Network(address(index), prefixLength: 24), gateway: nil),
      ipv6: plan.isIPv6
        ? .fixed(
          address: address6(index), network: IPv6Network(address6(index), prefixLength: 64), gateway: nil)
        : nil)
    device.whenReady = { [unowned interface] in _ = interface.poll() }
    stacks.append(stack)
    do throws(NetworkError) {
      listeners.append(try stack.listen(on: Endpoint(.v6(0, 0), port: Self.port)))
    } catch {
      outcome.failures.append("cannot listen: \(error)")
    }
  }

  /// Runs the plan of `seed`. A failure's frames are written to `PcapWriter.path(seed:)`.
  public static func run(
    seed: UInt64, capturePath: String? = nil, trace: ((String) -> Void)? = nil
  ) -> ScenarioOutcome {
    run(ScenarioPlan(seed: seed), capturePath: capturePath, trace: trace)
  }

  /// Runs a plan. With `capturePath` the frames are written there in any case.
  public static func run(
    _ plan: ScenarioPlan, capturePath: String? = nil, trace: ((String) -> Void)? = nil
  ) -> ScenarioOutcome {
    let run = ScenarioRun(plan, trace: trace)
    run.execute()
    if !run.outcome.failures.isEmpty || capturePath != nil {
      let path = capturePath ?? PcapWriter.path(seed: plan.seed)
      if run.wire.capture!.write(to: path) { run.outcome.capturePath = path }
    }
    return run.outcome
  }

  private func execute() {
    for index in pairs.indices {
      let timer = Timer(loop: loop) { [unowned self] in self.open(index) }
      timer.set(loop.now.advanced(byNanoseconds: pairs[index].plan.startNanoseconds))
      starters.append(timer)
    }
    if let end = plan.endsAt {
      let timer = Timer(loop: loop) { [unowned self] in self.cutForEver() }
      timer.set(loop.now.advanced(byNanoseconds: end))
      starters.append(timer)
    }
    turn(until: loop.now + Self.timeLimit) { self.pairs.allSatisfy(\.isOver) }
    outcome.transferNanoseconds = driver.clock.now.nanoseconds - Self.startNanoseconds
    judge()
    release()
    outcome.nanoseconds = driver.clock.now.nanoseconds - Self.startNanoseconds
    outcome.figures = wire.figures
    outcome.retransmissionCount = wire.devices.reduce(0) { $0 + $1.invariants!.retransmissionCount }
    outcome.failures += wire.reports
    outcome.failures.removeLast(max(0, outcome.failures.count - Self.failureLimit))
  }

  private func turn(until limit: Instant, _ isOver: () -> Bool) {
    let ticker = Timer(loop: loop) {}
    ticker.set(limit)
    while !isOver() && driver.clock.now < limit && outcome.turnCount < Self.turnLimit {
      loop.turn()
      outcome.turnCount += 1
      checkBudgets()
    }
    ticker.cancel()
  }

  private func checkBudgets() {
    for (index, stack) in stacks.enumerated() {
      let pool = stack.pool
      let limit = pool.budgetByteCount + pool.reserveByteCount
      let isKept = pool.committedByteCount <= limit && pool.usedByteCount <= pool.committedByteCount
      if !isKept {
        outcome.failures.append(
          "stack \(index) holds \(pool.usedByteCount) of \(pool.committedByteCount) bytes, \(limit) allowed"
        )
      }
    }
  }

  // MARK: Programs

  private func open(_ index: Int) {
    let plan = pairs[index].plan
    let (from, to) = plan.isReverse ? (1, 0) : (0, 1)
    do throws(NetworkError) {
      let host: IPAddress =
        self.plan.isIPv6 ? .v6(address6(to).high, address6(to).low) : .v4(address(to).rawValue)
      let stream = try stacks[from].open(to: Endpoint(host, port: Self.port))
      pairs[index].openerPort = stream.local.port
      pairs[index].opener = program(plan.opener, expecting: plan.acceptor.byteCount, stream, index * 2)
    } catch {
      pairs[index].failure = error
    }
  }

  private func program(
    _ plan: ProgramPlan, expecting expected: Int, _ stream: any ByteStream, _ number: Int
  ) -> SimulatedProgram {
    SimulatedProgram(
      plan, expecting: expected, over: stream, loop: loop, pattern: .shared, ownOffset: number * 7_919,
      peerOffset: (number ^ 1) * 7_919)
  }

  private func step() -> Bool {
    var didAnything = false
    for index in pairs.indices {
      if pairs[index].opener?.step() == true {
        didAnything = true
        if pairs[index].opener!.end == .aborted || plan.endsAt != nil { loseSight(of: index) }
      }
      if pairs[index].acceptor?.step() == true {
        didAnything = true
        if pairs[index].acceptor!.end == .aborted { loseSight(of: index) }
      }
    }
    for side in listeners.indices { if accept(side) { didAnything = true } }
    return didAnything
  }

  private func accept(_ side: Int) -> Bool {
    do throws(NetworkError) {
      guard let stream = try listeners[side].accept() else { return false }
      let isReverse = side == 0
      let index = pairs.lastIndex {
        $0.plan.isReverse == isReverse && $0.openerPort == stream.peer.port && $0.acceptor == nil
      }
      guard let index else {
        // A forged SYN that came when the connection was over, and that a late ACK of it seemed to confirm.
        if plan.pathologies.contains(where: \.forges) {
          stream.close()
          return true
        }
        outcome.failures.append("a connection that nobody opened, from \(stream.peer)")
        return true
      }
      let plan = pairs[index].plan
      pairs[index].acceptor = program(
        plan.acceptor, expecting: plan.opener.byteCount, stream, index * 2 + 1)
    } catch {
      outcome.failures.append("cannot accept: \(error)")
    }
    return true
  }

  private func cutForEver() {
    for device in wire.devices {
      device.impairments.outages.append(loop.now..<Instant(nanoseconds: .max))
    }
    for index in pairs.indices { loseSight(of: index) }
  }

  /// One end is gone; the other may never hear of it if it only reads.
  private func loseSight(of index: Int) {
    let timer = Timer(loop: loop) { [unowned self] in
      self.pairs[index].opener?.giveUp()
      self.pairs[index].acceptor?.giveUp()
    }
    timer.set(loop.now + Self.patience)
    starters.append(timer)
  }

  // MARK: Judgement

  private func judge() {
    for (index, pair) in pairs.enumerated() {
      let ends = [("opener", pair.opener), ("acceptor", pair.acceptor)]
      if let failure = pair.failure {
        outcome.failures.append("connection \(index) was not opened: \(failure)")
      }
      for (name, program) in ends {
        guard let program else {
          if !isExcused(pair) { outcome.failures.append("connection \(index): no \(name)") }
          continue
        }
        switch program.end {
        case .whole: break
        case .aborted, .gaveUp, .failed:
          guard isExcused(pair), !isUnexpected(program.end) else {
            outcome.failures.append("connection \(index): the \(name) ended with \(program.end!)")
            continue
          }
        case .wrong(let what):
          // A prefix that ends early is what an abort may leave; other bytes never.
          outcome.failures.append("connection \(index): the \(name) got \(what)")
        case nil:
          outcome.failures.append(
            "connection \(index): the \(name) has not ended, \(program.sent) sent, \(program.received) received"
          )
        }
      }
    }
  }

  /// Whether the plan says that this connection need not end well. One that is opened may find nobody if all its
  /// questions for the peer's hardware address are lost, or refused by the device.
  private func isExcused(_ pair: Pair) -> Bool {
    let isLossy =
      plan.cables.contains { !$0.outages.isEmpty || $0.loss > 0 || $0.corruption > 0 }
      || plan.devices.contains { $0.refusal > 0 }
    return pair.plan.isAborted || plan.endsAt != nil || isLossy && pair.opener?.end == .failed(.unreachable)
  }

  private func isUnexpected(_ end: SimulatedProgram.End?) -> Bool {
    guard case .failed(let error) = end else { return false }
    return ![.reset, .timedOut, .refused, .unreachable].contains(error)
  }

  /// Closes everything, lets TIME-WAIT pass, and looks whether anything is left.
  private func release() {
    for timer in starters { timer.cancel() }
    for index in pairs.indices {
      pairs[index].opener?.giveUp()
      pairs[index].acceptor?.giveUp()
    }
    for listener in listeners { listener.close() }
    listeners.removeAll()
    pairs.removeAll()
    turn(until: driver.clock.now + .seconds(800)) { false }
    for (index, stack) in stacks.enumerated() {
      let left = [
        ("connections", stack.connectionCount), ("TIME-WAITs", stack.timeWaitCount),
        ("blocks", stack.pool.blocksInUseCount), ("bytes", stack.pool.committedByteCount),
      ]
      for (what, count) in left where count != 0 {
        outcome.failures.append("stack \(index) still holds \(count) \(what)")
      }
    }
    if wire.framesInUse != 0 { outcome.failures.append("the wire still holds \(wire.framesInUse) frames") }
    if outcome.turnCount >= Self.turnLimit { outcome.failures.append("more turns than \(Self.turnLimit)") }
  }
}
