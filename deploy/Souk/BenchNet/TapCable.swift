// The kernel's Documentation/networking/tuntap.rst before changing this file.

import CLinux
import Glibc
import MachineTap
import NetworkSimulation

/// A sender, Linux's CUBIC or our stack, and a kernel that reads, at the two ends of a cable that delays and loses:
/// what netem would do, where the kernel has it. Both senders meet the same cable and the same receiver.
enum TapCable {
  /// Who sends.
  enum Sender { case kernel, ours }

  static func run(
    _ sender: Sender, _ family: Family, seconds: Double, cable: Cable
  ) throws(Refusal) -> Figures {
    let left = try TapLink(family, kernelIs: 1)
    // In the left namespace, as the right one comes only now.
    let reader = try Iperf.server(family, port: TapStack.port)
    switch sender {
    case .kernel:
      let right = try TapLink(family, bridgedKernelIs: 2)
      try cable.start(left.descriptor, right.descriptor)
      defer { cable.stop() }
      let writer = try Iperf.client(
        to: 1, family, port: TapStack.port, seconds: seconds, congestionControl: "cubic")
      _ = try writer.report()
      return try TapStack.figures(reader.report())
    case .ours:
      let (right, own) = try TapLink.bridged()
      try cable.start(left.descriptor, right.descriptor)
      defer { cable.stop() }
      return try TapStack.send(family, over: own, to: reader, seconds: seconds)
    }
  }
}

/// Two TAP interfaces and what is between them, a thread of this process.
final class Cable: @unchecked Sendable {
  // Written before the thread starts, and then its own.
  private let loss: Double
  private let delayNanoseconds: UInt64
  private var numbers: SplitMix64
  private var ends: [Int32] = []
  private var thread = pthread_t()

  /// Loses each frame, both ways, with probability `loss`, and delivers the others after `delayNanoseconds`.
  init(loss: Double, delayNanoseconds: UInt64, seed: UInt64) {
    self.loss = loss
    self.delayNanoseconds = delayNanoseconds
    numbers = SplitMix64(seed: seed)
  }

  /// Takes frames with a virtio_net_hdr from each interface to the other, from now on.
  func start(_ left: Int32, _ right: Int32) throws(Refusal) {
    for end in [left, right] {
      guard souk_tap_prepare(end, 10, 0) == 0 else { throw Refusal("the TAP interface takes no header") }
    }
    ends = [left, right]
    let own = Unmanaged.passRetained(self)
    pthread_create(
      &thread, nil,
      { own in
        Unmanaged<Cable>.fromOpaque(own!).takeRetainedValue().carry()
        return nil
      }, own.toOpaque())
  }

  /// Frames that are under way are lost; the process ends soon.
  func stop() { pthread_cancel(thread) }

  /// One way: frames in the order they came, each with its moment.
  private struct Way {
    static let frameCount = 4096
    static let frameByteCount = 2048

    let memory = UnsafeMutableRawPointer.allocate(byteCount: frameCount * frameByteCount, alignment: 16)
    var frames: [(due: UInt64, byteCount: Int)] = .init(repeating: (0, 0), count: frameCount)
    var head = 0
    var count = 0

    func place(_ index: Int) -> UnsafeMutableRawPointer {
      memory + (head + index) % Self.frameCount * Self.frameByteCount
    }
  }

  private func carry() {
    var ways = [Way(), Way()]
    while true {
      let now = Self.now()
      var next = now + 10_000_000
      for index in 0..<2 {
        while ways[index].count > 0 {
          let frame = ways[index].frames[ways[index].head]
          guard frame.due <= now else {
            next = min(next, frame.due)
            break
          }
          // A frame that the interface does not take is lost, as on a cable.
          _ = write(ends[1 - index], ways[index].place(0), frame.byteCount)
          ways[index].head = (ways[index].head + 1) % Way.frameCount
          ways[index].count -= 1
        }
      }
      // poll knows milliseconds only, and ppoll is GNU's.
      var ready = fd_set()
      withUnsafeMutableBytes(of: &ready) { bits in
        for end in ends { bits[Int(end) / 8] |= 1 << UInt8(end % 8) }
      }
      var wait = timespec(tv_sec: 0, tv_nsec: Int(next - now))
      if pselect(ends.max()! + 1, &ready, nil, nil, &wait, nil) > 0 {
        for index in 0..<2 { take(index, &ways[index]) }
      }
    }
  }

  private func take(_ index: Int, _ way: inout Way) {
    while way.count < Way.frameCount {
      let count = read(ends[index], way.place(way.count), Way.frameByteCount)
      guard count > 0 else { return }
      if numbers.chance(loss) { continue }
      way.frames[(way.head + way.count) % Way.frameCount] = (Self.now() + delayNanoseconds, count)
      way.count += 1
    }
  }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
