import Bytes
import HTTP
import HTTPCore
import Shop
import _Concurrency

/// The gateway's own health and numbers, on a port of their own: `/livez`, `/readyz`, `/metrics`.
public final class AdminPort: Handler {
  private let gateway: Gateway
  private let metrics: Metrics
  private let router: Router<Question>

  private enum Question { case live, ready, metrics }

  /// The admin port of `gateway`, whose numbers are in `metrics`.
  public init(_ gateway: Gateway, metrics: Metrics) {
    self.gateway = gateway
    self.metrics = metrics
    router = Router([
      Route(.get, "/livez", .live), Route(.get, "/readyz", .ready), Route(.get, "/metrics", .metrics),
    ])
  }

  public func respond(to request: Request) async -> Response {
    if let answer = answerAtOnce(request) { return answer }
    return readiness(await gateway.firstUnready())
  }

  /// The answer; nil to the question whether the shop is ready, which the services have to be asked.
  private func answerAtOnce(_ request: Request) -> Response? {
    let matched = request.withPath { router.match(request.method, path: $0) }
    switch matched {
    case .notFound: return Problem(.notFound, "Nothing is served under this path.").response
    case .methodNotAllowed(let allow):
      var problem = Problem(.methodNotAllowed, "Use one of the methods named in Allow.")
      problem.allow = allow
      return problem.response
    case .route(.live, _, _): return Self.plain("alive\n")
    case .route(.ready, _, _): return nil
    case .route(.metrics, _, _):
      return Response(
        .ok,
        fields: [
          ("content-type", "text/plain; version=0.0.4; charset=utf-8"), ("cache-control", "no-store"),
        ],
        body: .bytes(metrics.exposition()))
    }
  }

  private func readiness(_ unready: StaticString?) -> Response {
    guard let unready else { return Self.plain("ready\n") }
    return Problem(.unavailable, "The service " + unready.description + " is not ready.").response
  }

  private static func plain(_ text: String) -> Response {
    .text(.ok, text).with("cache-control", "no-store")
  }
}
