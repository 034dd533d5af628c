import CBoot
import Platform
import Virtio

/// What the image's random generator is seeded from: the processor's RDRAND and, where there is one, the host's entropy
/// device, one xor the other. So it is unpredictable while either is.
///
/// RDRAND is tested continuously (CBoot's entropy.c); a device that fails stops the machine: one without entropy does
/// not serve.
final class SeedSource: Entropy {
  private let device: VirtioRandom?

  init(_ device: VirtioRandom?) { self.device = device }

  func fill(_ bytes: UnsafeMutableRawBufferPointer) {
    if let device {
      do throws(VirtioError) {
        try device.fill(bytes)
      } catch {
        boot_panic("the entropy device fails", Int32(BOOT_EXIT_DEVICE_LOST.rawValue))
      }
    } else {
      bytes.initializeMemory(as: UInt8.self, repeating: 0)
    }
    var word: UInt64 = 0
    for index in 0..<bytes.count {
      if index % 8 == 0 { word = boot_random() }
      bytes[index] ^= UInt8(truncatingIfNeeded: word)
      word >>= 8
    }
  }
}
