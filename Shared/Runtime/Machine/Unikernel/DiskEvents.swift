import CBoot
import EventLoop
import Log

/// Where the disk meets the loop: an answer wakes the worker that waits for it, and a disk that cannot be relied on any
/// more ends the machine.
final class DiskEvents: EventSource {
  private let disk: any ServiceDisk
  private let worker: FiberWorker
  private let log: Logger

  init(_ disk: any ServiceDisk, _ worker: FiberWorker, log: Logger) {
    self.disk = disk
    self.worker = worker
    self.log = log
  }

  override func handleEvents() {
    // The device's registers are far away (each access leaves the guest): untouched while nothing is under way.
    if disk.inFlightCount > 0, disk.handleEvents() { worker.resume() }
    if let failure = disk.failureDescription { stop(failure) }
    // Only opening the disk anew tells what of it is durable. This comes before the tasks that wait for the flush run.
    if disk.hasFailedFlush { stop("it failed to flush") }
  }

  /// Every answer from now on would be an error: whoever supervises the machine starts another one, which looks again.
  private func stop(_ reason: String) {
    log.error("the disk was given up", LogField("reason", reason))
    boot_exit(Int32(BOOT_EXIT_DEVICE_LOST.rawValue))
  }
}
