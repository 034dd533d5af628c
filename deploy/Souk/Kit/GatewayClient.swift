import Bytes
import Glibc
import HTTPCore
import JSON

/// Speaks HTTP/1.1 with a shop's gateway, one request after the other, and waits for each answer.
///
/// The connection is kept between requests. Every request has one time-out for everything: resolving aside,
/// connecting, sending and the whole answer. Not for sharing between threads.
final class GatewayClient {
  /// Why there is no answer.
  enum Silence: Error, Equatable {
    /// Nobody listens, or the name is unknown; in words.
    case unreachable(String)
    /// The time-out passed.
    case timedOut
    /// The connection ended before the answer did.
    case disconnected
    /// The answer is no HTTP; in words.
    case malformed(String)

    /// For a person.
    var description: String {
      switch self {
      case .unreachable(let reason): reason
      case .timedOut: "no answer in time"
      case .disconnected: "the connection ended before the answer did"
      case .malformed(let reason): "not an HTTP answer: \(reason)"
      }
    }
  }

  /// An answer, whole.
  struct Answer {
    let status: Int
    /// Names in lower case.
    let fields: [(name: String, value: String)]
    let body: [UInt8]

    /// The first field with this name (lower case).
    func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// The body as JSON; nil when it is none.
    var json: JSON? { try? JSON.parse(body, limits: JSONLimits(maximumByteCount: answerByteCount)) }

    /// What a problem document says, else the status.
    var reason: String {
      guard let problem = json else { return "status \(status)" }
      return problem["detail"]?.string ?? problem["title"]?.string ?? "status \(status)"
    }
  }

  /// Bytes of an answer's body; more is refused.
  static let answerByteCount = 16 << 20

  let host: String
  let port: UInt16
  private let timeout: Duration
  private var descriptor: Int32?
  private var input = ByteBuffer()
  private var limits = HTTPLimits()

  /// A client of `host`:`port`. It connects with the first request.
  init(host: String, port: UInt16, timeout: Duration = .seconds(30)) {
    self.host = host
    self.port = port
    self.timeout = timeout
    limits.maximumBodyByteCount = UInt64(Self.answerByteCount)
  }

  deinit { disconnect() }

