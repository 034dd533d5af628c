import ArgumentParser
import CLinux
import EventLoop
import Glibc
import Machine
import Platform

/// The child of a supervisor that leads connections from 127.0.0.1 into the services' network. Not for people.
struct ForwardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "forward", shouldDisplay: false)

  @Option(help: .hidden)
  var settings: String

  func run() throws {
    do throws(SettingsError) {
      Machine.run("forwarder", settings: try Settings(file: settings), Self.serve)
    } catch {
      throw Failure(error.description, exitCode: ExitCode.needsAPerson)
    }
  }

  private static func serve(on machine: Machine) async throws(SettingsError) -> Int32 {
    guard let network = machine.network as? KernelNetwork else {
      throw SettingsError("the forwarder is the kernel's side of the network")
    }
    let forwarders = try Forwarder.all(of: machine, network: network)
    // From here on new sockets are the namespace's; those that listen stay where they are.
    try enter(machine.settings["net.namespace"] ?? "")
    await Forwarder.serve(forwarders, on: machine)
    return 0
  }

  /// Moves the loop's thread, which makes all sockets.
  private static func enter(_ path: String) throws(SettingsError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    guard descriptor >= 0, souk_enter_network_namespace(descriptor) == 0 else {
      throw SettingsError("cannot enter the network namespace \(path): \(String(cString: strerror(errno)))")
    }
  }
}
