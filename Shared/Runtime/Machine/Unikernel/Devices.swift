import MachineSettings
import NetworkStack
import Platform
import Virtio

/// The devices of the machine, whatever hypervisor brings them.
protocol Devices: AnyObject {
  /// Starts the entropy device; nil when there is none.
  func startEntropy() throws(SettingsError) -> VirtioRandom?
  /// Starts network device `index`, and registers what it needs with the loop.
  func startNetwork(_ index: Int) async throws(SettingsError) -> any InterruptingNetworkDevice
  /// Starts the disk; `park` is what waiting for it means.
  func startDisk(park: @escaping () -> Void) async throws(SettingsError) -> any ServiceDisk
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
