import EventLoop
import MachineTap
import Platform

/// Where a TAP device meets the loop: its readiness becomes calls of the stack's interface.
///
/// Hold it as long as the device is to be served. Confined to the loop's thread.
public final class TapPort: EventSource {
  /// The device, which belongs to this port.
  public let device: TapDevice
  private let driver: EpollDriver
  private let loop: EventLoop
  private let poll: () -> Bool
  private var timer: Timer?

  /// Calls `poll` when frames may have arrived in `device`, and again in the next turn as often as it returns true:
  /// because more may wait than it took. So frames per turn stay bounded. Cost: an event per burst of frames.
  public init(_ device: TapDevice, driver: EpollDriver, loop: EventLoop, poll: @escaping () -> Bool) {
    self.device = device
    self.driver = driver
    self.loop = loop
    self.poll = poll
    driver.watch(device.descriptor, self)
  }

  func ready(_ events: UInt32) {
    guard poll() else { return }
    if timer == nil { timer = Timer(loop: loop) { [unowned self] in ready(0) } }
    timer?.set(loop.now)
  }

  deinit {
    timer?.cancel()
    driver.stopWatching(device.descriptor)
  }
}
