import Platform

/// Pages of the heap for devices. An image's memory is mapped to itself, so a pointer is the address a device knows.
final class PageMemory: DMAMemory {
  func allocate(byteCount: Int) -> UnsafeMutableRawPointer? {
    // Safe: fresh memory of our own, never given back, as the protocol asks.
    UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 4096)
  }
}
