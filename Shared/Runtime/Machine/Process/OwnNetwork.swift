import EventLoop
import MachineSettings
import MachineTap
import NetworkStack
import Platform
import Wire
import _Concurrency

/// Our own TCP/IP under a process, over the TAP interface that its supervisor handed down.
///
/// Takes in no frame before the first `listen` or `connect`: while a service is being restarted and opens its database,
/// who asks for it waits in the interface's queue, instead of being told that nobody listens.
///
/// Settings: `net.tap.fd`, the inherited descriptor; `net.mac`; `net.address`, such as 10.83.0.11/24; `net.gateway`
/// (optional); `net.address6`, such as fd00:83::11/64 or auto, and `net.gateway6` (both optional; without
/// `net.address6` there is no IPv6, and with it there need be no `net.address`); `net.offload` (`true` unless it says
/// `false`).
final class OwnNetwork: Network {
  /// How long `finish` waits for peers to acknowledge what they were sent.
  static let lingerDuration = Duration.seconds(2)
  /// How often it looks.
  static let lingerInterval = Duration.milliseconds(1)

  /// After so much silence a peer is asked whether it lives, and then as often. A process that was killed takes its
  /// stack along and cannot say so; the one that is started in its place answers the question with RST.
  static let keepAliveInterval = Duration.seconds(1)
  /// Questions without an answer before a connection is given up.
  static let keepAliveProbeCount = 10

  private let stack: NetworkStack
  private let interface: Interface
  private let device: TapDevice
  private let driver: EpollDriver
  private var port: TapPort?

  init(_ settings: Settings, driver: EpollDriver, loop: EventLoop, entropy: any Entropy) throws(SettingsError)
  {
    var ipv6: IPv6Addressing?
    if settings["net.address6"] == "auto" {
      ipv6 = .automatic
    } else if let place = try settings.interfaceAddress6() {
      ipv6 = .fixed(address: place.address, network: place.network, gateway: place.gateway)
    }
    let addressing: Addressing
    if ipv6 != nil, settings["net.address"] == nil {
      addressing = .none
    } else {
      let place = try settings.interfaceAddress()
      addressing = .fixed(address: place.address, network: place.network, gateway: place.gateway)
    }
    var configuration = StackConfiguration()
    configuration.tcp.keepAliveIdle = UInt64(Self.keepAliveInterval.nanoseconds)
    configuration.tcp.keepAliveInterval = UInt64(Self.keepAliveInterval.nanoseconds)
    configuration.tcp.keepAliveProbeCount = Self.keepAliveProbeCount
    stack = NetworkStack(loop: loop, entropy: entropy, configuration: configuration)
    device = try Self.device(settings)
    self.driver = driver
    interface = stack.attach(device, addressing: addressing, ipv6: ipv6)
  }

  private func start() {
    if port == nil {
      port = TapPort(device, driver: driver, loop: stack.loop) { [interface] in interface.poll() }
    }
  }

  func listen(on endpoint: Endpoint) throws(NetworkError) -> any Listener {
    let listener = try stack.listen(on: endpoint)
    start()
    return listener
  }

  func connect(
    to endpoint: Endpoint, until deadline: Instant
  ) async throws(NetworkError) -> any ByteStream {
    start()
    return try await stack.connect(to: endpoint, until: deadline)
  }

  var figures: [NetworkFigure] { stack.figures }

  private static func device(_ settings: Settings) throws(SettingsError) -> TapDevice {
    let text = settings["net.tap.fd"] ?? ""
    guard let descriptor = Int32(text) else { throw SettingsError("net.tap.fd=\(text) is not a number") }
    guard let hardware = EthernetAddress(settings["net.mac"] ?? ""), hardware.isUnicast else {
      throw SettingsError("net.mac must be the address of one interface, such as 02:53:4f:55:4b:01")
    }
    do throws(NetworkError) {
      return try TapDevice(
        inheriting: descriptor, hardwareAddress: hardware.rawValue,
        offloads: settings["net.offload"] != "false")
    } catch {
      throw SettingsError("net.tap.fd=\(text) is not a TAP interface")
    }
  }

  /// Returns when everything that was sent has arrived, or after `lingerDuration`: unlike the kernel's, this stack
  /// ends with its process.
  func finish() async {
    let deadline = stack.loop.now + Self.lingerDuration
    repeat {
      await stack.loop.sleep(for: Self.lingerInterval)
    } while stack.pool.blocksInUseCount > 0 && stack.loop.now < deadline
  }
}
