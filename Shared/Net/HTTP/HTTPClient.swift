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
    let connection = try await pool.lend(until: deadline)
    do throws(ClientError) {
      return try await exchange(request, on: connection, until: deadline)
    } catch .disconnected(beforeResponse: true) where connection.isReused && request.method.isIdempotent {
      let second = try await pool.lend(until: deadline, fresh: true)
      return try await exchange(request, on: second, until: deadline)
    } catch { throw error }
  }

  private func exchange(
    _ request: ClientRequest, on connection: ClientConnection, until deadline: Instant
  ) async throws(ClientError) -> ClientResponse {
    defer { pool.giveBack(connection) }
    connection.begin(request.method)
    var output = ByteBuffer(capacity: 512 + request.body.count)
    let isWritten = RequestWriter.head(request.method, target: request.target, host: host, into: &output)
    precondition(isWritten, "a target or host that HTTP cannot carry: encode it first")
    for (name, value) in request.fields { ResponseWriter.field(name, value, into: &output) }
    if !request.body.isEmpty || request.method == .post || request.method == .put {
      output.append("content-length: ")
      output.append(decimal: request.body.count)
      output.append("\r\n")
    }
    output.append("\r\n")
    output.append(request.body)
    try await connection.write(&output, until: deadline)
    let headByteCount = try await connection.readHead(until: deadline)
    let fields = Self.fields(of: connection)
    let status = connection.parser.head.status
    connection.beginBody(headByteCount: headByteCount)
    let body = try await collectBody(of: connection, until: deadline)
    return ClientResponse(status: status, fields: fields, body: body)
  }

  private func collectBody(
    of connection: ClientConnection, until deadline: Instant
  ) async throws(ClientError) -> [UInt8] {
    var body: [UInt8] = []
    while true {
      switch try connection.nextBodyPiece() {
      case .end: return body
      case .starved: try await connection.receive(until: deadline)
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
