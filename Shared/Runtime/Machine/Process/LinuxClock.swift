import CLinux
import Glibc
import Platform

/// Linux's monotonic and real-time clocks.
public final class LinuxClock: Clock {
  /// A view of the kernel's clocks; it holds nothing.
  public init() {}

  public var now: Instant { Instant(nanoseconds: UInt64(read(CLOCK_MONOTONIC))) }

  public var wallTime: WallTime { WallTime(nanosecondsSinceEpoch: read(CLOCK_REALTIME)) }

  private func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// Linux's random number generator.
public final class LinuxEntropy: Entropy {
  /// A view of the kernel's generator; it holds nothing.
  public init() {}

  public func fill(_ bytes: UnsafeMutableRawBufferPointer) {
    var filled = 0
    while filled < bytes.count {
      // getrandom(2) gives at most 256 bytes whole; a signal may cut longer ones short.
      let count = getrandom(bytes.baseAddress! + filled, min(256, bytes.count - filled), 0)
      if count > 0 { filled += count } else if errno != EINTR { fatalError("getrandom: errno \(errno)") }
    }
  }
}

/// Standard error as a console.
public final class StandardError: Console {
  /// Lines go to file descriptor 2.
  public init() {}

  public func write(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { source in
      var rest = source
      while rest.count > 0 {
        let count = Glibc.write(2, rest.baseAddress, rest.count)
        if count > 0 {
          rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        } else if errno != EINTR && errno != EAGAIN {
          return  // Nobody reads our log; the shop goes on.
        }
      }
    }
  }
}
