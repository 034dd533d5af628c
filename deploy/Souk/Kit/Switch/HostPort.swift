import Platform

/// The switch's port for this machine: a network device for a stack of our own, in the same process.
final class HostPort: NetworkDevice {
  /// Bytes of frames that wait for the stack. It takes them in the same turn of the loop, or in the next ones.
  static let queuedByteCount = 4 << 20
  static let mtu = 1500
  /// An Ethernet header, a VLAN tag and an IP packet.
  static let maximumFrameByteCount = 18 + mtu

  let hardwareAddress: UInt64
  let maximumTransmissionUnit = HostPort.mtu
  let maximumLargePacketByteCount = HostPort.mtu
  let offload: NetworkOffload = []
  /// Frames that found no room, or were too long for this port.
  private(set) var droppedCount: UInt64 = 0
  private let forward: (RawSpan) -> Void
  private let settle: () -> Void
  private var queue = FrameQueue()
  private let frame = UnsafeMutableRawBufferPointer.allocate(byteCount: maximumFrameByteCount, alignment: 16)

  /// Hands each transmitted frame to `forward`, and calls `settle` after a turn's frames.
  init(hardwareAddress: UInt64, forward: @escaping (RawSpan) -> Void, settle: @escaping () -> Void) {
    self.hardwareAddress = hardwareAddress
    self.forward = forward
    self.settle = settle
  }

  deinit { frame.deallocate() }

  var hasFrames: Bool { !queue.isEmpty }

  /// A frame for the stack, which is told by whoever calls this.
  func append(_ frame: RawSpan) {
    let fits = frame.byteCount <= Self.maximumFrameByteCount
    if !fits || !queue.append(frame, limit: Self.queuedByteCount) { droppedCount += 1 }
  }

  func transmit(_ outbound: borrowing OutboundFrame) -> Bool {
    precondition(outbound.byteCount <= Self.maximumFrameByteCount && outbound.checksum == nil)
    // Safe: the room is this object's own, and its size was compared above.
    var room = OutputRawSpan(buffer: frame, initializedCount: 0)
    room.append(contentsOf: outbound.header)
    room.append(contentsOf: outbound.payload)
    room.append(contentsOf: outbound.payloadTail)
    forward(room.bytes)
    return true
  }

  func receive(limit: Int, _ deliver: (borrowing InboundFrame) -> Void) -> Int {
    var count = 0
    while count < limit, queue.takeFirst({ deliver(InboundFrame($0)) }) { count += 1 }
    return count
  }

  func notify() { settle() }
}
