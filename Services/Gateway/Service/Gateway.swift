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
  private let proxies: [Proxy]
  private let peers: [HTTPClient]
  private let loop: EventLoop
  private let log: Logger
  private let figures: GatewayFigures

  /// The services behind it.
  private static let services: [StaticString] = ["catalog", "cart", "checkout"]
  /// Connections to one service.
  public static let maximumConnectionsPerService = 128
  /// For the question whether a service is ready.
  static let readinessPatience: Duration = .seconds(1)

  /// A gateway as `settings` has it: `peer.catalog`, `peer.cart`, `peer.checkout`, `secret.cookie`.
  public init(
    settings: ServiceSettings, network: any Network, loop: EventLoop, entropy: any Entropy, log: Logger,
    metrics: Metrics
  ) throws(ConfigurationError) {
    self.loop = loop
    self.log = log
    figures = GatewayFigures(metrics)
    var limits = ClientLimits()
    limits.maximumConnections = Self.maximumConnectionsPerService
    var peers: [HTTPClient] = []
    var proxies: [Proxy] = []
    for name in Self.services {
      let client = HTTPClient(
        network: network, loop: loop, endpoint: try settings.peer(name.description), host: name.description,
        limits: limits)
      peers.append(client)
      proxies.append(Proxy(pool: client.pool, host: name, loop: loop, entropy: entropy, metrics: metrics))
    }
    self.peers = peers
    self.proxies = proxies
    storefront = Storefront(
      catalog: ServiceClient(http: peers[0], secret: settings.internalSecret, loop: loop),
      carts: CartClient(http: peers[1], secret: settings.internalSecret, loop: loop),
      orders: ServiceClient(http: peers[2], secret: settings.internalSecret, loop: loop),
      shop: settings.shop, seal: Seal(secret: try settings.secret("secret.cookie")), entropy: entropy,
      loop: loop,
      log: log)
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
    record(request, destination, response.status, loop.now - began)
    return tagged(response, request)
  }

  private func record(_ request: Request, _ destination: Destination, _ status: Status, _ duration: Duration)
  {
    figures.count(destination, status: status.code, duration)
    guard log.isEnabled(.debug) else { return }
    // Never the path: it may hold a cart's or an order's id.
    log.debug(
      "answered", LogField("method", request.method.name), LogField("to", destination.name),
      LogField("status", Int(status.code)), LogField("took", duration), LogField("request", request.id))
  }

  /// A message that is passed on carries the request's id already.
  private func tagged(_ response: Response, _ request: Request) -> Response {
    if case .message = response.body { return response }
    return response.with("x-request-id", request.id)
  }

  /// The first service that does not say it is ready; nil when all do.
  func firstUnready() async -> StaticString? {
    for (index, peer) in peers.enumerated() {
      do throws(ClientError) {
        let answer = try await peer.send(
          ClientRequest(.get, "/readyz"), until: loop.now + Self.readinessPatience)
        guard answer.status == .ok else { return Self.services[index] }
      } catch {
        return Self.services[index]
      }
    }
    return nil
  }
}

extension Destination {
  /// For logs and metrics.
  var name: StaticString {
    switch self {
    case .service(.catalog): "catalog"
    case .service(.cart): "cart"
    case .service(.checkout): "checkout"
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
