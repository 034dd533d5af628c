import Virtio

/// Pages of the heap for devices. An image's memory is mapped to itself, so a pointer is the address a device knows.
final class PageMemory: DMAMemory {
  func allocate(byteCount: Int) -> UnsafeMutableRawPointer? {
    // Safe: fresh memory of our own, of which every byte is set. Never given back, as the protocol asks.
    let pages = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 4096)
    pages.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    return pages
  }
}
