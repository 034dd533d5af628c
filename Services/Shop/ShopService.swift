import Bytes
import HTTP
import HTTPCore
import JSON
import Platform
import _Concurrency

/// A service behind a `Front`: what it serves, and how it answers once the front has checked a request.
public protocol ShopService: AnyObject {
  /// A small enum that names the service's paths.
  associatedtype Route
  /// The service's paths. Read once.
  var rules: [RouteRule<Route>] { get }
  /// Answers a request that has passed every check up to 428. What it throws becomes a problem document.
  func respond(to call: Call<Route>) async throws(Problem) -> Response
  /// For rules with `findsSubject`: throws the 404 of the thing that the path names. Asked before credentials and
  /// body are looked at (shop-api.md, "Order of checks"); `json` and `body` of the call are still empty.
  func findSubject(of call: Call<Route>) async throws(Problem)
  /// Whether the service can do its work now: storage writable, dependencies reachable.
  func isReady() async -> Readiness
  /// The hot path, see `Handler`. Only for public paths: the front checks nothing here.
  func respondAtOnce(to request: Request, into output: inout ByteBuffer) -> Bool
  /// The index in `rules` of the path that `respondAtOnce` answers, for metrics.
  var hotRuleIndex: Int { get }
}

extension ShopService {
  /// Every subject is there.
  public func findSubject(of call: Call<Route>) async throws(Problem) {}
  /// No hot path.
  public func respondAtOnce(to request: Request, into output: inout ByteBuffer) -> Bool { false }
  /// The first.
  public var hotRuleIndex: Int { 0 }
}

/// What `/readyz` says.
public enum Readiness: Equatable, Sendable {
  /// 200.
  case ready
  /// 503; what is missing.
  case notReady(StaticReason)
}

/// A reason that stands in the source, so that nothing secret can be in it.
public struct StaticReason: Equatable, Sendable, ExpressibleByStringLiteral {
  /// The text.
  public let text: StaticString

  /// A reason.
  public init(stringLiteral text: StaticString) { self.text = text }

  /// Whether both say the same.
  public static func == (left: StaticReason, right: StaticReason) -> Bool {
    left.text.description == right.text.description
  }
}

/// A request that a front has checked.
public struct Call<Route> {
  /// What the service calls the path.
  public let route: Route
  /// The request, lent until the service answers.
  public let request: Request
  /// The path's parameters, percent-decoded, in order of appearance.
  public let parameters: PathParameters
  /// The body of a path that takes JSON: any JSON value.
  public let json: JSON?
  /// The body of a path that takes bytes.
  public let body: [UInt8]
  /// What `If-Match` says, with a method that changes something; nil without one.
  public let ifMatch: EntityTagCondition?
  /// What to pass on to other services.
  public let trace: RequestTrace
  /// When the answer is of no use to anybody any more.
  public let deadline: Instant

  /// The request's id, made or kept.
  public var requestID: String { trace.requestID }
}

/// What one request is known by from service to service.
public struct RequestTrace: Equatable, Sendable {
  /// `x-request-id`.
  public var requestID: String
  /// `traceparent` (W3C Trace Context).
  public var traceparent: String?

  /// A request's id and trace.
  public init(requestID: String, traceparent: String? = nil) {
    self.requestID = requestID
    self.traceparent = traceparent
  }
}
