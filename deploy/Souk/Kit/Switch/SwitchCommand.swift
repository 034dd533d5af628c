import ArgumentParser
import EventLoop
import Log
import Machine
import MachineSettings
import NetworkStack
import Platform
import Wire
import _Concurrency

/// The child of a supervisor that is the network of its virtual machines: a switch, and on it a host of our own TCP/IP
/// that leads connections from 127.0.0.1 to them. Not for people.
///
/// Settings: `machines`, names; `NAME.socket`, where its QEMU listens; `NAME.mac` and `NAME.address` or `NAME.address6`,
/// which alone it may use, or none of them for a machine that holds a network of its own; `net.mac` and `net.address` or
/// `net.address6`, the host's own; `doors`, as a forwarder has them.
struct SwitchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "switch", shouldDisplay: false)

  /// After so much silence a machine is asked whether it lives, and then as often.
  static let keepAliveInterval = Duration.seconds(1)
  /// Questions without an answer before a connection is given up.
  static let keepAliveProbeCount = 10

  @Option(help: .hidden)
  var settings: String

  func run() throws {
    do throws(SettingsError) {
      Machine.run("switch", settings: try Settings(file: settings), Self.serve)
    } catch {
      throw Failure(error.description, exitCode: ExitCode.needsAPerson)
    }
  }

  private static func serve(on machine: Machine) async throws(SettingsError) -> Int32 {
    guard let kernel = machine.network as? KernelNetwork else {
      throw SettingsError("the switch is the kernel's side of the network")
    }
    let settings = machine.settings
    var ports: [(port: StreamPort, owner: LearningSwitch.Owner?)] = []
    for name in (settings["machines"] ?? "").split(separator: " ").map(String.init) {
      guard let path = settings[name + ".socket"] else { throw SettingsError("\(name).socket is not set") }
      let port = StreamPort(name, loop: machine.loop, log: machine.log) { () throws(NetworkError) in
        guard let descriptor = UnixSocket.connect(path) else { throw .refused }
        return kernel.stream(adopting: descriptor)
      }
      ports.append((port, try owner(settings, name)))
    }
    var configuration = StackConfiguration()
    configuration.tcp.keepAliveIdle = UInt64(keepAliveInterval.nanoseconds)
    configuration.tcp.keepAliveInterval = UInt64(keepAliveInterval.nanoseconds)
    configuration.tcp.keepAliveProbeCount = keepAliveProbeCount
    let stack = NetworkStack(loop: machine.loop, entropy: machine.entropy, configuration: configuration)
    let network = VirtualSwitch(
      machines: ports, hardware: try hardwareAddress(settings, "net.mac"), loop: machine.loop)
    let forwarders = try Forwarder.all(of: machine, network: StackNetwork(stack, clients: kernel))
    if let place = try settings.interfaceAddress6() {
      network.start(
        stack, addressing: .none, ipv6: .fixed(address: place.address, network: place.network, gateway: nil))
    } else {
      let place = try settings.interfaceAddress()
      network.start(
        stack, addressing: .fixed(address: place.address, network: place.network, gateway: nil), ipv6: nil)
    }
    await Forwarder.serve(forwarders, on: machine)
    network.stop()
    if network.droppedCount > 0 {
      machine.log.warning("the switch dropped frames", LogField("count", String(network.droppedCount)))
    }
    return 0
  }

  /// The only one who may send into the port of `name`; nil for anybody.
  private static func owner(
    _ settings: Settings, _ name: String
  ) throws(SettingsError) -> LearningSwitch.Owner? {
    let texts = (settings[name + ".address"], settings[name + ".address6"])
    if texts == (nil, nil), settings[name + ".mac"] == nil { return nil }
    var owner = LearningSwitch.Owner(hardware: try hardwareAddress(settings, name + ".mac"))
    owner.address = texts.0.flatMap { IPv4Address($0) }
    owner.address6 = texts.1.flatMap { IPv6Address($0) }
    guard owner.address != nil || owner.address6 != nil else {
      throw SettingsError(
        "\(name).address must be an IPv4 address, such as 10.83.0.11, or \(name).address6 one of IPv6")
    }
    return owner
  }

  private static func hardwareAddress(
    _ settings: Settings, _ key: String
  ) throws(SettingsError) -> EthernetAddress {
    guard let address = EthernetAddress(settings[key] ?? ""), address.isUnicast else {
      throw SettingsError("\(key) must be the address of one interface, such as 02:53:4f:55:4b:01")
    }
    return address
  }
}
