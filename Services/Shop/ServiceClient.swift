import Bytes
import EventLoop
import HTTP
import HTTPCore
import JSON
import Platform
import _Concurrency

/// How one service asks another: JSON over pooled connections, with the shop's secret, a deadline, the request's
/// id and trace, and retries within a budget.
///
/// A call that broke off is tried again at once if it is idempotent or never reached the other side. Each call
/// earns a tenth of a retry and at most `maximumCredit` are saved up, so a service that is down is not asked much
/// more often than one that is up.
public final class ServiceClient {
  private let http: HTTPClient
  private let authorization: String
  private let loop: EventLoop
  /// Tenths of a retry that may still be spent.
  private var credit = maximumCredit * 10

  /// Retries that can be saved up.
  public static let maximumCredit = 10
  /// Retries of one call.
  public static let maximumRetries = 2
  /// The field that tells the other side how many milliseconds are left.
  public static let timeoutField = "x-timeout-ms"
  /// The largest answer that is read.
  public static let maximumAnswerByteCount = 8 << 20

  /// A client over `http`'s connections. `secret` is the shop's internal secret.
  public init(http: HTTPClient, secret: String, loop: EventLoop) {
    self.http = http
    self.loop = loop
    authorization = "Bearer " + secret
  }

  /// Sends a request and reads its JSON. Statuses of `expected` are answered, others thrown.
  public func call(
    _ method: Method, _ target: String, body: [UInt8] = [], isInternal: Bool = false,
    isRepeatable: Bool = true, fields extra: [(name: String, value: String)] = [],
    expecting expected: [UInt16],
    until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(ServiceError) -> ServiceAnswer {
    var fields: [(name: String, value: String)] = [("accept", "application/json")]
    if isInternal { fields.append(("authorization", authorization)) }
    if !body.isEmpty { fields.append(("content-type", "application/json")) }
    if let trace {
      fields.append(("x-request-id", trace.requestID))
      if let traceparent = trace.traceparent { fields.append(("traceparent", traceparent)) }
    }
    fields.append(contentsOf: extra)
    let response = try await send(
      ClientRequest(method, target, fields: fields, body: body), isRepeatable, deadline)
    let status = response.status.code
    guard expected.contains(status) else {
      if status == 504 { throw .late }
      throw status == 503 || status == 429 ? .overloaded : .unexpected(status: status)
    }
    guard !response.body.isEmpty else { return ServiceAnswer(status: status, json: .null) }
    do throws(JSONError) {
      let limits = JSONLimits(maximumByteCount: Self.maximumAnswerByteCount)
      return ServiceAnswer(status: status, json: try JSON.parse(response.body, limits: limits))
    } catch {
      throw .malformed
    }
  }

  private func send(
    _ request: ClientRequest, _ isRepeatable: Bool, _ deadline: Instant
  ) async throws(ServiceError) -> ClientResponse {
    credit = min(credit + 1, Self.maximumCredit * 10)
    var retries = 0
    while true {
      var request = request
      let left = max(0, (deadline - loop.now).nanoseconds / 1_000_000)
      request.fields.append((Self.timeoutField, String(left)))
      do throws(ClientError) {
        return try await http.send(request, until: deadline)
      } catch {
        let mayRepeat: Bool
        switch error {
        case .connect(.timedOut), .timedOut: throw .late
        case .overloaded: throw .overloaded
        case .malformed, .tooLarge: throw .malformed
        case .connect: mayRepeat = true
        case .disconnected: mayRepeat = isRepeatable
        }
        guard mayRepeat, retries < Self.maximumRetries, credit >= 10 else { throw .unreachable }
        retries += 1
        credit -= 10
      }
    }
  }
}

/// What another service answered.
public struct ServiceAnswer: Sendable {
  /// One of the statuses that were expected.
  public let status: UInt16
  /// The body; null when there was none.
  public let json: JSON

  /// The problem's type, when it is a problem document of the shop's.
  public var problemType: ProblemType? { json["type"]?.string.flatMap { ProblemType(path: $0) } }
}
