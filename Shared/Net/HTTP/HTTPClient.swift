import Bytes
import EventLoop
import HTTPCore
import Platform
import _Concurrency

/// Sends requests to one endpoint over pooled keep-alive connections and collects the answers.
public final class HTTPClient {
  /// The connections.
  public let pool: ConnectionPool
  private let host: String

  /// A client of `endpoint`; `host` is the value of the `host` field.
  public init(
    network: any Network, loop: EventLoop, endpoint: Endpoint, host: String,
    limits: ClientLimits = ClientLimits()
  ) {
    pool = ConnectionPool(network: network, loop: loop, endpoint: endpoint, limits: limits)
    self.host = host
  }

  /// Sends `request` and returns the whole answer.
  ///
  /// A kept connection that dies before a byte of the answer came is replaced once, if the request is idempotent
  /// (RFC 9110 §9.2.2): the server may have closed it while we wrote.
  public func send(_ request: ClientRequest, until deadline: Instant) async throws(ClientError)
    -> ClientResponse
  {
    if let response = try await attempt(request, isSecond: false, until: deadline) { return response }
    guard let response = try await attempt(request, isSecond: true, until: deadline) else {
      throw .disconnected(beforeResponse: true)
    }
    return response
  }

  /// The response; nil when the request is to be sent again, which it is not when this `isSecond`.
  private func attempt(
    _ request: ClientRequest, isSecond: Bool, until deadline: Instant
  ) async throws(ClientError) -> ClientResponse? {
    let connection = try await pool.lend(until: deadline, fresh: isSecond)
    do throws(ClientError) {
      let response = try await exchange(request, on: connection, until: deadline)
      pool.giveBack(connection)
      return response
    } catch {
      pool.giveBack(connection)
      if case .disconnected(beforeResponse: true) = error,
        !isSecond, connection.isReused, request.method.isIdempotent
      {
        return nil
      }
      throw error
    }
  }

  private func exchange(
    _ request: ClientRequest, on connection: ClientConnection, until deadline: Instant
  ) async throws(ClientError) -> ClientResponse {
    connection.begin(request.method)
    var message = message(of: request, until: deadline)
    try await connection.write(&message, until: deadline)
    var response = begin(on: connection, try await connection.readHead(until: deadline))
    while try !collect(into: &response.body, from: connection) {
      try await connection.receive(until: deadline)
    }
    return response
  }

  @inline(never)
  private func message(of request: ClientRequest, until deadline: Instant) -> ByteBuffer {
    var output = ByteBuffer(capacity: 512 + request.body.count)
    let isWritten = RequestWriter.head(request.method, target: request.target, host: host, into: &output)
    precondition(isWritten, "a target or host that HTTP cannot carry: encode it first")
    for (name, value) in request.fields { ResponseWriter.field(name, value, into: &output) }
    if request.tellsTimeLeft {
      // Now: before, the request may have waited for its connection.
      output.append("x-timeout-ms: ")
      output.append(decimal: Int(max(0, (deadline - pool.loop.now).nanoseconds / 1_000_000)))
      output.append("\r\n")
    }
    if !request.body.isEmpty || request.method == .post || request.method == .put {
      output.append("content-length: ")
      output.append(decimal: request.body.count)
      output.append("\r\n")
    }
    output.append("\r\n")
    output.append(request.body)
    return output
  }

  /// The response whose head of `headByteCount` bytes has been read, without its body.
  @inline(never)
  private func begin(on connection: ClientConnection, _ headByteCount: Int) -> ClientResponse {
    let response = ClientResponse(
      status: connection.parser.head.status, fields: Self.fields(of: connection), body: [])
    connection.beginBody(headByteCount: headByteCount)
    return response
  }

  /// Appends what has arrived of the body. False when more of it is to come.
  private func collect(
    into body: inout [UInt8], from connection: ClientConnection
  ) throws(ClientError) -> Bool {
    while true {
      switch try connection.nextBodyPiece() {
      case .end: return true
      case .starved: return false
      case .payload(let range):
        guard body.count + range.count <= pool.limits.maximumBodyByteCount else { throw .tooLarge }
        connection.input.withBytes { bytes in
          bytes.extracting(range).withUnsafeBytes { body.append(contentsOf: $0) }
        }
        connection.input.consume(range.upperBound)
      }
    }
  }

  private static func fields(of connection: ClientConnection) -> [(name: String, value: String)] {
    connection.input.withBytes { span in
      connection.parser.head.fields.map { field in
        (
          name: span.string(field.name).asciiLowercased, value: span.string(field.value)
        )
      }
    }
  }
}
