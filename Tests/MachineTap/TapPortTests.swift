import EventLoop
import Glibc
import Machine
import MachineTap
import MachineTesting
import Platform
import Testing

/// A TAP device on a loop. Needs root.
@Suite(.enabled(if: TestNamespace.isExpected, "needs root and /dev/net/tun"))
struct TapPortTests {
  /// A device whose interface is up, on a loop of this thread.
  private func withDevice(_ body: @escaping (TapDevice, EpollDriver, EventLoop) async throws -> Void) throws {
    try TestNamespace.run {
      let device = try TapDevice(
        inheriting: TapDevice.open(name: "one"), hardwareAddress: 0x0253_4f55_4b01)
      try TestNamespace.ip("address add 10.83.0.1/24 dev one")
      try TestNamespace.ip("link set one up")
      let driver = EpollDriver()
      let loop = EventLoop(driver: driver, clock: LinuxClock())
      var outcome: Result<Void, any Error>?
      loop.spawn {
        do { outcome = .success(try await body(device, driver, loop)) } catch { outcome = .failure(error) }
        loop.stop()
      }
      loop.run()
      try outcome!.get()
    }
  }

  /// Has the kernel ask, by ARP, for a neighbour that is not there: a frame comes out of the device.
  private func provoke() {
    let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(9).bigEndian
    address.sin_addr.s_addr = UInt32(0x0a53_000b).bigEndian
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, "x", 1, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  @Test func `a frame wakes the loop, and a poll that left some behind is repeated in the next turn`() throws
  {
    try withDevice { device, driver, loop in
      let arrived = Signal()
      var arp = 0
      var polls = 0
      let port = TapPort(device, driver: driver, loop: loop) {
        polls += 1
        _ = device.receive(limit: 1) { frame in
          let isARP = frame.bytes.withUnsafeBytes { $0[12] == 0x08 && $0[13] == 0x06 }
          if isARP { arp += 1 }
        }
        if arp == 1 && polls >= 4 { arrived.notify() }
        // As if the limit had been reached, until it was called four times.
        return polls < 4
      }
      provoke()
      let timer = Timer(loop: loop) { arrived.notify() }
      timer.set(loop.now + .seconds(10))
      await arrived.wait()
      timer.cancel()
      #expect(arp == 1)
      #expect(polls >= 4)
      withExtendedLifetime(port) {}
    }
  }

  @Test func `without its port a device stays open and nobody is called`() throws {
    try withDevice { device, driver, loop in
      var polls = 0
      do {
        _ = TapPort(device, driver: driver, loop: loop) {
          polls += 1
          return false
        }
      }
      let before = polls
      provoke()
      for _ in 0..<20 { await loop.sleep(for: .milliseconds(1)) }
      #expect(polls == before)
      #expect(fcntl(device.descriptor, F_GETFD) >= 0)
    }
  }
}
