import EventLoop
import Gateway
import HTTP
import Machine
import MachineSettings
import Platform
import Shop

/// The gateway on a machine.
@main
enum Main {
  static func main() { Machine.run("gateway", serve) }

  private static func serve(on machine: Machine) async throws(SettingsError) -> Int32 {
    let (server, admin) = try start(machine)
    await machine.waitForShutdown()
    await server.drain()
    await admin.drain(within: .seconds(1))
    return 0
  }

  /// Starts the shop's door, and the port that tells how it fares.
  @inline(never)
  private static func start(_ machine: Machine) throws(SettingsError) -> (HTTPServer, admin: HTTPServer) {
    let metrics = Metrics()
    metrics.include(machine.network)
    let gateway = try open(machine, metrics)
    let listener = try machine.listener()
    let adminListener = try machine.listener("admin")
    let server = HTTPServer(
      loop: machine.loop, entropy: machine.entropy, log: machine.log, metrics: metrics, handler: gateway,
      memory: machine.memory)
    // The admin port's own connections are not among the shop's numbers.
    let admin = HTTPServer(
      loop: machine.loop, entropy: machine.entropy, log: machine.log, metrics: Metrics(),
      handler: AdminPort(gateway, metrics: metrics))
    server.start(on: listener)
    admin.start(on: adminListener)
    return (server, admin)
  }

  @inline(never)
  private static func open(_ machine: Machine, _ metrics: Metrics) throws(SettingsError) -> Gateway {
    do throws(ConfigurationError) {
      return try Gateway(
        settings: try ServiceSettings(machine.settings.all), network: machine.network, loop: machine.loop,
        entropy: machine.entropy, log: machine.log, metrics: metrics)
    } catch {
      throw SettingsError(error.description)
    }
  }
}
