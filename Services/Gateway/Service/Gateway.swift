// shop-api.md, "Everywhere" and "Storefront", before changing this file.

import Bytes
import CartAPI
import CatalogAPI
import EventLoop
import HTTP
import HTTPCore
import Log
import Platform
import Shop
import _Concurrency

/// The shop's front door: passes `/api/v1` on to the services and shows the storefront under everything else.
///
/// What the services say to each other (`/internal`), their health and their numbers are not reachable
/// through it.
public final class Gateway: Handler {
  private let storefront: Storefront
  let proxies: [Proxy]
  private let loop: EventLoop
  private let log: Logger
  private let figures: GatewayFigures

  /// Connections to one service.
  public static let maximumConnectionsPerService = 128
  /// For the question whether a service is ready.
  static let readinessPatience: Duration = .seconds(1)

  /// A gateway as `settings` has it: `peer.catalog`, `peer.cart`, `peer.checkout`, `secret.cookie`.
  public init(
    settings: ServiceSettings, network: any Network, loop: EventLoop, entropy: any Entropy, log: Logger,
    metrics: Metrics
  ) throws(ConfigurationError) {
    // All that can fail comes before the first property is set: an initialiser that fails in its midst takes apart what
    // there is at each such place.
    let cookieSecret = try settings.secret("secret.cookie")
    var proxies: [Proxy] = []
    for peer in Destination.Peer.allCases {
      proxies.append(
        Proxy(
          peer.name, at: try settings.peer(peer.name.description), network: network, loop: loop,
          entropy: entropy, metrics: metrics))
    }
    self.proxies = proxies
    self.loop = loop
    self.log = log
    figures = GatewayFigures(metrics)
    let secret = settings.internalSecret
    func client(_ peer: Destination.Peer) -> HTTPClient { proxies[peer.rawValue].client }
    storefront = Storefront(
      catalog: ServiceClient(http: client(.catalog), secret: secret, loop: loop),
      carts: CartClient(http: client(.cart), secret: secret, loop: loop),
      orders: ServiceClient(http: client(.checkout), secret: secret, loop: loop), shop: settings.shop,
      seal: Seal(secret: cookieSecret), entropy: entropy, loop: loop, log: log)
  }

  public func respond(to request: Request) async -> Response {
    let began = loop.now
    let destination = request.withPath { RoutingTable.destination(of: $0) }
    let response: Response
    switch destination {
    case .service(let peer): response = await proxies[peer.rawValue].respond(to: request)
    case .storefront: response = await storefront.respond(to: request)
    case .unknown: response = Problem(.notFound, "The API has nothing under this path.").response
    case .ambiguous:
      response =
        Problem(
          .malformed, "The path has an empty or dot segment, an escaped slash or control, or a broken escape."
        ).response
    }
    return noted(response, to: request, from: destination, took: loop.now - began)
  }

  /// The answer, counted and logged, with the request's id. Not inlined: it stands behind two waits.
  @inline(never)
  private func noted(
    _ response: Response, to request: Request, from destination: Destination, took duration: Duration
  ) -> Response {
    figures.count(destination, status: response.status.code, duration)
    if log.isEnabled(.debug) {
      // Never the path: it may hold a cart's or an order's id.
      log.debug(
        "answered", LogField("method", request.method.name), LogField("to", destination.name),
        LogField("status", Int(response.status.code)), LogField("took", duration),
        LogField("request", request.id))
    }
    // A message that is passed on carries the request's id already.
    if case .message = response.body { return response }
    return response.with("x-request-id", request.id)
  }

  /// The first service that does not say it is ready; nil when all do.
  func firstUnready() async -> StaticString? {
    for peer in Destination.Peer.allCases {
      let answer = try? await proxies[peer.rawValue].client.send(
        ClientRequest(.get, "/readyz"), until: loop.now + Self.readinessPatience)
      guard answer?.status == .ok else { return peer.name }
    }
    return nil
  }
}

extension Destination {
  /// For logs and metrics.
  var name: StaticString {
    switch self {
    case .service(let peer): peer.name
    case .storefront: "storefront"
    case .unknown, .ambiguous: "-"
    }
  }

  fileprivate var place: Int {
    switch self {
    case .service(let peer): peer.rawValue
    case .storefront: 3
    case .unknown, .ambiguous: 4
    }
  }
}

extension Destination.Peer {
  /// The service's: in its settings, to itself, for logs and metrics.
  var name: StaticString {
    @inline(never) get {
      switch self {
      case .catalog: "catalog"
      case .cart: "cart"
      case .checkout: "checkout"
      }
    }
  }
}

/// What the gateway counts about every request.
private struct GatewayFigures {
  private let counters: Counters
  private let histograms: Histograms

  init(_ metrics: Metrics) {
    let names: [StaticString] = ["catalog", "cart", "checkout", "storefront", "-"]
    counters = metrics.counters("souk_requests_total", "Requests answered.", count: 4 * names.count) {
      [("route", names[$0 / 4].description), ("status", String($0 % 4 + 2) + "xx")]
    }
    histograms = metrics.histograms(
      "souk_request_seconds", "Time from a request's head to its answer's.", count: names.count
    ) { [("route", names[$0].description)] }
  }

  func count(_ destination: Destination, status: UInt16, _ duration: Duration) {
    counters.increment(destination.place * 4 + min(max(Int(status) / 100, 2), 5) - 2)
    histograms.observe(duration, destination.place)
  }
}
