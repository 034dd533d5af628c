import Catalog
import HTTP
import Machine
import Shop
import Storage

/// The catalog on a machine.
@main
enum Main {
  static func main() { Machine.run("catalog", serve) }

  private static func serve(on machine: Machine) async throws(SettingsError) -> Int32 {
    let settings = try settings(of: machine)
    let metrics = Metrics()
    let catalog = try await open(machine, settings, metrics)
    let front = Front(
      catalog, settings: settings, loop: machine.loop, log: machine.log, metrics: metrics)
    let server = HTTPServer(
      loop: machine.loop, entropy: machine.entropy, log: machine.log, metrics: metrics, handler: front)
    let listener = try machine.listener()
    machine.loop.spawn { await server.serve(on: listener) }
    await machine.waitForShutdown()
    await server.drain()
    await catalog.close()
    return 0
  }

  private static func settings(of machine: Machine) throws(SettingsError) -> ServiceSettings {
    do throws(ConfigurationError) {
      return try ServiceSettings(machine.settings.all)
    } catch {
      throw SettingsError(error.description)
    }
  }

  private static func open(
    _ machine: Machine, _ settings: ServiceSettings, _ metrics: Metrics
  ) async throws(SettingsError) -> Catalog {
    let path = try machine.databasePath()
    do throws(StorageError) {
      return try await Catalog.open(
        path, settings: settings, worker: machine.databaseWorker, loop: machine.loop,
        entropy: machine.entropy, log: machine.log, metrics: metrics)
    } catch {
      throw SettingsError("\(path): \(error.advice)")
    }
  }
}
