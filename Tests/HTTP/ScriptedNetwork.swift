import Bytes
import EventLoop
import HTTP
import MachineTesting
import Platform

/// A connection whose every step a test has written down: what arrives, what breaks, what fits.
final class ScriptedStream: ByteStream {
  enum Step {
    case arrives(String)
    case breaks(NetworkError)
    case waits
  }

  let peer = Endpoint(.loopback, port: 9)
  private var steps: [Step]
  /// How often the last step happens.
  private var repetitions: Int
  /// Bytes that each further `send` takes; all of them once this is used up.
  var takes: [Int] = []
  /// It takes nothing once that is used up.
  var isFull = false
  private(set) var sent = ""
  private(set) var isClosed = false
  fileprivate(set) var wasAccepted = false

  init(_ steps: [Step], repetitions: Int = 1) {
    self.steps = steps
    self.repetitions = repetitions
  }

  func receive(into room: inout OutputRawSpan) throws(NetworkError) -> Received {
    if isClosed { throw .closed }
    guard let step = steps.first else { return .end }
    if steps.count > 1 || repetitions <= 1 { steps.removeFirst() } else { repetitions -= 1 }
    switch step {
    case .arrives(let text):
      for byte in text.utf8 { room.append(byte, as: UInt8.self) }
      return .bytes(text.utf8.count)
    case .breaks(let error): throw error
    case .waits: return .nothingYet
    }
  }

  func send(_ bytes: RawSpan) throws(NetworkError) -> Int {
    if isClosed { throw .closed }
    let last = isFull ? 0 : bytes.byteCount
    let count = takes.isEmpty ? last : min(bytes.byteCount, takes.removeFirst())
    bytes.extracting(first: count).withUnsafeBytes { sent += String(decoding: $0, as: UTF8.self) }
    return count
  }

  func waitReadable(until deadline: Instant) async throws(NetworkError) { await Task.yield() }

  func waitWritable(until deadline: Instant) async throws(NetworkError) { await Task.yield() }

  func finish() {}

  func close() { isClosed = true }
}

/// A listener that hands out streams made beforehand.
final class ScriptedListener: Listener {
  let endpoint = Endpoint(.loopback, port: 80)
  private var streams: [ScriptedStream?]
  private let end = Signal()

  /// In the place of nil it is out of memory.
  init(_ streams: [ScriptedStream?]) { self.streams = streams }

  func accept() throws(NetworkError) -> (any ByteStream)? {
    guard !streams.isEmpty else { return nil }
    guard let stream = streams.removeFirst() else { throw .exhausted }
    stream.wasAccepted = true
    return stream
  }

  func waitAcceptable() async throws(NetworkError) {
    await end.wait()
    throw .closed
  }

  func close() { end.notify() }
}

/// Serves `streams` until each is closed.
func serve(
  _ streams: [ScriptedStream], _ machine: TestMachine, _ handler: ClosureHandler,
  _ limits: ServerLimits = ServerLimits()
) async {
  let server = HTTPServer(
    loop: machine.loop, entropy: machine.entropy, log: machine.log, metrics: Metrics(), handler: handler,
    limits: limits)
  let listener = ScriptedListener(streams)
  machine.loop.spawn { await server.serve(on: listener) }
  while !streams.allSatisfy(\.isClosed) { await machine.loop.sleep(until: machine.loop.now) }
  listener.close()
}
