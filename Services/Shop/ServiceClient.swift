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
  /// The field that tells the other side how many milliseconds are left; `ClientRequest.tellsTimeLeft`.
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
    _ call: ServiceCall, until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(ServiceError) -> ServiceAnswer {
    credit = min(credit + 1, Self.maximumCredit * 10)
    let request = request(call, trace)
    var retries = 0
    while true {
      let response: ClientResponse
      do throws(ClientError) {
        response = try await http.send(request, until: deadline)
      } catch {
        try spendRetry(error, call, &retries)
        continue
      }
      return try Self.answer(response, call)
    }
  }

  /// The same of its parts.
  @inline(__always)
  public func call(
    _ method: Method, _ target: String, body: [UInt8] = [], isInternal: Bool = false,
    isRepeatable: Bool = true, fields: [(name: String, value: String)] = [], expecting expected: [UInt16],
    until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(ServiceError) -> ServiceAnswer {
    try await call(
      ServiceCall(
        method, target, body: body, isInternal: isInternal, isRepeatable: isRepeatable, fields: fields,
        expecting: expected), until: deadline, trace: trace)
  }

  private func request(_ call: ServiceCall, _ trace: RequestTrace?) -> ClientRequest {
    var fields: [(name: String, value: String)] = [("accept", "application/json")]
    if call.isInternal { fields.append(("authorization", authorization)) }
    if !call.body.isEmpty { fields.append(("content-type", "application/json")) }
    if let trace {
      fields.append(("x-request-id", trace.requestID))
      if let traceparent = trace.traceparent { fields.append(("traceparent", traceparent)) }
    }
    fields += call.fields
    var request = ClientRequest(call.method, call.target, fields: fields, body: call.body)
    request.tellsTimeLeft = true
    return request
  }

  /// Returns when the call may be tried once more; throws what is wrong otherwise.
  private func spendRetry(
    _ error: ClientError, _ call: ServiceCall, _ retries: inout Int
  ) throws(ServiceError) {
    let mayRepeat: Bool
    switch error {
    case .connect(.timedOut), .timedOut: throw .late
    case .overloaded: throw .overloaded
    case .malformed, .tooLarge: throw .malformed
    case .connect: mayRepeat = true
    case .disconnected: mayRepeat = call.isRepeatable
    }
    guard mayRepeat, retries < Self.maximumRetries, credit >= 10 else { throw .unreachable }
    retries += 1
    credit -= 10
  }

  private static func answer(
    _ response: ClientResponse, _ call: ServiceCall
  ) throws(ServiceError) -> ServiceAnswer {
    let status = response.status.code
    guard call.expected.contains(status) else {
      if status == 504 { throw .late }
      throw status == 503 || status == 429 ? .overloaded : .unexpected(status: status)
    }
    guard !response.body.isEmpty else { return ServiceAnswer(status: status, json: .null) }
    do throws(JSONError) {
      // What services count, they count in whole numbers.
      let limits = JSONLimits(
        maximumByteCount: maximumAnswerByteCount, readFraction: JSONLimits.refuseFractions)
      return ServiceAnswer(status: status, json: try JSON.parse(response.body, limits: limits))
    } catch {
      throw .malformed
    }
  }
}

/// What is asked of a service, and which answers are understood. An object: it goes through asynchronous functions, each
/// of which would keep a copy.
public final class ServiceCall {
  let method: Method
  let target: String
  let body: [UInt8]
  let isInternal: Bool
  let isRepeatable: Bool
  let fields: [(name: String, value: String)]
  let expected: [UInt16]

  /// A call. `isInternal`: it carries the shop's secret. `isRepeatable`: done twice it does no more than once.
  @inline(never)
  public init(
    _ method: Method, _ target: String, body: [UInt8] = [], isInternal: Bool = false,
    isRepeatable: Bool = true, fields: [(name: String, value: String)] = [], expecting expected: [UInt16]
  ) {
    self.method = method
    self.target = target
    self.body = body
    self.isInternal = isInternal
    self.isRepeatable = isRepeatable
    self.fields = fields
    self.expected = expected
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
