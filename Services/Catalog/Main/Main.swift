import Bytes
import Catalog
import HTTP
import Machine
import MachineSettings
import Platform
import Shop
import Storage

/// The catalog on a machine.
@main
enum Main {
  static func main() { Machine.run("catalog", serve) }

  private static func serve(on machine: Machine) async throws(SettingsError) -> Int32 {
    let parts = try parts(of: machine)
    let location = try await machine.databaseLocation()
    let metrics = Metrics()
    let catalog = try await open(location, worker: machine, parts, metrics)
    await parts.serve(catalog, on: try machine.listener(), metrics: metrics) {
      await machine.waitForShutdown()
    }
    await catalog.close()
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
    _ location: DatabaseLocation, worker machine: Machine, _ parts: ServiceParts, _ metrics: Metrics
  ) async throws(SettingsError) -> Catalog {
    do throws(StorageError) {
      return try await Catalog.open(
        location, settings: parts.settings, worker: machine.databaseWorker, loop: parts.loop,
        entropy: parts.entropy, log: parts.log, metrics: metrics)
    } catch {
      throw SettingsError("\(location.text): \(error.advice)")
    }
  }
}
