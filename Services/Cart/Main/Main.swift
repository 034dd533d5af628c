import Cart
import Machine
import MachineSettings
import Platform
import Shop

/// The carts on a machine.
@main
enum Main {
  static func main() { Machine.run("cart", serve) }

  private static func serve(on machine: Machine) async throws(SettingsError) -> Int32 {
    let location = try await machine.databaseLocation()
    let listener = try machine.listener()
    do throws(ConfigurationError) {
      let parts = try ServiceParts(
        loop: machine.loop, clock: machine.clock, entropy: machine.entropy, network: machine.network,
        log: machine.log, settings: machine.settings.all)
      try await CartProgram.run(
        parts, database: location, worker: machine.databaseWorker, listener: listener
      ) {
        await machine.waitForShutdown()
      }
    } catch {
      throw SettingsError(error.description)
    }
    return 0
  }
}
