import CLinux
import EventLoop
import Glibc
import Platform

/// SIGTERM and SIGINT as events of the loop.
final class TerminationSignals: EventSource {
  private let driver: EpollDriver
  private let descriptor: Int32
  private let action: () -> Void

  /// Calls `action` on the loop for each signal. Create it before any thread, so that every thread inherits the mask.
  init(driver: EpollDriver, action: @escaping () -> Void) {
    self.driver = driver
    self.action = action
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    sigaddset(&signals, SIGINT)
    sigprocmask(SIG_BLOCK, &signals, nil)
    signal(SIGPIPE, SIG_IGN)
    descriptor = signalfd(-1, &signals, Int32(SFD_NONBLOCK | SFD_CLOEXEC))
    driver.watch(descriptor, self)
  }

  func ready(_ events: UInt32) {
    var information = signalfd_siginfo()
    while read(descriptor, &information, MemoryLayout<signalfd_siginfo>.size) > 0 { action() }
  }

  deinit { driver.forget(descriptor) }
}
