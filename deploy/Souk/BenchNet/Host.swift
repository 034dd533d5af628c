import EventLoop
import NetworkSimulation
import NetworkStack
import Platform

/// One of two machines on a wire, with a loop of its own, so that a profile tells what each of them costs.
final class Host {
  let stack: NetworkStack
  let loop: EventLoop
  /// What the host's program does in every turn; returns whether it did anything.
  var program: () -> Bool {
    get { driver.program }
    set { driver.program = newValue }
  }
  /// Turns of its loop that were counted.
  var turnCount = 0
  private let driver: HostDriver

  /// Machine 1 or 2 on `wire`; it makes its device. All hosts of a wire share `clock`.
  init(
    _ family: Family, _ machine: UInt8, clock: SimulatedClock, loss: Double, seed: UInt64, wire: SimulatedWire
  ) {
    driver = HostDriver()
    loop = EventLoop(driver: driver, clock: clock)
    stack = NetworkStack(loop: loop, entropy: SeededEntropy(seed: seed))
    let device = wire.attach(hardwareAddress: 0x0200_0000_0000 + UInt64(machine))
    device.impairments.loss = loss
    let interface = family.attach(device, to: stack, as: machine)
    device.whenReady = { [driver] in driver.hasFrames = true }
    driver.interface = interface
  }

  /// When it must have a turn, if no frame arrives before; 0 is at once.
  var wakeup: Instant { driver.wakeup }

  /// Whether it has something to do.
  func isDue(at now: Instant) -> Bool { driver.hasFrames || driver.wakeup <= now }

  /// One turn of its loop.
  func turn() { loop.turn() }
}

/// A loop driver whose loop is turned by somebody else, who also moves the clock.
final class HostDriver: LoopDriver {
  var program: () -> Bool = { false }
  /// Where frames are taken in; nil for a wire's own loop.
  var interface: Interface?
  var hasFrames = false
  private(set) var wakeup = Instant(nanoseconds: 0)

  func runJobs() -> Bool { false }

  func poll(until deadline: Instant) {
    // What arrives may set timers that the loop has not seen, so it is turned again.
    var isBusy = hasFrames
    if hasFrames, let interface { hasFrames = interface.poll() }
    if program() { isBusy = true }
    wakeup = isBusy ? Instant(nanoseconds: 0) : deadline
  }

  /// The programs of a benchmark are no tasks.
  func start(_ body: @escaping () async -> Void) { preconditionFailure("a bench host runs no tasks") }
}
