/// One frame on its way, in memory that is used again.
final class FrameBuffer {
  let memory: UnsafeMutableRawBufferPointer
  /// Bytes of the frame.
  var byteCount = 0
  /// Whether bits were flipped on the way: then no backend vouches for its checksum.
  var isCorrupted = false
  /// Set while the sender's checksum is unfinished: the frame never leaves this machine.
  var isUnfinished = false

  init(capacity: Int) { memory = .allocate(byteCount: capacity, alignment: 16) }

  deinit { memory.deallocate() }

  /// The frame's bytes; the caller holds the buffer as long as it uses them.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[0..<byteCount]) }

  func copy(_ other: FrameBuffer) {
    memory.copyMemory(from: other.bytes)
    byteCount = other.byteCount
    isCorrupted = other.isCorrupted
    isUnfinished = other.isUnfinished
  }
}

/// Buffers for frames: made when there is none, given back, used again. A wire in steady state allocates nothing.
final class FramePool {
  /// Holds a frame of an ordinary link.
  static let smallByteCount = 2_048
  /// Holds the largest IP packet and its Ethernet header.
  static let largeByteCount = 65_536 + 64

  /// Buffers that were made and not given back.
  private(set) var inUseCount = 0
  /// Overwrites what is given back, so that who kept a pointer reads nonsense.
  var poisons = false
  private var small: [FrameBuffer] = []
  private var large: [FrameBuffer] = []

  func take(byteCount: Int) -> FrameBuffer {
    precondition(byteCount <= Self.largeByteCount)
    inUseCount += 1
    let isSmall = byteCount <= Self.smallByteCount
    let buffer =
      (isSmall ? small.popLast() : large.popLast())
      ?? FrameBuffer(capacity: isSmall ? Self.smallByteCount : Self.largeByteCount)
    buffer.byteCount = byteCount
    buffer.isCorrupted = false
    buffer.isUnfinished = false
    return buffer
  }

  func recycle(_ buffer: FrameBuffer) {
    inUseCount -= 1
    if poisons { _ = buffer.memory[0..<buffer.byteCount].initializeMemory(as: UInt8.self, repeating: 0xa5) }
    if buffer.memory.count == Self.smallByteCount { small.append(buffer) } else { large.append(buffer) }
  }
}
