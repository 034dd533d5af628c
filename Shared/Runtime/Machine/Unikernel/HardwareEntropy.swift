import CBoot
import Platform

/// RDRAND, with the health test of CBoot's entropy.c: the machine stops rather than go on with a generator that
/// fails.
public final class HardwareEntropy: Entropy {
  /// A view of the processor's generator; it holds nothing.
  public init() {}

  public func fill(_ bytes: UnsafeMutableRawBufferPointer) {
    var offset = 0
    while offset < bytes.count {
      withUnsafeBytes(of: boot_random()) { word in
        let count = min(word.count, bytes.count - offset)
        // Safe: `count` fits in both.
        bytes.baseAddress!.advanced(by: offset).copyMemory(from: word.baseAddress!, byteCount: count)
        offset += count
      }
    }
  }
}
