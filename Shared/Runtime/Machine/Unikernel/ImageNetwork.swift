import Bytes
import CBoot
import EventLoop
import Log
import MachineSettings
import NetworkStack
import Platform
import TCP
import Wire
import _Concurrency

/// Our own TCP/IP under an image, over the first network device of the machine, and the second one where `outside` is set.
///
/// Takes in no frame before the first `listen` or `connect`: while a service opens its database, who asks for it waits
/// in the device's queue, instead of being told that nobody listens.
///
/// Settings: `net.address`, such as 10.83.0.11/24 or dhcp; `net.gateway` (optional); `net.address6`, such as
/// fd00:83::11/64 or auto, and `net.gateway6` (both optional; without `net.address6` there is no IPv6, and with it there
/// need be no `net.address`); the same of `outside`.
final class ImageNetwork: EventSource, Network {
  /// How long `finish` waits for peers to acknowledge what they were sent, and how often it looks.
  static let lingerDuration = Duration.seconds(2)
  static let lingerInterval = Duration.milliseconds(1)

  /// After so much silence a peer is asked whether it lives, and then as often. An image that was destroyed takes its
  /// stack along and cannot say so; the one that is started in its place answers the question with RST.
  static let keepAliveInterval = Duration.seconds(1)
  /// Questions without an answer before a connection is given up.
  static let keepAliveProbeCount = 10

  /// What every turn looks at, several times for each request, and counts no references for.
  private struct Link {
    /// Not owned here: the stack keeps its interfaces for as long as it lives, and each its device.
    unowned(unsafe) let interface: Interface
    unowned(unsafe) let device: any InterruptingNetworkDevice
  }

  private let stack: NetworkStack
  private var links: [Link] = []
  private let board: Board
  private let log: Logger
  private var isStarted = false
  private var mayHaveMore = false

  init(_ board: Board, entropy: any Entropy, log: Logger) {
    self.board = board
    self.log = log
    stack = NetworkStack(
      loop: board.loop, entropy: entropy,
      configuration: Self.configuration(heapByteCount: board.heap.totalByteCount))
  }

  /// Puts an interface on `device`, with what the settings of `name` say.
  func attach(
    _ device: any InterruptingNetworkDevice, _ name: String, _ settings: Settings
  ) throws(SettingsError) {
    let ipv6 = try Self.addressing6(name, settings)
    let addressing = try Self.addressing(name, settings, isNeeded: ipv6 == nil)
    let interface = stack.attach(device, addressing: addressing, ipv6: ipv6)
    let log = log
    interface.whenAddressChanges = { Self.report($0, of: name, log) }
    links.append(Link(interface: interface, device: device))
  }

  private static func addressing(
    _ name: String, _ settings: Settings, isNeeded: Bool
  ) throws(SettingsError) -> Addressing {
    let address = settings[name + ".address"]
    if let address, address == "dhcp" { return .dhcp(hostName: nil) }
    if address == nil, !isNeeded { return .none }
    let place = try settings.interfaceAddress(name)
    return .fixed(address: place.address, network: place.network, gateway: place.gateway)
  }

  private static func addressing6(_ name: String, _ settings: Settings) throws(SettingsError)
    -> IPv6Addressing?
  {
    if (settings[name + ".address6"] ?? "") == "auto" { return .automatic }
    guard let place = try settings.interfaceAddress6(name) else { return nil }
    return .fixed(address: place.address, network: place.network, gateway: place.gateway)
  }

  private static func report(_ event: AddressEvent, of name: String, _ log: Logger) {
    let level: Logger.Level
    let message: StaticString
    var address: String?
    switch event {
    case .configured(let new, _): address = new.description
    case .configuredIPv6(let new): address = new.description
    case .duplicateIPv6(let lost): address = lost.description
    default: break
    }
    switch event {
    case .configured, .configuredIPv6: (level, message) = (.info, "an address")
    case .conflict, .duplicateIPv6: (level, message) = (.error, "another machine has our address")
    case .lost, .lostIPv6: (level, message) = (.warning, "the address is lost")
    case .defended: return
    }
    log.log(level, message, LogField("network", name), address.map { LogField("address", $0) })
  }

  /// The stack's limits in a machine with so much memory: a quarter for queues, of which handshakes may take a quarter, and
  /// a sixteenth for what is remembered of closed connections.
  private static func configuration(heapByteCount: Int) -> StackConfiguration {
    var configuration = StackConfiguration()
    configuration.tcp.keepAliveIdle = UInt64(keepAliveInterval.nanoseconds)
    configuration.tcp.keepAliveInterval = UInt64(keepAliveInterval.nanoseconds)
    configuration.tcp.keepAliveProbeCount = keepAliveProbeCount
    configuration.bufferBudgetByteCount = min(configuration.bufferBudgetByteCount, heapByteCount / 4)
    // An entry and its place in the order take about 128 bytes.
    configuration.maximumTimeWaitCount = min(
      configuration.maximumTimeWaitCount, max(64, heapByteCount / 16 / 128))
    configuration.maximumHandshakeCount = min(
      configuration.maximumHandshakeCount, max(32, heapByteCount >> 16))
    return configuration
  }

  func listen(on endpoint: Endpoint) throws(NetworkError) -> any Listener {
    let listener = try stack.listen(on: endpoint)
    isStarted = true
    return listener
  }

  func connect(
    to endpoint: Endpoint, until deadline: Instant
  ) async throws(NetworkError) -> any ByteStream {
    isStarted = true
    return try await stack.connect(to: endpoint, until: deadline)
  }

  var figures: [NetworkFigure] {
    var list = stack.figures
    board.addHeap(to: &list)
    return list
  }

  /// Returns when everything that was sent has arrived, or after `lingerDuration`: this stack ends with its image.
  func finish() async {
    let deadline = stack.loop.now + Self.lingerDuration
    repeat {
      await stack.loop.sleep(for: Self.lingerInterval)
    } while stack.pool.blocksInUseCount > 0 && stack.loop.now < deadline
  }

  // MARK: The device

  // Arming takes the interrupt back, so looking needs no access to the device's registers.
  override func handleEvents() {
    mayHaveMore = false
    guard isStarted else { return }
    for link in links where link.interface.poll() { mayHaveMore = true }
  }

  override func mayIdle() -> Bool {
    guard isStarted else { return true }
    var isQuiet = !mayHaveMore
    for link in links {
      if link.device.armInterrupts() { isQuiet = false }
      if let failure = link.device.failureDescription {
        // Without a network nobody hears from this machine again: whoever supervises it starts another one.
        log.error("the network device was given up", LogField("reason", failure))
        boot_exit(Int32(BOOT_EXIT_DEVICE_LOST.rawValue))
      }
    }
    return isQuiet
  }
}
