import Bytes
import EventLoop
import HTTP
import HTTPCore
import Log
import Platform
import Shop
import Storage
import _Concurrency

/// The catalog service: products, their pictures and stock, and the holds that orders put on stock.
///
/// It owns its database, so it keeps answers about hot products ready and forgets each before a writer that
/// changed it is answered (`ProductCache`).
public final class Catalog: ShopService {
  let database: Database
  let store: ProductStore
  let cursors: CursorCodec
  let cache: ProductCache
  let sweeper: HoldSweeper
  let loop: EventLoop
  let log: Logger
  private let entropy: any Entropy
  private var lastReadiness: (at: Instant, answer: Readiness)?

  /// Opens the database at `location`, brings its schema up to date, and gives back the pieces of holds that ran out
  /// while the service was down.
  public static func open(
    _ location: DatabaseLocation, settings: ServiceSettings, worker: any Worker, loop: EventLoop,
    entropy: any Entropy,
    log: Logger, metrics: Metrics
  ) async throws(StorageError) -> Catalog {
    let database = try await Database.open(
      location, service: "catalog", migrations: Schema.migrations, worker: worker, loop: loop,
      entropy: entropy, log: log)
    let catalog = Catalog(
      database: database, settings: settings, loop: loop, entropy: entropy, log: log, metrics: metrics)
    try await catalog.sweeper.start()
    return catalog
  }

  private init(
    database: Database, settings: ServiceSettings, loop: EventLoop, entropy: any Entropy, log: Logger,
    metrics: Metrics
  ) {
    self.database = database
    self.loop = loop
    self.entropy = entropy
    self.log = log
    store = ProductStore(currency: settings.shop.currency)
    cursors = CursorCodec(secret: settings.internalSecret)
    let cache = ProductCache()
    self.cache = cache
    sweeper = HoldSweeper(database: database, cache: cache, loop: loop, log: log)
    metrics.gauge("catalog_cache_entries", "Product answers kept ready.") { Double(cache.count) }
    metrics.gauge("catalog_cache_bytes", "Bytes of product answers kept ready.") { Double(cache.byteCount) }
    metrics.gauge("catalog_cache_hits", "Requests answered from the cache since the start.") {
      Double(cache.hitCount)
    }
  }

  /// Stops the sweeper and closes the database. The server has stopped before.
  public func close() async {
    sweeper.stop()
    await database.close()
  }

  /// Now, as the database stores it.
  var now: Int64 { loop.wallTime.milliseconds }

  /// A new product's id.
  func makeID() -> String { Identifier.make(entropy) }

  // MARK: ShopService

  public var rules: [RouteRule<CatalogRoute>] { CatalogRoute.rules() }

  public func respond(to call: Call<CatalogRoute>) async throws(Problem) -> Response {
    switch call.route {
    case .product: try await product(call)
    case .list: try await list(call)
    case .batch, .internalProducts: try await batch(call)
    case .picture: try await picture(call)
    case .tags: try await tags()
    case .create: try await create(call)
    case .replace: try await replace(call)
    case .delete: try await delete(call)
    case .stock: try await changeStock(call)
    case .importAll: try await importAll(call)
    case .setPicture: try await setPicture(call)
    case .internalStock: try await stockLevel(call)
    case .reserve: try await reserve(call)
    case .commit, .release, .returnStock: try await settle(call)
    }
  }

  public func findSubject(of call: Call<CatalogRoute>) async throws(Problem) {
    let id = call.parameters[0]
    let store = store
    let isThere = try await read { (connection) throws(StorageError) in
      try store.row(connection, id: id) != nil
    }
    guard isThere else { throw .notFound("product") }
  }

  /// Ready while a write becomes durable. Asked at most once a second, so that asking cannot wear the disk out.
  public func isReady() async -> Readiness {
    if let last = lastReadiness, loop.now - last.at < .seconds(1) { return last.answer }
    let now = now
    var answer = Readiness.ready
    do throws(StorageError) {
      try await database.write { (connection) throws(StorageError) in
        _ = try connection.execute(
          "INSERT INTO probe (one, at) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET at = ?1",
          [.integer(now)])
        return .commit(())
      }
    } catch {
      log.warning("not ready", LogField("storage", error.name))
      answer = .notReady("The catalog's database cannot be written.")
    }
    lastReadiness = (loop.now, answer)
    return answer
  }

  // MARK: The database

  /// Reads; an error becomes a problem.
  func read<T: Sendable>(
    _ body: @escaping @Sendable (Connection) throws(StorageError) -> T
  ) async throws(Problem) -> T {
    do throws(StorageError) {
      return try await database.read(body)
    } catch {
      throw problem(error)
    }
  }

  /// Writes; an error becomes a problem. After one nobody knows what is on disk, so nothing is kept ready.
  func write<T: Sendable>(
    _ body: @escaping @Sendable (Connection) throws(StorageError) -> Outcome<T>
  ) async throws(Problem) -> T {
    do throws(StorageError) {
      return try await database.write(body)
    } catch {
      // These two were refused before anything ran.
      if error != .overloaded && error != .closed { cache.invalidateAll() }
      let problem = problem(error)
      throw error == .io ? .inDoubt : problem
    }
  }

  private func problem(_ error: StorageError) -> Problem {
    switch error {
    case .overloaded, .closed:
      log.info("database busy", LogField("storage", error.name))
      return .unavailable
    case .constraint, .sql:
      log.error("statement failed", LogField("storage", error.name), LogField("advice", error.advice))
      return .internal
    default:
      log.error("database failed", LogField("storage", error.name), LogField("advice", error.advice))
      return .unavailable
    }
  }
}
