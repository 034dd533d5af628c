// shop-api.md, "Everywhere", before changing this file: the order of checks is a promise.

import Bytes
import Cryptography
import EventLoop
import HTTP
import HTTPCore
import JSON
import Log
import Platform
import _Concurrency

/// What every service does alike, in the order of shop-api.md: 404, 405, 401, 413, 415, 400, 428; then the
/// service answers (412, 422, state). Also `/livez`, `/readyz`, `/metrics`, the echo of `x-request-id`, one log
/// line and the metrics of each request, both by route template.
public final class Front<Service: ShopService>: Handler {
  private let service: Service
  private let rules: [RouteRule<Service.Route>]
  private let router: Router<Int>
  private let loop: EventLoop
  private let log: Logger
  private let metrics: Metrics
  private let adminToken: [UInt8]
  private let internalSecret: [UInt8]
  private let figures: FrontFigures
  private let hotPlace: Int

  /// How long a service may take for an answer; less when the caller says so.
  public static var patience: Duration { .seconds(12) }

  /// The front of `service`. With `servesHealth` false, `/livez`, `/readyz` and `/metrics` are not served.
  public init(
    _ service: Service, settings: ServiceSettings, loop: EventLoop, log: Logger, metrics: Metrics,
    servesHealth: Bool = true
  ) {
    self.service = service
    self.loop = loop
    self.log = log
    self.metrics = metrics
    adminToken = Array(settings.adminToken.utf8)
    internalSecret = Array(settings.internalSecret.utf8)
    rules = service.rules
    var routes: [HTTPCore.Route<Int>] = []
    routes.reserveCapacity(rules.count + 3)
    for (index, rule) in rules.enumerated() {
      routes.append(HTTPCore.Route(rule.method, rule.template, index))
    }
    figures = FrontFigures(metrics, routes)
    hotPlace = figures.place(rule: service.hotRuleIndex, status: 200)
    if servesHealth {
      routes.append(HTTPCore.Route(.get, "/livez", -1))
      routes.append(HTTPCore.Route(.get, "/readyz", -2))
      routes.append(HTTPCore.Route(.get, "/metrics", -3))
    }
    router = Router(routes)
  }

  // MARK: Handler

  public func respondAtOnce(to request: Request, into output: inout ByteBuffer) -> Bool {
    guard service.respondAtOnce(to: request, into: &output) else { return false }
    figures.counters.increment(hotPlace)
    return true
  }

  public func respond(to request: Request) async -> Response {
    let began = loop.now
    let method = request.method
    var response: Response
    var ruleIndex: Int?
    switch request.withPath({ router.match(method, path: $0) }) {
    case .notFound:
      response = Problem(.notFound, "Nothing is served under this path.").response
    case .methodNotAllowed(let allow):
      response =
        method == .options ? Response(.noContent, fields: [("allow", allow)]) : Self.notAllowed(allow)
    case .route(let index, template: _, parameters: let parameters):
      if index < 0 {
        response = await health(index)
      } else {
        ruleIndex = index
        response = await answer(request, rules[index], parameters)
      }
    }
    response.set("x-request-id", request.id)
    let code = response.status.code
    let duration = loop.now - began
    figures.count(rule: ruleIndex, status: code, duration: duration)
    // Whoever polls `/readyz` reads the answer; the log need not repeat it.
    let level: Logger.Level = code >= 500 && ruleIndex != nil ? .info : .debug
    if log.isEnabled(level) { report(request, ruleIndex, code, duration, level) }
    return response
  }

  private func answer(
    _ request: Request, _ rule: RouteRule<Service.Route>, _ parameters: PathParameters
  ) async -> Response {
    do throws(Problem) {
      let trace = RequestTrace(requestID: request.id, traceparent: request.traceparent)
      let deadline = deadline(of: request)
      if rule.findsSubject {
        try await service.findSubject(
          of: Call(
            route: rule.route, request: request, parameters: parameters, json: nil, body: [], ifMatch: nil,
            trace: trace, deadline: deadline))
      }
      try authorize(request, rule.access)
      let (json, body) = try await readBody(of: request, rule.body)
      let ifMatch = try ifMatch(of: request)
      if rule.needsIfMatch && ifMatch == nil { throw .preconditionRequired }
      return try await service.respond(
        to: Call(
          route: rule.route, request: request, parameters: parameters, json: json, body: body,
          ifMatch: ifMatch,
          trace: trace, deadline: deadline))
    } catch {
      return error.response
    }
  }

  // MARK: The checks

  /// 401. A field that stands there twice counts as none.
  private func authorize(_ request: Request, _ access: RouteAccess) throws(Problem) {
    let secret: [UInt8]
    let what: StaticString
    switch access {
    case .public: return
    case .admin:
      secret = adminToken
      what = "Send Authorization: Bearer with the shop's admin token."
    case .internal:
      secret = internalSecret
      what = "This path is for the shop's own services."
    }
    guard request.fieldCount(.authorization) == 1, let value = request.field(.authorization),
      let token = Self.bearerToken(value), constantTimeEqual(token, secret)
    else { throw Problem(.unauthorized, what.description) }
  }