  /// Sends a request and waits for its answer. A kept connection that turns out to be closed is replaced and the
  /// request sent again, when that cannot do harm: by its method, or because the caller says so.
  func send(
    _ method: Method, _ target: String, fields: [(name: String, value: String)] = [], body: [UInt8]? = nil,
    mayRepeat: Bool = false
  ) throws(Silence) -> Answer {
    var output = ByteBuffer(capacity: 512 + (body?.count ?? 0))
    let authority = (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
    guard RequestWriter.head(method, target: target, host: authority, into: &output) else {
      throw .unreachable("\(authority) is no host")
    }
    for field in fields { ResponseWriter.field(field.name, field.value, into: &output) }
    if let body { ResponseWriter.contentLength(body.count, into: &output) }
    ResponseWriter.endOfHead(into: &output)
    if let body { output.append(body) }

    let wasKept = descriptor != nil
    let deadline = ContinuousClock.now + timeout
    do throws(Silence) {
      return try exchange(output.array(), method, until: deadline)
    } catch {
      disconnect()
      guard wasKept, error == .disconnected, method.isIdempotent || mayRepeat else { throw error }
    }
    do throws(Silence) {
      return try exchange(output.array(), method, until: deadline)
    } catch {
      disconnect()
      throw error
    }
  }

  /// Gives the connection up.
  func disconnect() {
    if let descriptor { close(descriptor) }
    descriptor = nil
    input.removeAll()
  }

  private func exchange(
    _ request: [UInt8], _ method: Method, until deadline: ContinuousClock.Instant
  ) throws(Silence) -> Answer {
    let descriptor: Int32
    if let kept = self.descriptor {
      descriptor = kept
    } else {
      descriptor = try connect(until: deadline)
      self.descriptor = descriptor
    }
    try transmit(request, to: descriptor, until: deadline)

    var parser = ResponseParser(limits: limits, requestMethod: method)
    var headByteCount = 0
    parsing: while true {
      switch parser.parse(input.bytes) {
      case .complete(let byteCount) where parser.head.status.isInformational:
        input.consume(byteCount)
        parser.reset()
      case .complete(let byteCount):
        headByteCount = byteCount
        break parsing
      case .needMore: guard try receive(from: descriptor, until: deadline) else { throw .disconnected }
      case .refused(let refusal): throw .malformed("\(refusal.reason.description)")
      }
    }
    let head = parser.head
    var fields: [(name: String, value: String)] = []
    for field in head.fields {
      let name = input.bytes.string(field.name).lowercased()
      fields.append((name, input.bytes.string(field.value)))
    }
    input.consume(headByteCount)
    let body = try receiveBody(head.framing, from: descriptor, until: deadline)
    if !head.keepAlive || !input.isEmpty { disconnect() }
    return Answer(status: Int(head.status.code), fields: fields, body: body)
  }

  private func receiveBody(
    _ framing: Framing, from descriptor: Int32, until deadline: ContinuousClock.Instant
  ) throws(Silence) -> [UInt8] {
    var decoder = BodyDecoder(framing, limits: limits)
    var body: [UInt8] = []
    while true {
      switch decoder.step(input.bytes) {
      case .payload(let range):
        body.append(contentsOf: input.array(from: range.lowerBound, count: range.count))
        input.consume(range.upperBound)
      case .finished(let consumed):
        input.consume(consumed)
        return body
      case .refused(let refusal): throw .malformed("\(refusal.reason.description)")
      case .needMore:
        guard try receive(from: descriptor, until: deadline) else {
          guard decoder.mayEndHere else { throw .disconnected }
          return body
        }
      }
    }
  }
}

// The socket.
extension GatewayClient {
  private func connect(until deadline: ContinuousClock.Instant) throws(Silence) -> Int32 {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, "\(port)", &hints, &list)
    guard code == 0 else { throw .unreachable("\(host): \(String(cString: gai_strerror(code)))") }
    defer { freeaddrinfo(list) }
    var reason = "no address"
    var next = list
    while let entry = next?.pointee {
      next = entry.ai_next
      let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
      let descriptor = socket(entry.ai_family, kind, 0)
      guard descriptor >= 0 else { continue }
      var code: Int32 = 0
      if Glibc.connect(descriptor, entry.ai_addr, entry.ai_addrlen) != 0 { code = errno }
      if code == EINPROGRESS {
        guard wait(for: POLLOUT, on: descriptor, until: deadline) else {
          close(descriptor)
          throw .timedOut
        }
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
      }
      if code == 0 {
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
      }
      reason = String(cString: strerror(code))
      close(descriptor)
    }
    throw .unreachable("\(host):\(port): \(reason)")
  }

  /// Sends everything, unless the server answers and hangs up meanwhile: then its answer is what counts.
  private func transmit(
    _ bytes: [UInt8], to descriptor: Int32, until deadline: ContinuousClock.Instant
  ) throws(Silence) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { bytes in
        Glibc.send(descriptor, bytes.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 {
        sent += count
      } else if errno == EPIPE || errno == ECONNRESET {
        return
      } else if errno == EAGAIN {
        guard wait(for: POLLOUT, on: descriptor, until: deadline) else { throw .timedOut }
      } else if errno != EINTR {
        throw .disconnected
      }
    }
  }

  /// Appends what has arrived to `input`; false when the peer has ended.
  private func receive(from descriptor: Int32, until deadline: ContinuousClock.Instant) throws(Silence)
    -> Bool
  {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count > 0 {
        input.append(chunk[..<count])
        return true
      }
      if count == 0 { return false }
      switch errno {
      case EAGAIN: guard wait(for: POLLIN, on: descriptor, until: deadline) else { throw .timedOut }
      case EINTR: continue
      default: throw .disconnected
      }
    }
  }

  /// Waits until the socket is ready; false when the deadline comes first.
  private func wait(for events: Int32, on descriptor: Int32, until deadline: ContinuousClock.Instant) -> Bool
  {
    while true {
      let left = ContinuousClock.now.duration(to: deadline)
      guard left > .zero else { return false }
      let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
      var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
      let ready = poll(&entry, 1, Int32(clamping: milliseconds + 1))
      if ready > 0 { return true }
      if ready < 0 && errno != EINTR { return true }
    }
  }
}
