import CartAPI
import CatalogAPI
import CheckoutAPI
import EventLoop
import HTTP
import HTTPCore
import JSON
import Log
import Platform
import Shop
import Storage
import _Concurrency

/// The checkout service: quotes, orders, payment.
///
/// It recovers before it says that it is ready (`Reconciler`); until then it reads, and places no order.
public final class Checkout: ShopService {
  let core: CheckoutCore
  let shop: ShopConfiguration
  let cursors: OrderCursor
  let placements: PlacementCounters
  private let database: Database
  private let stock: any StockKeeper
  private let carts: any CartKeeper
  private let loop: EventLoop
  private let log: Logger
  private var lastReadiness: (at: Instant, answer: Readiness)?

  /// Opens the database at `path`, brings its schema up to date, and begins to recover. `catalog` and `cart` are
  /// connections to the two; the payment provider is the built-in one.
  public static func open(
    _ location: DatabaseLocation, settings: ServiceSettings, catalog: HTTPClient, cart: HTTPClient,
    worker: any Worker,
    loop: EventLoop, entropy: any Entropy, log: Logger, metrics: Metrics
  ) async throws(StorageError) -> Checkout {
    let secret = settings.internalSecret
    return try await open(
      location, settings: settings,
      stock: RemoteStock(CatalogClient(http: catalog, secret: secret, loop: loop), http: catalog),
      carts: RemoteCarts(CartClient(http: cart, secret: secret, loop: loop), http: cart), worker: worker,
      loop: loop, entropy: entropy, log: log, metrics: metrics)
  }

  /// The same with any stock and any carts.
  static func open(
    _ location: DatabaseLocation, settings: ServiceSettings, stock: any StockKeeper, carts: any CartKeeper,
    worker: any Worker, loop: EventLoop, entropy: any Entropy, log: Logger, metrics: Metrics
  ) async throws(StorageError) -> Checkout {
    let database = try await Database.open(
      location, service: "checkout", migrations: Schema.migrations, worker: worker, loop: loop,
      entropy: entropy, log: log)
    let checkout = Checkout(
      database: database, settings: settings, stock: stock, carts: carts, loop: loop, entropy: entropy,
      log: log, metrics: metrics)
    checkout.core.start()
    return checkout
  }

  private init(
    database: Database, settings: ServiceSettings, stock: any StockKeeper, carts: any CartKeeper,
    loop: EventLoop, entropy: any Entropy, log: Logger, metrics: Metrics
  ) {
    self.database = database
    self.stock = stock
    self.carts = carts
    self.loop = loop
    self.log = log
    shop = settings.shop
    cursors = OrderCursor(secret: settings.internalSecret)
    placements = PlacementCounters(metrics)
    core = CheckoutCore(
      database: database, stock: stock, carts: carts, provider: TestProvider(database: database, loop: loop),
      shop: settings.shop, loop: loop, entropy: entropy, log: log)
  }

  /// Stops recovering and sweeping, and closes the database. The server has stopped before.
  public func close() async {
    core.stop()
    await database.close()
  }

  // MARK: ShopService

  public var rules: [RouteRule<CheckoutRoute>] { CheckoutRoute.rules() }

  public func respond(to call: Call<CheckoutRoute>) async throws(Problem) -> Response {
    switch call.route {
    case .shippingMethods: try shippingMethods(call)
    case .quote: try await quote(call)
    case .place: try await place(call)
    case .list: try await list(call)
    case .order: try await order(call)
    case .cancel: try await cancel(call)
    }
  }

  public func findSubject(of call: Call<CheckoutRoute>) async throws(Problem) {
    _ = try await existingOrder(call.parameters[0])
  }

  /// How long a neighbour may take to say that it is there.
  static let reachDeadline = Duration.seconds(1)

  /// Ready once everything is recovered, while a write becomes durable and both neighbours answer. Looked at no
  /// more than once a second.
  public func isReady() async -> Readiness {
    guard core.reconciler.isRecovered else {
      return .notReady("Orders of the last run are still being finished or undone.")
    }
    if let last = lastReadiness, loop.now - last.at < .seconds(1) { return last.answer }
    let answer = await readiness()
    lastReadiness = (loop.now, answer)
    return answer
  }

  private func readiness() async -> Readiness {
    do throws(StorageError) {
      try await core.store.probe(at: loop.wallTime)
    } catch {
      log.warning("not ready", LogField("storage", error.name))
      return .notReady("Checkout's database cannot be written.")
    }
    guard await stock.isReachable(until: loop.now + Self.reachDeadline) else {
      return .notReady("The catalog does not answer.")
    }
    guard await carts.isReachable(until: loop.now + Self.reachDeadline) else {
      return .notReady("The cart service does not answer.")
    }
    return .ready
  }
}

/// How requests to place an order ended.
final class PlacementCounters {
  private enum End: Int {
    case captured, declined, replayed, refused

    static let names: [StaticString] = ["captured", "declined", "replayed", "refused"]
  }

  private let counters: Counters

  init(_ metrics: Metrics) {
    counters = metrics.counters(
      "checkout_placements_total", "Requests to place an order, by their end.", count: End.names.count
    ) { [("end", End.names[$0].description)] }
  }

  func count(_ placement: Placement) {
    let end: End =
      switch placement {
      case .answered(_, _, isReplay: true): .replayed
      case .answered(let answer, _, _): answer.status == RecordedAnswer.placed ? .captured : .declined
      case .refused: .refused
      }
    counters.increment(end.rawValue)
  }
}
