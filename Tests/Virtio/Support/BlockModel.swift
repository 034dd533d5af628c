import Platform

@testable import Virtio

/// A disk: requests from its queue, done in the order the test wants.
final class BlockModel {
  static let everything = [1, 2, 6, 9, 13, 28, 29]

  let device: ModelDevice
  var disk: [UInt8]
  /// Requests that were taken and not answered.
  var waiting: [ModelQueue.Chain] = []
  /// The most that ever were.
  private(set) var mostWaiting = 0
  /// Kinds, sectors and data bytes of what was done, in order.
  private(set) var done: [(kind: UInt32, sector: UInt64, byteCount: Int)] = []
  /// The status for a request, by its number; success when nil.
  var status: (Int) -> UInt8 = { _ in 0 }

  init(
    features: [Int] = everything, capacity: UInt64 = 2048, sizeMax: UInt32 = 65_536, segMax: UInt32 = 126,
    blockByteCount: UInt32 = 512, maximumDiscard: UInt32 = 1024, queueMaximum: UInt32 = 256
  ) {
    var configuration = [UInt8](repeating: 0, count: 60)
    func set(_ value: UInt64, at offset: Int, width: Int) {
      for index in 0..<width {
        configuration[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
      }
    }
    set(capacity, at: 0, width: 8)
    set(UInt64(sizeMax), at: 8, width: 4)
    set(UInt64(segMax), at: 12, width: 4)
    set(UInt64(blockByteCount), at: 20, width: 4)
    set(UInt64(maximumDiscard), at: 36, width: 4)
    device = ModelDevice(
      kind: 2, features: features, queueMaxima: [queueMaximum], configuration: configuration)
    disk = [UInt8](repeating: 0, count: Int(min(capacity, 1 << 16)) * 512)
  }

  /// Takes all requests that wait in the queue.
  func take() {
    while let chain = device.queues[0].pop() { waiting.append(chain) }
    mostWaiting = max(mostWaiting, waiting.count)
  }

  /// Does and answers the request at `index` of those that wait.
  func answer(_ index: Int) {
    let chain = waiting.remove(at: index)
    let readable = chain.readBytes
    func word(_ offset: Int) -> UInt64 {
      (0..<8).reduce(0) { $0 | UInt64(readable[offset + $1]) << UInt64(8 * $1) }
    }
    let kind = UInt32(truncatingIfNeeded: word(0))
    let sector = word(8)
    let data = chain.writable.dropLast()
    var status = status(done.count)
    var byteCount = 0
    var offset = Int(truncatingIfNeeded: sector) * 512
    switch kind {
    case 0:
      for piece in data {
        if status == 0 { piece.copyBytes(from: disk[offset..<offset + piece.count]) }
        offset += piece.count
        byteCount += piece.count
      }
    case 1:
      byteCount = readable.count - 16
      if status == 0 { disk.replaceSubrange(offset..<offset + byteCount, with: readable[16...]) }
    case 4: break
    case 11:
      let start = Int(word(16)) * 512
      byteCount = Int(UInt32(truncatingIfNeeded: word(24))) * 512
      if status == 0 {
        disk.replaceSubrange(start..<start + byteCount, with: repeatElement(0, count: byteCount))
      }
    default: status = 2
    }
    done.append((kind, sector, byteCount))
    chain.writable.last![0] = status
    device.push([(chain.head, kind == 0 ? byteCount + 1 : 1)], on: 0)
  }

  /// Takes and answers everything, in order.
  func work() {
    take()
    while !waiting.isEmpty { answer(0) }
  }
}
