import Hypervisor
import Log
import MachineSettings
import NetworkStack
import Platform
import Virtio

/// The devices of the machine, by the hypervisor that brings them.
///
/// No protocol: an image that never asks for a disk is then linked without the drivers of one.
enum Devices {
  case virtio(VirtioDevices)
  case xen(XenDevices)

  /// Finds the machine's devices: in xenstore where Xen is under it, else by the command line, of which every word must be
  /// known on either.
  static func find(_ board: Board, _ log: Logger) throws(SettingsError) -> Devices {
    let commandLine = try CommandLine(board.commandLine)
    let memory = PageMemory()
    return Domain.isPresent
      ? .xen(try XenDevices(board, memory, log: log)) : .virtio(VirtioDevices(commandLine, memory))
  }

  /// Starts the entropy device; nil when there is none, as for domains of Xen's: RDRAND is all they have.
  func startEntropy() throws(SettingsError) -> VirtioRandom? {
    switch self {
    case .virtio(let devices): try devices.startEntropy()
    case .xen: nil
    }
  }

  /// Starts network device `index`, which takes multicast frames when it `usesIPv6`, and registers what it needs with the loop.
  func startNetwork(
    _ index: Int, usesIPv6: Bool
  ) async throws(SettingsError) -> any InterruptingNetworkDevice {
    switch self {
    case .virtio(let devices): try devices.startNetwork(index)
    case .xen(let devices): try await devices.startNetwork(index, usesIPv6: usesIPv6)
    }
  }

  /// Starts the disk; `park` is what waiting for it means.
  func startDisk(park: @escaping () -> Void) async throws(SettingsError) -> any ServiceDisk {
    switch self {
    case .virtio(let devices): try devices.startDisk(park: park)
    case .xen(let devices): try await devices.startDisk(park: park)
    }
  }
}

/// A disk whose answers come with an interrupt: virtio-blk, blkfront.
protocol ServiceDisk: BlockDevice {
  /// Requests that the device has at this moment.
  var inFlightCount: Int { get }
  /// Takes the answers that are there; returns whether somebody who waits can go on.
  func handleEvents() -> Bool
  /// Why the disk was given up, for a log line; nil while it works.
  var failureDescription: String? { get }
  /// Whether a flush has failed since the start.
  var hasFailedFlush: Bool { get }
}
