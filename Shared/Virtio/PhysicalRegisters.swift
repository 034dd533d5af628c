import CVirtio

/// Registers at a physical address, which is mapped to itself and not cached (microvm: 0xfea00000–0xfeffffff).
public final class PhysicalRegisters: MMIORegisters {
  private let base: UnsafeMutableRawPointer

  /// The registers from `address` on; nil for address 0. Whoever calls knows that a device is there, `VirtioProbe` in
  /// an image.
  public init?(address: UInt64) {
    // Safe: the mapping outlives the program, and the accesses below stay within a register page.
    guard let base = UnsafeMutableRawPointer(bitPattern: UInt(address)) else { return nil }
    self.base = base
  }

  public func load32(at offset: Int) -> UInt32 { virtio_register_load32(base + offset) }
  public func load16(at offset: Int) -> UInt16 { virtio_register_load16(base + offset) }
  public func load8(at offset: Int) -> UInt8 { virtio_register_load8(base + offset) }
  public func store32(_ value: UInt32, at offset: Int) { virtio_register_store32(base + offset, value) }
}
