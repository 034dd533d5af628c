import EventLoop
import NetworkSimulation
import NetworkStack
import Platform
import TCP
import Wire

/// Senders that share one queue and one link to a receiver, each a stack with a congestion control of its own.
final class SharedBottleneck {
  /// What the link is like.
  struct Path {
    var bitsPerSecond: UInt64 = 6_000_000
    var roundTripNanoseconds: UInt64 = 30_000_000
    /// A queue of one bandwidth-delay product.
    var queueByteLimit: Int { Int(bitsPerSecond * roundTripNanoseconds / 8_000_000_000) }
  }

  private static let port: UInt16 = 80
  private let driver = SimulationDriver()
  private let loop: EventLoop
  private let wire: SimulatedWire
  private let receiver: NetworkStack
  private var senders: [NetworkStack] = []
  private var listener: (any Listener)?
  private var sources: [StackStream] = []
  private var sinks: [any ByteStream] = []
  /// What arrived on each connection; they were accepted in the order of the senders.
  private(set) var receivedByteCounts: [Int] = []
  private let chunk = [UInt8](repeating: 7, count: 16 << 10)
  private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

  init(_ algorithms: [CongestionAlgorithm], _ path: Path = Path(), seed: UInt64) throws(NetworkError) {
    let loop = EventLoop(driver: driver, clock: driver.clock)
    self.loop = loop
    let wire = SimulatedWire(loop: loop, seed: seed)
    self.wire = wire
    receiver = NetworkStack(loop: loop, entropy: SeededEntropy(seed: seed))
    attach(receiver, 1, path, behind: nil)
    listener = try receiver.listen(on: Endpoint(.any, port: Self.port))
    var first: SimulatedDevice?
    for (index, algorithm) in algorithms.enumerated() {
      var configuration = StackConfiguration()
      configuration.tcp.congestionAlgorithm = algorithm
      let stack = NetworkStack(
        loop: loop, entropy: SeededEntropy(seed: seed &+ UInt64(index) &+ 1), configuration: configuration)
      let device = attach(stack, 2 + index, path, behind: first)
      device.impairments.bitsPerSecond = path.bitsPerSecond
      device.impairments.queueByteLimit = path.queueByteLimit
      first = first ?? device
      senders.append(stack)
    }
    driver.sources = [{ wire.pump() }, { [unowned self] in move() }]
    driver.whenIdle = { loop.stop() }
  }

  deinit { memory.deallocate() }

  private static func address(_ index: Int) -> IPv4Address { IPv4Address(10, 0, 0, UInt8(index)) }

  @discardableResult
  private func attach(_ stack: NetworkStack, _ index: Int, _ path: Path, behind first: SimulatedDevice?)
    -> SimulatedDevice
  {
    let device = wire.attach(hardwareAddress: 0x0200_0000_0000 + UInt64(index))
    device.bottleneck = first
    device.impairments.delayNanoseconds = path.roundTripNanoseconds / 2
    // So that who finds room in a full queue is a matter of the seed, not of rhythm.
    device.impairments.jitterNanoseconds = 200_000
    let network = IPv4Network(IPv4Address(10, 0, 0, 0), prefixLength: 24)
    let interface = stack.attach(
      device, addressing: .fixed(address: Self.address(index), network: network, gateway: nil))
    device.whenReady = { _ = interface.poll() }
    return device
  }

  /// A sender begins; it never has nothing to send.
  func begin(_ sender: Int) throws(NetworkError) {
    sources.append(
      try senders[sender].open(to: Endpoint(.v4(Self.address(1).rawValue), port: Self.port)))
  }

  func run(for duration: Duration) {
    let timer = Timer(loop: loop) { [loop] in loop.stop() }
    timer.set(driver.clock.now + duration)
    loop.run()
    timer.cancel()
  }

  /// What arrived on each connection in `duration`.
  func measure(for duration: Duration) -> [Int] {
    let before = receivedByteCounts
    run(for: duration)
    return receivedByteCounts.enumerated().map { $1 - ($0 < before.count ? before[$0] : 0) }
  }

  var reports: [String] { wire.reports }

  // MARK: Programs

  private func move() -> Bool {
    var isBusy = false
    // An error ends a flow, which its figure shows.
    if let stream = try? listener?.accept() {
      sinks.append(stream)
      receivedByteCounts.append(0)
      isBusy = true
    }
    let chunk = chunk
    for source in sources { while (try? source.send(chunk.span.bytes)) ?? 0 > 0 { isBusy = true } }
    for index in sinks.indices where drain(index) { isBusy = true }
    return isBusy
  }

  private func drain(_ index: Int) -> Bool {
    var isBusy = false
    while true {
      var room = OutputRawSpan(buffer: memory, initializedCount: 0)
      guard case .bytes(let count) = try? sinks[index].receive(into: &room) else { return isBusy }
      receivedByteCounts[index] += count
      isBusy = true
    }
  }
}
