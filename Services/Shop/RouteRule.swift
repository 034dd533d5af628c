import HTTPCore

/// One path of a service: how it is reached, who may use it, and what body it takes.
public struct RouteRule<Route> {
  /// The method; HEAD comes with GET.
  public let method: Method
  /// The path with its parameters: `/api/v1/carts/{id}`. Logs and metrics show this, never the path itself.
  public let template: StaticString
  /// What the service calls it.
  public let route: Route
  /// Who may use it.
  public let access: RouteAccess
  /// What body it takes.
  public let body: RouteBody
  /// Whether the service's `findSubject` is asked before anything else is looked at.
  public let findsSubject: Bool
  /// Whether a request without `If-Match` is 428.
  public let needsIfMatch: Bool

  /// A path that everybody may use and that takes no body, unless said otherwise.
  public init(
    _ method: Method, _ template: StaticString, _ route: Route, access: RouteAccess = .public,
    body: RouteBody = .none, findsSubject: Bool = false, needsIfMatch: Bool = false
  ) {
    self.method = method
    self.template = template
    self.route = route
    self.access = access
    self.body = body
    self.findsSubject = findsSubject
    self.needsIfMatch = needsIfMatch
  }
}

/// Who may use a path.
public enum RouteAccess: Equatable, Sendable {
  /// Everybody.
  case `public`
  /// The shop's owner: `Authorization: Bearer` with the admin token.
  case admin
  /// The shop's services: `Authorization: Bearer` with the internal secret.
  case `internal`
}

/// What body a path takes.
public enum RouteBody: Equatable, Sendable {
  /// None; a POST, PUT or PATCH may send a JSON object all the same, whose fields are ignored.
  case none
  /// JSON (`application/json`), up to `limit` bytes.
  case json(limit: Int)
  /// Bytes of one of these media types, up to `limit`.
  case raw(limit: Int, mediaTypes: [String])

  /// JSON of at most 1 MiB.
  public static let json = RouteBody.json(limit: jsonLimit)
  /// 1 MiB.
  public static let jsonLimit = 1 << 20
  /// 2 MiB: the largest picture.
  public static let imageLimit = 2 << 20
}
