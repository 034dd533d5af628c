// The kernel's Documentation/networking/tuntap.rst before changing this file.

import CLinux
import Glibc
import MachineTap

/// Two kernels and a cable between them that is one thread of this process: it reads each frame from one TAP and
/// writes it to the other, with its virtio_net_hdr. What our stack is measured beside.
enum TapRelay {
  /// Frames from one side before the other has its turn.
  private static let burst = 64

  static func run(_ family: Family, seconds: Double, offloads: Bool) throws(Refusal) -> Figures {
    let left = try TapLink(family, kernelIs: 1)
    // In the left namespace, as the right one comes only now.
    let reader = try Iperf.server(family, port: TapStack.port)
    let right = try TapLink(family, kernelIs: 2)
    for link in [left, right] {
      guard souk_tap_prepare(link.descriptor, headerByteCount, offloads ? 1 : 0) == 0 else {
        throw Refusal("the TAP interface takes no offloads")
      }
    }
    let writer = try Iperf.client(to: 1, family, port: TapStack.port, seconds: seconds)
    relay(left.descriptor, right.descriptor, until: { writer.isOver })
    _ = try writer.report()
    return try TapStack.figures(reader.report())
  }

  private static let headerByteCount: Int32 = 10
  /// Rounds of 10 ms without a frame after which nobody has anything to say: several retransmission time-outs.
  private static let quietRounds = 100

  /// Carries frames until nothing came for a while after `isOver`, which is asked only when nothing comes.
  private static func relay(_ left: Int32, _ right: Int32, until isOver: () -> Bool) {
    Cores.stay(on: Cores.measured)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
    defer { memory.deallocate() }
    var ready = [
      pollfd(fd: left, events: Int16(POLLIN), revents: 0),
      pollfd(fd: right, events: Int16(POLLIN), revents: 0),
    ]
    var quiet = 0
    while quiet < quietRounds {
      guard poll(&ready, 2, 10) > 0 else {
        quiet = isOver() ? quiet + 1 : 0
        continue
      }
      quiet = 0
      for index in 0..<2 where ready[index].revents != 0 {
        for _ in 0..<burst {
          let count = read(ready[index].fd, memory.baseAddress, memory.count)
          guard count > 0 else { break }
          // A frame that the interface does not take is lost, as on a cable.
          _ = write(ready[1 - index].fd, memory.baseAddress, count)
        }
      }
    }
  }
}
