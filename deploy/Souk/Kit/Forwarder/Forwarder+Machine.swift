import EventLoop
import Machine
import Platform
import _Concurrency

/// The forwarders of a process that is nothing else.
extension Forwarder {
  /// For answers that are on their way to slow clients when the process is told to stop.
  static let drainPatience = Duration.seconds(2)

  /// One for each of the settings' `doors`: from the inherited socket `NAME.fd` to `peer.NAME` in `network`.
  static func all(
    of machine: Machine, network: any ForwardedNetwork
  ) throws(SettingsError) -> [Forwarder] {
    var forwarders: [Forwarder] = []
    for name in (machine.settings["doors"] ?? "").split(separator: " ").map(String.init) {
      let listener = try machine.listener(name)
      let destination = try machine.peer(name)
      forwarders.append(
        Forwarder(
          name, from: listener, to: destination, network: network, loop: machine.loop, log: machine.log))
    }
    return forwarders
  }

  /// Serves until the process is told to stop, and then until the answers that are on their way have left.
  static func serve(_ forwarders: [Forwarder], on machine: Machine) async {
    for forwarder in forwarders { machine.loop.spawn { await forwarder.serve() } }
    await machine.waitForShutdown()
    let deadline = machine.loop.now + drainPatience
    for forwarder in forwarders { forwarder.stopAccepting() }
    for forwarder in forwarders { await forwarder.drain(until: deadline) }
  }
}
