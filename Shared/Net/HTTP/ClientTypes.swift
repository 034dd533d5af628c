import Bytes
import HTTPCore
import Platform

/// What a client may take.
public struct ClientLimits: Sendable {
  /// Sizes of a response's head.
  public var http = HTTPLimits()
  /// Connections to the endpoint at once; more requests wait.
  public var maximumConnections = 64
  /// Requests that wait for a connection; one more fails with `overloaded`.
  public var maximumWaiting = 1024
  /// Bytes of a response body that `send` collects; more fails with `tooLarge`.
  public var maximumBodyByteCount = 8 << 20
  /// How long a connection may be idle and still be used again. Shorter than a server's own limit, so that we
  /// seldom write to a connection that is being closed.
  public var idleTimeout: Duration = .seconds(60)
  /// The longest wait for a connection that comes back; then `overloaded`, and nothing was sent.
  public var waitTimeout: Duration = .seconds(2)
  /// The longest wait for a connection to open.
  public var connectTimeout: Duration = .seconds(2)

  /// The limits above.
  @inline(never)
  public init() {}
}

/// Why there is no answer.
public enum ClientError: Error, Equatable, Sendable {
  /// No connection.
  case connect(NetworkError)
  /// The deadline passed.
  case timedOut
  /// The connection broke. `beforeResponse`: no byte of an answer had come, so an idempotent request may be sent again.
  case disconnected(beforeResponse: Bool)
  /// The answer breaks HTTP.
  case malformed(Refusal)
  /// The answer is larger than the limit.
  case tooLarge
  /// Too many requests wait for a connection already, or none came back in time. Nothing was sent.
  case overloaded
}

/// A request to send. The client adds `host` and the framing fields.
public struct ClientRequest {
  /// The method.
  public var method: Method
  /// Path and query, percent-encoded.
  public var target: String
  /// Further fields; names in lower case.
  public var fields: [(name: String, value: String)]
  /// The body; empty means none.
  public var body: [UInt8]
  /// Whether `x-timeout-ms` tells how many milliseconds are left when the request is sent.
  public var tellsTimeLeft = false

  /// A request.
  public init(
    _ method: Method, _ target: String, fields: [(name: String, value: String)] = [], body: [UInt8] = []
  ) {
    self.method = method
    self.target = target
    self.fields = fields
    self.body = body
  }
}

/// An answer with its whole body.
public struct ClientResponse {
  /// The status.
  public var status: Status
  /// All fields, as they came; names in lower case.
  public var fields: [(name: String, value: String)]
  /// The body.
  public var body: [UInt8]

  /// An answer: tests make them by hand.
  public init(status: Status, fields: [(name: String, value: String)], body: [UInt8]) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  /// The value of the first field called `name` (lower case).
  public func field(named name: String) -> String? { fields.first { $0.name == name }?.value }
}
