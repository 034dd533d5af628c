import Bytes
import Checkout
import HTTP
import Machine
import MachineSettings
import Platform
import Shop
import Storage

/// Checkout on a machine.
@main
enum Main {
  static func main() { Machine.run("checkout", serve) }

  private static func serve(on machine: Machine) async throws(SettingsError) -> Int32 {
    let parts = try parts(of: machine)
    let metrics = Metrics()
    let checkout = try await open(machine, parts, metrics)
    let listener = try machine.listener()
    await parts.serve(checkout, on: listener, metrics: metrics) { await machine.waitForShutdown() }
    await checkout.close()
    return 0
  }

  private static func parts(of machine: Machine) throws(SettingsError) -> ServiceParts {
    do throws(ConfigurationError) {
      return try ServiceParts(
        loop: machine.loop, clock: machine.clock, entropy: machine.entropy, network: machine.network,
        log: machine.log, settings: machine.settings.all)
    } catch {
      throw SettingsError(error.description)
    }
  }

  private static func open(
    _ machine: Machine, _ parts: ServiceParts, _ metrics: Metrics
  ) async throws(SettingsError) -> Checkout {
    let location = try await machine.databaseLocation()
    let catalog: HTTPClient
    let cart: HTTPClient
    do throws(ConfigurationError) {
      catalog = try parts.client(of: "catalog")
      cart = try parts.client(of: "cart")
    } catch {
      throw SettingsError(error.description)
    }
    do throws(StorageError) {
      return try await Checkout.open(
        location, settings: parts.settings, catalog: catalog, cart: cart, worker: machine.databaseWorker,
        loop: parts.loop, entropy: parts.entropy, log: parts.log, metrics: metrics)
    } catch {
      throw SettingsError("\(location.text): \(error.advice)")
    }
  }
}
