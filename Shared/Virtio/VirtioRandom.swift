// Virtio 1.2 §5.4 before changing this file.
import Platform

/// A virtio entropy device: bytes to seed a generator with, not to be handed out as they are.
///
/// Nothing is allocated after `init`.
public final class VirtioRandom {
  /// Bytes asked for at once.
  static let bufferByteCount = 256
  /// Times that `park` is called for one request, until the device counts as silent.
  public static let defaultMaximumParkCount = 1_000_000

  /// Why the device was given up; nil while it works.
  public var failure: VirtioError? { device.failure }

  private let device: MMIODevice
  private let queue: SplitQueue
  private let buffer: UnsafeMutableRawPointer
  private let park: () -> Void
  private let maximumParkCount: Int

  /// Starts the device. `park` is called while a request is under way and returns when something may have happened, or
  /// at once; after `maximumParkCount` calls for one request the device is given up.
  public init(
    registers: any MMIORegisters, memory: any DMAMemory,
    maximumParkCount: Int = VirtioRandom.defaultMaximumParkCount, park: @escaping () -> Void
  ) throws(VirtioError) {
    let device = try MMIODevice(registers: registers, kind: .entropy)
    try device.negotiate(wanted: .eventIndex)
    let queue = try SplitQueue(device, index: 0, capacity: 1, memory: memory)
    guard let buffer = memory.allocate(byteCount: Self.bufferByteCount) else {
      throw device.refuse(.outOfMemory)
    }
    self.device = device
    self.queue = queue
    self.buffer = buffer
    self.park = park
    self.maximumParkCount = maximumParkCount
    try device.start()
  }

  /// Fills all of `bytes` with bytes of the device, each handed out once. Throws why the device was given up; what
  /// stands in `bytes` is then worth nothing.
  public func fill(_ bytes: UnsafeMutableRawBufferPointer) throws(VirtioError) {
    var offset = 0
    while offset < bytes.count {
      let count = min(try request(min(bytes.count - offset, Self.bufferByteCount)), bytes.count - offset)
      // Safe: `count` bytes are left in `bytes`, and no more than the buffer has.
      (bytes.baseAddress! + offset).copyMemory(from: buffer, byteCount: count)
      buffer.initializeMemory(as: UInt8.self, repeating: 0, count: count)
      offset += count
    }
  }

  /// Lets the device write 1...`byteCount` bytes to the buffer; returns how many it wrote.
  private func request(_ byteCount: Int) throws(VirtioError) -> Int {
    var piece = DMAPiece(buffer, byteCount: byteCount, isWritable: true)
    _ = withUnsafePointer(to: &piece) { queue.add(UnsafeBufferPointer(start: $0, count: 1)) }
    queue.notify()
    for _ in 0...maximumParkCount {
      if let used = queue.take() {
        guard used.byteCount > 0 else { throw device.refuse(.usedTooShort(queue.index)) }
        return used.byteCount
      }
      if let failure { throw failure }
      queue.arm()
      _ = device.acknowledgeInterrupt()
      if !queue.hasUsed(moreThan: 0) && failure == nil { park() }
    }
    throw device.refuse(.abandoned)
  }
}
