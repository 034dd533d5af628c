import Bytes
import NetworkStack
import Platform
import TCP

/// One connection, bytes from the client to the server.
enum BulkTransfer {
  /// Sends `byteCount` bytes over a wire that loses frames with probability `loss`.
  static func run(_ family: Family, byteCount: Int, loss: Double, seed: UInt64) throws(Refusal) -> Figures {
    let pair = Pair(family, loss: loss, seed: seed)
    let sink = Sink()
    let source = Source(byteCount)
    do throws(NetworkError) {
      let listener = try pair.server.stack.listen(on: pair.endpoint)
      pair.server.program = { sink.read(listener) }
      let stream = try pair.client.stack.open(to: pair.endpoint)
      pair.client.program = { source.write(stream) }
    } catch {
      throw Refusal("no connection: \(error)")
    }
    let watch = Stopwatch()
    try pair.run { sink.byteCount >= byteCount || sink.failure != nil || source.failure != nil }
    let wallSeconds = watch.wallSeconds
    let processorSeconds = watch.processorSeconds
    if let failure = sink.failure ?? source.failure { throw Refusal("the connection failed: \(failure)") }
    var figures = Figures()
    figures["bytes"] = Double(sink.byteCount)
    figures["wallSeconds"] = wallSeconds
    figures["processorSeconds"] = processorSeconds
    figures["simulatedSeconds"] = pair.simulatedSeconds
    let sent = pair.client.stack.tcpCounters
    figures["dataSegments"] = Double(sent.segmentsSent)
    figures["acknowledgements"] = Double(pair.server.stack.tcpCounters.segmentsSent)
    figures["retransmissions"] = Double(sent.retransmissions)
    figures["timeouts"] = Double(sent.timeouts)
    figures["fastRecoveries"] = Double(sent.fastRecoveries)
    return figures
  }
}

/// Writes bytes as fast as a stream takes them.
final class Source {
  private(set) var failure: NetworkError?
  private var remaining: Int
  private let chunk = [UInt8](repeating: 7, count: 64 << 10)

  init(_ byteCount: Int) { remaining = byteCount }

  /// Whether it wrote anything.
  func write(_ stream: StackStream) -> Bool {
    var isBusy = false
    let chunk = chunk
    do throws(NetworkError) {
      while remaining > 0 {
        let count = try stream.send(chunk.span.bytes.extracting(0..<min(chunk.count, remaining)))
        if count == 0 { break }
        remaining -= count
        isBusy = true
      }
    } catch {
      failure = error
    }
    return isBusy
  }
}

/// Accepts one connection and reads all that comes.
final class Sink {
  private(set) var byteCount = 0
  private(set) var isAtEnd = false
  private(set) var failure: NetworkError?
  private var stream: (any ByteStream)?
  private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

  deinit { memory.deallocate() }

  /// Whether it read anything.
  func read(_ listener: any Listener) -> Bool {
    var isBusy = false
    do throws(NetworkError) {
      if stream == nil { stream = try listener.accept() }
      guard let stream else { return false }
      reading: while true {
        var room = OutputRawSpan(buffer: memory, initializedCount: 0)
        switch try stream.receive(into: &room) {
        case .bytes(let count):
          byteCount += count
          isBusy = true
        case .nothingYet: break reading
        case .end:
          isAtEnd = true
          break reading
        }
      }
    } catch {
      failure = error
    }
    return isBusy
  }
}
