import Bytes
import NetworkStack
import Platform

/// Small requests and responses, one after the other: 100 bytes one way, 200 the other.
enum RequestRun {
  static let requestByteCount = 100
  static let responseByteCount = 200

  /// Asks `count` times: on one connection, or on a new one for each, which both ends close after the answer.
  static func run(_ family: Family, count: Int, newConnections: Bool) throws(Refusal) -> Figures {
    let pair = Pair(family)
    let client = RequestClient(pair, count: count, newConnections: newConnections)
    let server: RequestServer
    do throws(NetworkError) {
      server = RequestServer(try pair.server.stack.listen(on: pair.endpoint))
    } catch {
      throw Refusal("nobody can listen: \(error)")
    }
    pair.server.program = { server.step() }
    pair.client.program = { client.step() }
    let watch = Stopwatch()
    try pair.run { client.isDone || client.failure != nil || server.failure != nil }
    if let failure = client.failure ?? server.failure { throw Refusal("a request failed: \(failure)") }
    var figures = Figures()
    figures["requests"] = Double(client.answered)
    figures["wallSeconds"] = watch.wallSeconds
    figures["processorSeconds"] = watch.processorSeconds
    return figures
  }
}

/// Sends a request, waits for its answer, sends the next.
final class RequestClient {
  private(set) var answered = 0
  private(set) var failure: NetworkError?
  var isDone: Bool { answered == count && stream == nil }

  private let pair: Pair
  private let count: Int
  private let newConnections: Bool
  private let request = [UInt8](repeating: 1, count: RequestRun.requestByteCount)
  private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1024, alignment: 16)
  private var stream: StackStream?
  private var hasAsked = false
  private var received = 0

  init(_ pair: Pair, count: Int, newConnections: Bool) {
    self.pair = pair
    self.count = count
    self.newConnections = newConnections
  }

  deinit { memory.deallocate() }

  func step() -> Bool {
    do throws(NetworkError) { return try advance() } catch {
      failure = error
      return false
    }
  }

  private func advance() throws(NetworkError) -> Bool {
    guard answered < count else { return false }
    if stream == nil { stream = try pair.client.stack.open(to: pair.endpoint) }
    guard let stream else { return false }
    if !hasAsked {
      let request = request
      // Takes all or, before the connection is established, nothing.
      hasAsked = try stream.send(request.span.bytes) > 0
      return hasAsked
    }
    var room = OutputRawSpan(buffer: memory, initializedCount: 0)
    switch try stream.receive(into: &room) {
    case .nothingYet: return false
    case .end: throw .reset
    case .bytes(let byteCount): received += byteCount
    }
    guard received == RequestRun.responseByteCount else { return true }
    received = 0
    hasAsked = false
    answered += 1
    if newConnections || answered == count {
      stream.close()
      self.stream = nil
    }
    return true
  }
}

/// Answers every request of every connection, and closes when the peer does.
final class RequestServer {
  private(set) var failure: NetworkError?
  private let listener: any Listener
  private let response = [UInt8](repeating: 2, count: RequestRun.responseByteCount)
  private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1024, alignment: 16)
  private var streams: [any ByteStream] = []

  init(_ listener: any Listener) { self.listener = listener }

  deinit { memory.deallocate() }

  func step() -> Bool {
    var isBusy = false
    let response = response
    do throws(NetworkError) {
      while let stream = try listener.accept() {
        streams.append(stream)
        isBusy = true
      }
      var index = 0
      while index < streams.count {
        var room = OutputRawSpan(buffer: memory, initializedCount: 0)
        switch try streams[index].receive(into: &room) {
        case .bytes:
          _ = try streams[index].send(response.span.bytes)
          isBusy = true
        case .nothingYet: break
        case .end:
          streams.remove(at: index).close()
          isBusy = true
          continue
        }
        index += 1
      }
    } catch {
      failure = error
    }
    return isBusy
  }
}
