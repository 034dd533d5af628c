#if PENDING  // JSON and HTTP are on their way; the declarations are settled
  import HTTP
  import HTTPCore
  import JSON
  import Platform
  import Shop
  import _Concurrency

  /// How other services ask the catalog.
  ///
  /// Every call carries a deadline. Calls are idempotent, so one that broke off is tried again at once, within the
  /// deadline and a budget: each call earns a tenth of a retry, and at most `maximumCredit` retries are saved up,
  /// so a catalog that is down is not asked much more often than one that is up.
  public final class CatalogClient {
    private let http: HTTPClient
    private let authorization: String
    /// Tenths of a retry that may still be spent.
    private var credit = maximumCredit * 10

    /// Retries that can be saved up.
    public static let maximumCredit = 10
    /// Retries of one call.
    public static let maximumRetries = 2

    /// A client over `http`'s connections. `secret` is the shop's internal secret.
    public init(http: HTTPClient, secret: String) {
      self.http = http
      authorization = "Bearer " + secret
    }

    /// Sends a request and reads its JSON. Statuses of `expected` are answered, others thrown.
    func call(
      _ method: Method, _ target: String, body: [UInt8] = [], isInternal: Bool = false,
      expecting expected: [UInt16], until deadline: Instant
    ) async throws(ServiceError) -> (status: UInt16, json: JSON) {
      var fields = [("accept", "application/json")]
      if isInternal { fields.append(("authorization", authorization)) }
      if !body.isEmpty { fields.append(("content-type", "application/json")) }
      let request = ClientRequest(method: method, target: target, fields: fields, body: body)
      let response = try await send(request, until: deadline)
      let status = response.status.code
      guard expected.contains(status) else {
        throw status == 503 || status == 429 ? .overloaded : .unexpected(status: status)
      }
      do throws(JSONError) {
        return (status, try JSON.parse(response.body, limits: JSONLimits(maximumByteCount: 16 << 20)))
      } catch {
        throw .malformed
      }
    }

    private func send(
      _ request: ClientRequest, until deadline: Instant
    ) async throws(ServiceError) -> ClientResponse {
      credit = min(credit + 1, Self.maximumCredit * 10)
      var retries = 0
      while true {
        do throws(ClientError) {
          return try await http.send(request, until: deadline)
        } catch {
          let isBroken: Bool
          switch error {
          case .connect(.timedOut), .timedOut: throw .late
          case .overloaded: throw .overloaded
          case .malformed, .tooLarge: throw .malformed
          case .connect, .disconnected: isBroken = true
          }
          guard isBroken, retries < Self.maximumRetries, credit >= 10 else { throw .unreachable }
          retries += 1
          credit -= 10
        }
      }
    }

    /// Appends `name=value` to a query.
    static func append(_ name: String, _ value: String, to query: inout String) {
      query += query.isEmpty ? "?" : "&"
      query += name
      query += "="
      query += PercentCoding.encodeQuery(value)
    }
  }
#endif
