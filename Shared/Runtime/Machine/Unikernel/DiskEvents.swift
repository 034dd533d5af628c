import EventLoop
import Virtio

/// Where the disk meets the loop: an answer wakes the worker that waits for it.
final class DiskEvents: EventSource {
  private let disk: VirtioBlock
  private let worker: FiberWorker

  init(_ disk: VirtioBlock, _ worker: FiberWorker) {
    self.disk = disk
    self.worker = worker
  }

  func handleEvents() {
    // The device's registers are far away (each access leaves the guest): untouched while nothing is under way.
    guard disk.inFlightCount > 0 else { return }
    if disk.handleEvents() { worker.resume() }
  }
}
