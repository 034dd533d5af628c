import Glibc

/// The process that leads connections into the services' network (`souk forward`), or is that network as well
/// (`souk switch`): started again when it dies, stopped after the last service.
///
/// The sockets that it serves stay open in the supervisor, so who connects meanwhile waits in their backlog.
final class ForwarderProcess {
  /// What the supervisor wants to know.
  struct Events {
    var line: ([UInt8]) -> Void
    var died: (Ending, _ restartsIn: Int) -> Void
    var stopped: () -> Void
  }

  /// For answers that are on their way to slow clients when the last service has ended, before it is killed.
  static let stopMilliseconds = 3_000

  private let command: String
  private let settings: String
  private let descriptors: [(from: Int32, to: Int32)]
  private let loop: PollLoop
  private let events: Events
  private(set) var pid: pid_t?
  private(set) var process: ProcessIdentity?
  private var policy = RestartPolicy()
  private var startedAt = 0
  private var timer: PollLoop.TimerID?
  private var isStopping = false
  private var output: Int32?
  private var splitter = LineSplitter()

  init(
    _ command: String, settings: String, descriptors: [(from: Int32, to: Int32)], loop: PollLoop,
    events: Events
  ) {
    self.command = command
    self.settings = settings
    self.descriptors = descriptors
    self.loop = loop
    self.events = events
  }

  var isRunning: Bool { pid != nil }

  func start() throws(Failure) {
    let pipe = try Sockets.pipe()
    var spawn = Spawn(executable: "/proc/self/exe", arguments: [command, "--settings", settings])
    spawn.descriptors = descriptors + [(pipe.writing, 1), (pipe.writing, 2)]
    defer { close(pipe.writing) }
    do throws(Failure) {
      pid = try spawn.start()
    } catch {
      close(pipe.reading)
      throw error
    }
    process = pid.flatMap { ProcessIdentity(pid: $0) }
    startedAt = PollLoop.now()
    Sockets.setNonBlocking(pipe.reading)
    output = pipe.reading
    loop.whenReadable(pipe.reading) { [unowned self] in receive() }
  }

  /// Its process has ended.
  func ended(_ ending: Ending) {
    pid = nil
    process = nil
    receive()
    closeOutput()
    loop.cancel(timer)
    if isStopping { return events.stopped() }
    let delay = policy.delay(afterRunning: PollLoop.now() - startedAt)
    timer = loop.after(delay) { [unowned self] in restart() }
    events.died(ending, delay)
  }

  /// Asks it to finish and to go. `stopped` follows, if it runs.
  func stop() {
    guard !isStopping else { return }
    isStopping = true
    // One that waits to be started again does not come back.
    guard let pid else { return loop.cancel(timer) }
    kill(pid, SIGTERM)
    timer = loop.after(Self.stopMilliseconds) { [unowned self] in killNow() }
  }

  /// No more patience.
  func killNow() { if let pid { kill(pid, SIGKILL) } }

  private func restart() {
    do throws(Failure) {
      try start()
    } catch {
      events.line(Array(error.message.utf8))
      ended(.exited(127))
    }
  }

  private func receive() {
    guard let output else { return }
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(output, &chunk, chunk.count)
      // The end of the pipe comes before the end of the process.
      if count == 0 { loop.forget(output) }
      guard count > 0 else { return }
      for line in splitter.take(chunk[..<count]) { events.line(line) }
    }
  }

  private func closeOutput() {
    guard let output else { return }
    loop.forget(output)
    close(output)
    self.output = nil
  }
}