  /// 413, 415, 400.
  private func readBody(
    of request: Request, _ rule: RouteBody
  ) async throws(Problem) -> (json: JSON?, body: [UInt8]) {
    switch rule {
    case .none:
      switch request.method {
      case .post, .put, .patch: break
      default: return (nil, [])
      }
      guard request.hasBody else { return (nil, []) }
      let body = try await bytes(of: request, limit: RouteBody.jsonLimit)
      guard !body.isEmpty else { return (nil, []) }
      try requireMediaType(of: request, ["application/json"])
      let json = try Self.parse(body)
      guard json.object != nil else {
        throw .invalid("", "must be a JSON object, or leave the body out")
      }
      return (nil, [])
    case .json(let limit):
      let body = try await bytes(of: request, limit: limit)
      // Nothing at all has no media type to be wrong, unless it says so.
      if !body.isEmpty || request.hasField(.contentType) {
        try requireMediaType(of: request, ["application/json"])
      }
      guard !body.isEmpty else {
        throw Problem(.malformed, "The body is empty. Send a JSON object as application/json.")
      }
      return (try Self.parse(body), [])
    case .raw(let limit, let mediaTypes):
      let body = try await bytes(of: request, limit: limit)
      try requireMediaType(of: request, mediaTypes)
      guard !body.isEmpty else { throw Problem(.malformed, "The body is empty.") }
      return (nil, body)
    }
  }

  private func bytes(of request: Request, limit: Int) async throws(Problem) -> [UInt8] {
    do throws(BodyError) {
      return try await request.body(limit: limit)
    } catch {
      throw Problem(error)
    }
  }

  private func requireMediaType(of request: Request, _ mediaTypes: [String]) throws(Problem) {
    if request.fieldCount(.contentType) == 1, let value = request.field(.contentType) {
      for type in mediaTypes where MediaType.matches(value, type) { return }
    }
    var detail = "Send Content-Type: "
    for (index, type) in mediaTypes.enumerated() {
      if index > 0 { detail += index + 1 == mediaTypes.count ? " or " : ", " }
      detail += type
    }
    throw Problem(.unsupportedMediaType, detail + ".")
  }

  private static func parse(_ body: [UInt8]) throws(Problem) -> JSON {
    do throws(JSONError) {
      // A number out of range is for whoever reads the field (422), with its pointer.
      return try JSON.parse(body, limits: JSONLimits(readsHugeNumbers: true))
    } catch {
      throw Problem(.malformed, "The body is not JSON: " + error.description + ".")
    }
  }

  /// 400. Only for methods that change something; a route that heeds `If-Match` when read looks for it itself.
  private func ifMatch(of request: Request) throws(Problem) -> EntityTagCondition? {
    guard !request.method.isSafe, request.hasField(.ifMatch) else { return nil }
    let condition = EntityTagCondition(request.fieldList(.ifMatch))
    guard condition != .malformed else {
      throw Problem(.malformed, "If-Match must be * or a list of entity tags in quotes.")
    }
    return condition
  }

  /// RFC 6750 §2.1; the scheme's name is case-insensitive (RFC 9110 §11.1).
  static func bearerToken(_ value: String) -> [UInt8]? {
    let bytes = Array(value.utf8)
    let scheme: StaticString = "bearer "
    guard bytes.count > scheme.utf8CodeUnitCount else { return nil }
    for index in 0..<scheme.utf8CodeUnitCount {
      let byte = bytes[index]
      let lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
      guard lower == scheme.utf8Start[index] else { return nil }
    }
    return Array(bytes[scheme.utf8CodeUnitCount...])
  }

  private static func notAllowed(_ allow: String) -> Response {
    var problem = Problem(.methodNotAllowed, "Use one of the methods named in Allow.")
    problem.allow = allow
    return problem.response
  }

  /// What the caller has left, as far as it says so, but no more than our patience.
  private func deadline(of request: Request) -> Instant {
    let usual = loop.now + Self.patience
    guard let text = request.field(named: ServiceClient.timeoutField), let milliseconds = Int64(text),
      (0...600_000).contains(milliseconds)
    else { return usual }
    return min(usual, loop.now + .milliseconds(milliseconds))
  }

  // MARK: Health

  private func health(_ index: Int) async -> Response {
    switch index {
    case -1: return .text(.ok, "alive\n").with("cache-control", "no-store")
    case -2:
      switch await service.isReady() {
      case .ready: return .text(.ok, "ready\n").with("cache-control", "no-store")
      case .notReady(let reason): return Problem(.unavailable, reason.text.description).response
      }
    default:
      return Response(
        .ok,
        fields: [
          ("content-type", "text/plain; version=0.0.4; charset=utf-8"), ("cache-control", "no-store"),
        ], body: .bytes(metrics.exposition()))
    }
  }

  /// Never the path: it may hold a cart's or an order's id.
  private func report(
    _ request: Request, _ ruleIndex: Int?, _ code: UInt16, _ duration: Duration, _ level: Logger.Level
  ) {
    let route: StaticString = ruleIndex.map { rules[$0].template } ?? "-"
    let method = LogField("method", request.method.name)
    let status = LogField("status", Int(code))
    let id = LogField("request", request.id)
    if level == .debug {
      log.debug("answered", method, LogField("route", route), status, LogField("took", duration), id)
    } else {
      log.info("answered", method, LogField("route", route), status, LogField("took", duration), id)
    }
  }
}
