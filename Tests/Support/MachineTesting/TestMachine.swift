import EventLoop
import Foundation
import Log
import Machine
import Platform

/// A process machine for one test: a loop on the test's own thread, the kernel's loopback, a worker for SQLite.
public final class TestMachine {
  /// The loop that runs the test's body.
  public let loop: EventLoop
  /// The kernel's TCP; tests stay on 127.0.0.1.
  public let network: any Network
  /// Linux's clocks, or the test's.
  public let clock: any Clock
  /// Linux's random numbers.
  public let entropy: any Entropy = LinuxEntropy()
  /// A thread for SQLite.
  public let worker: any Worker
  /// A log that keeps its lines.
  public let console = RecordingConsole()
  /// Writes to `console`.
  public let log: Logger
  private let thread = WorkerThread()
  private var directories: [String] = []

  init(clock: any Clock) {
    self.clock = clock
    let driver = EpollDriver()
    loop = EventLoop(driver: driver, clock: clock)
    network = KernelNetwork(driver: driver, loop: loop)
    worker = thread
    log = Logger(service: "test", level: .debug, format: .logfmt, console: console, clock: clock)
  }

  /// A fresh directory, removed when the test ends.
  public func temporaryDirectory() -> String {
    var template = Array("/tmp/souk-test-XXXXXX".utf8CString)
    precondition(mkdtemp(&template) != nil, "no temporary directory")
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    directories.append(path)
    return path
  }

  deinit {
    thread.stop()
    for directory in directories { try? FileManager.default.removeItem(atPath: directory) }
  }
}

/// Runs `body` on a loop on the calling thread and returns what it returned. `clock` may be one that the test moves;
/// the loop then looks at it whenever something happens.
public func withLoop<T>(clock: any Clock = LinuxClock(), _ body: @escaping (TestMachine) async -> T) -> T {
  let machine = TestMachine(clock: clock)
  var result: T?
  machine.loop.spawn {
    result = await body(machine)
    machine.loop.stop()
  }
  machine.loop.run()
  return result!
}

/// A console whose lines a test can read.
public final class RecordingConsole: Console {
  /// All that was written.
  public private(set) var text = ""

  /// Nothing written yet.
  public init() {}

  public func write(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { text += String(decoding: $0, as: UTF8.self) }
  }
}

/// A clock that moves when a test says so.
public final class ManualClock: Clock {
  public var now: Instant
  public var wallTime: WallTime

  /// A clock that stands at one hour after its start, on 2026-01-01T00:00:00Z.
  public init() {
    now = Instant(nanoseconds: 3_600_000_000_000)
    wallTime = WallTime(secondsSinceEpoch: 1_767_225_600)
  }

  /// Moves both readings on.
  public func advance(by duration: Duration) {
    now = now + duration
    wallTime = wallTime + duration
  }
}

/// Reproducible bytes: SplitMix64 from a seed.
public final class SeededEntropy: Entropy, RandomNumberGenerator {
  private var state: UInt64

  /// The bytes that belong to `seed`.
  public init(seed: UInt64) { state = seed }

  public func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
  }

  public func fill(_ bytes: UnsafeMutableRawBufferPointer) {
    for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: next()) }
  }
}
