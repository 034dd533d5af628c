import EventLoop
import Log
import Platform
import _Concurrency

/// A port of the switch with a virtual machine behind it: a stream to QEMU's `stream` network backend.
///
/// QEMU listens and this side connects, again and again: neither end minds that the other comes and goes. What is sent
/// to a machine that is being restarted waits for it, up to a bound; beyond it, or when the machine is slow, frames are
/// dropped and counted, as on a wire. Nobody ever waits for a port.
final class StreamPort {
  /// How much, how long.
  struct Limits {
    /// Bytes that wait for a machine that takes them too slowly.
    var queuedByteCount = 1 << 20
    /// Bytes that wait for a machine that is not there.
    var heldByteCount = 64 << 10
    /// Between two attempts to connect.
    var retryInterval = Duration.milliseconds(10)
    /// Chunks taken in one go; then the other ports have their turn.
    var chunksPerTurn = 16
  }

  let name: String
  private let connect: () throws(NetworkError) -> any ByteStream
  private let loop: EventLoop
  private let log: Logger
  private let limits: Limits
  private var stream: (any ByteStream)?
  private var queue = FrameQueue()
  private let blocked = Signal()
  private var isStopping = false
  /// Frames that found no room.
  private(set) var droppedCount: UInt64 = 0

  /// A port that `connect` leads to its machine, or throws while there is none.
  init(
    _ name: String, loop: EventLoop, log: Logger, limits: Limits = Limits(),
    connect: @escaping () throws(NetworkError) -> any ByteStream
  ) {
    self.name = name
    self.loop = loop
    self.log = log
    self.limits = limits
    self.connect = connect
  }

  var isConnected: Bool { stream != nil }

  /// Takes a copy of `frame`, which leaves with the next `flush`, or drops it.
  func append(_ frame: RawSpan) {
    let limit = stream == nil ? limits.heldByteCount : limits.queuedByteCount
    if !queue.append(frame, limit: limit) { droppedCount += 1 }
  }

  /// Sends what waits, as far as the machine takes it; the rest follows when it does.
  func flush() {
    guard let stream, !queue.isEmpty else { return }
    // A stream that breaks here ends `run`'s receiving, too.
    guard let isLeft = try? queue.send(to: stream) else { return }
    if isLeft { blocked.notify() }
  }

  /// Carries frames until `stop`: each one that comes in goes to `receive`, and after some of them comes `settle`.
  /// `lost` is called when the machine has gone.
  func run(receive: (RawSpan) -> Void, settle: () -> Void, lost: () -> Void) async {
    while !isStopping {
      guard let stream = try? connect() else {
        await loop.sleep(for: limits.retryInterval)
        continue
      }
      self.stream = stream
      queue.startOver()
      loop.spawn { [self] in await sendWhatWaits(on: stream) }
      flush()
      await self.receive(from: stream, receive, settle)
      self.stream = nil
      stream.close()
      blocked.notify()
      lost()
    }
  }

  /// Ends `run`.
  func stop() {
    isStopping = true
    stream?.close()
  }

  private func receive(from stream: any ByteStream, _ receive: (RawSpan) -> Void, _ settle: () -> Void) async
  {
    var reader = FrameReader()
    var chunkCount = 0
    while true {
      do throws(NetworkError) {
        switch try reader.receive(from: stream) {
        case .bytes:
          do throws(FrameStreamError) {
            try reader.takeFrames(receive)
          } catch {
            return log.error("what the machine sends is not frames", LogField("machine", name))
          }
          settle()
          chunkCount += 1
          if chunkCount % limits.chunksPerTurn == 0 { await loop.sleep(until: loop.now) }
        case .nothingYet: try await stream.waitReadable(until: .never)
        case .end: return
        }
      } catch { return }
    }
  }

  private func sendWhatWaits(on stream: any ByteStream) async {
    while true {
      await blocked.wait()
      guard self.stream === stream, (try? await stream.waitWritable(until: .never)) != nil else { return }
      flush()
    }
  }
}
