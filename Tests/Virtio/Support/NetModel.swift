import Platform
import Virtio

/// A network card: frames of a wire into receive buffers, transmit buffers onto the wire.
struct NetModel {
  static let address: [UInt8] = [0x02, 0x53, 0x4f, 0x55, 0x4b, 0x01]
  static let everything = [0, 1, 3, 5, 7, 8, 11, 12, 15, 16, 28, 29]

  let device: ModelDevice

  init(
    features: [Int] = everything, queueMaxima: [UInt32] = [256, 256], mtu: UInt16 = 1500,
    address: [UInt8] = address, linkUp: Bool = true
  ) {
    var configuration = address + [linkUp ? 1 : 0, 0, 1, 0]
    configuration += [UInt8(truncatingIfNeeded: mtu), UInt8(truncatingIfNeeded: mtu >> 8)]
    device = ModelDevice(
      kind: 1, features: features, queueMaxima: queueMaxima, configuration: configuration)
  }

  var merges: Bool { device.accepted >> 15 & 1 != 0 }

  /// Puts a frame into as many receive buffers as it needs; false when there are too few, then none is used.
  func receive(_ frame: [UInt8], flags: UInt8 = 0) -> Bool {
    let queue = device.queues[0]
    let byteCount = frame.count + 12
    let needed = (byteCount + 4095) / 4096
    guard queue.waitingCount >= needed else {
      if queue.hasEventIndex { queue.wantKick(at: queue.availableIndex &+ UInt16(queue.waitingCount)) }
      return false
    }
    let header: [UInt8] = [flags] + [UInt8](repeating: 0, count: 9) + [UInt8(needed), 0]
    var rest = (header + frame)[...]
    var elements: [(head: Int, byteCount: Int)] = []
    for _ in 0..<needed {
      guard let chain = queue.pop() else { return false }
      let count = chain.write(rest)
      rest = rest.dropFirst(count)
      elements.append((chain.head, count))
    }
    device.push(elements, on: 0)
    return true
  }

  /// A frame that the driver sent.
  struct Sent: Equatable {
    var header: [UInt8]
    var frame: [UInt8]
  }

  /// Takes up to `limit` frames and gives their buffers back.
  func send(limit: Int = .max) -> [Sent] {
    var sent: [Sent] = []
    while sent.count < limit, let chain = device.queues[1].pop() {
      let bytes = chain.readBytes
      sent.append(Sent(header: Array(bytes.prefix(12)), frame: Array(bytes.dropFirst(12))))
      device.push([(chain.head, 0)], on: 1)
    }
    return sent
  }
}

extension VirtioNet {
  /// Transmits a frame in up to three pieces.
  func send(
    _ header: [UInt8], _ payload: [UInt8] = [], _ tail: [UInt8] = [],
    checksum: (start: Int, offset: Int)? = nil, segmentByteCount: Int = 0
  ) -> Bool {
    transmit(
      OutboundFrame(
        header: header.span.bytes, payload: payload.span.bytes, payloadTail: tail.span.bytes,
        checksum: checksum, segmentByteCount: segmentByteCount))
  }

  /// Receives frames as arrays.
  func frames(limit: Int = 1000) -> [[UInt8]] {
    var frames: [[UInt8]] = []
    _ = receive(limit: limit) { frame in
      var bytes = frame.bytes.withUnsafeBytes { Array($0) }
      for index in frame.rest.indices { bytes += Array(frame.rest[index]) }
      frames.append(bytes)
    }
    return frames
  }
}
