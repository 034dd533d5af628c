import Blkfront
import Bytes
import EventLoop
import Hypervisor
import Log
import MachineSettings
import Netfront
import NetworkStack
import Platform
import Wire
import XenBus
import XenRing
import XenStore
import _Concurrency

/// The devices of a domain of Xen's, found in xenstore. They stay connected: a backend that is restarted, and another
/// host's after a restore, finds its frontend waiting.
final class XenDevices: EventSource {
  /// Less memory than this is little for a network device's usual half megabyte.
  private static let smallHeapByteCount = 8 << 20

  let store: XenStore
  let grants: PageGrants
  private let memory: PageMemory
  private let loop: EventLoop
  private let heapByteCount: Int
  private let log: Logger
  private var connected: [XenBusDevice] = []

  init(_ board: Board, _ memory: PageMemory, log: Logger) throws(SettingsError) {
    self.memory = memory
    self.log = log
    loop = board.loop
    heapByteCount = board.heap.totalByteCount
    do throws(XenError) {
      store = try Domain.store(loop: board.loop)
    } catch {
      throw SettingsError(error.description)
    }
    grants = PageGrants(memory: memory)
    super.init()
    board.driver.watch(self, interruptLine: nil)
  }

  override func handleEvents() { store.handleEvents() }

  /// Connects network device `index`.
  func startNetwork(
    _ index: Int, usesIPv6: Bool
  ) async throws(SettingsError) -> any InterruptingNetworkDevice {
    let folder = "device/vif/" + String(index)
    guard let text = try await value(folder + "/mac"), let address = EthernetAddress(text) else {
      throw SettingsError(
        (index == 0 ? "no" : "no second") + " network device (xl: vif=[\"mac=…,bridge=…\"])")
    }
    do throws(XenError) {
      let netfront = try Netfront(
        hardwareAddress: address.rawValue, memory: memory, table: grants,
        configuration: Self.configuration(heapByteCount: heapByteCount, usesIPv6: usesIPv6))
      try await connect(netfront, "network device", folder: folder)
      return netfront
    } catch {
      throw SettingsError("network device: " + error.description)
    }
  }

  /// Connects the disk; `park` is what waiting for it means.
  func startDisk(park: @escaping () -> Void) async throws(SettingsError) -> any ServiceDisk {
    guard let device = try await firstDisk() else {
      throw SettingsError("no disk (xl: disk=[\"vdev=xvda,…\"])")
    }
    do throws(XenError) {
      let disk = try Blkfront(virtualDevice: device, memory: memory, table: grants, park: park)
      try await connect(disk, "disk", folder: "device/vbd/" + String(device))
      return disk
    } catch {
      throw SettingsError("disk: " + error.description)
    }
  }

  /// In a small machine a network device has half its pages; fewer would not take large frames.
  private static func configuration(heapByteCount: Int, usesIPv6: Bool) -> Netfront.Configuration {
    var configuration = Netfront.Configuration()
    // Neighbours and routers of IPv6 are heard by groups.
    configuration.refusesMulticast = !usesIPv6
    if heapByteCount < smallHeapByteCount {
      configuration.receivePageCount = 32
      configuration.transmitPageCount = 32
    }
    return configuration
  }

  /// The lowest number among the disks'.
  private func firstDisk() async throws(SettingsError) -> UInt32? {
    do throws(XenError) {
      return Self.lowest(try await store.directory("device/vbd"))
    } catch {
      if error == .missing { return nil }
      throw SettingsError(error.description)
    }
  }

  private static func lowest(_ names: [String]) -> UInt32? {
    var lowest: UInt32?
    for name in names {
      if let number = UInt64(digits: name, upTo: UInt64(UInt32.max)) {
        lowest = min(lowest ?? .max, UInt32(number))
      }
    }
    return lowest
  }

  /// After a restore: every grant and event channel is void, and the backends are others.
  func resume() throws(XenError) {
    try grants.resume()
    for device in connected { device.reconnect() }
  }

  /// Connects `frontend`, called `name`, to its backend, and keeps it so.
  private func connect(_ frontend: any Frontend, _ name: String, folder: String) async throws(XenError) {
    let device = XenBusDevice(
      frontend, folder: folder, store: store, loop: loop,
      openChannel: { (domain) throws(XenError) -> any EventChannel in try EventPort(for: domain) })
    try await device.connect()
    connected.append(device)
    let log = log
    loop.spawn {
      await device.stayConnected { news, isConnected in
        log.log(
          isConnected ? .info : .warning, "a device changed", LogField("device", name), LogField("news", news)
        )
      }
    }
  }

  /// The value of a node, or nil when there is none.
  func value(_ path: String) async throws(SettingsError) -> String? {
    do throws(XenError) {
      return try await store.readIfPresent(path)
    } catch {
      throw SettingsError(path + ": " + error.description)
    }
  }
}

extension Netfront: InterruptingNetworkDevice {}

extension Blkfront: ServiceDisk {
  var failureDescription: String? { failure?.description }
}
