import Bytes
import CatalogAPI
import EventLoop
import HTTP
import Log
import Platform
import Shop
import Storage
import _Concurrency

/// The cart service from start to end.
public enum CartProgram {
  /// How often expired carts are removed.
  static var sweepInterval: Duration { .seconds(3600) }

  /// Opens the database at `location`, serves on `listener` until `waitForShutdown` returns, and closes.
  public static func run(
    _ parts: ServiceParts, database location: DatabaseLocation, worker: any Worker, listener: any Listener,
    until waitForShutdown: @escaping () async -> Void
  ) async throws(ConfigurationError) {
    let catalog = CatalogClient(
      http: try parts.client(of: "catalog"), secret: parts.settings.internalSecret, loop: parts.loop)
    let database: Database
    let service: CartService
    do throws(StorageError) {
      database = try await Database.open(
        location, service: "cart", migrations: CartService.migrations, worker: worker, loop: parts.loop,
        entropy: parts.entropy, log: parts.log)
      service = try await CartService.open(
        database, catalog: CatalogProducts(catalog), shop: parts.settings.shop, loop: parts.loop,
        clock: parts.clock, entropy: parts.entropy, log: parts.log)
    } catch {
      throw .unusable(location.text + ": " + error.advice)
    }
    let metrics = Metrics()
    metrics.gauge("cart_carts", "Carts in the database.") { Double(service.cartCount) }
    metrics.gauge("storage_queue_length", "Operations that wait for the database.") {
      Double(database.queueLength)
    }
    parts.loop.spawn {
      // Ends with the loop.
      while true {
        await service.sweep()
        await parts.loop.sleep(for: sweepInterval)
      }
    }
    await parts.serve(service, on: listener, metrics: metrics, until: waitForShutdown)
    await database.close()
  }
}
