// Virtio 1.2 §2.7 before changing this file: the device's side of it.
import Virtio

/// The device's side of a split virtqueue, as strict as a device may be: what it finds wrong is in `faults`.
final class ModelQueue {
  /// A buffer that the driver made available.
  struct Chain {
    var head: Int
    var readable: [UnsafeRawBufferPointer] = []
    var writable: [UnsafeMutableRawBufferPointer] = []

    var readBytes: [UInt8] { readable.flatMap { Array($0) } }
    var writableByteCount: Int { writable.reduce(0) { $0 + $1.count } }

    /// Writes as many bytes as fit; returns how many.
    func write(_ bytes: ArraySlice<UInt8>) -> Int {
      var rest = bytes
      for piece in writable {
        let part = rest.prefix(piece.count)
        piece.copyBytes(from: part)
        rest = rest.dropFirst(part.count)
      }
      return bytes.count - rest.count
    }
  }

  let maximum: UInt32
  var size = 0
  var isReady = false
  var addresses: (descriptors: UInt64, available: UInt64, used: UInt64) = (0, 0, 0)
  /// Whether EVENT_IDX and INDIRECT_DESC were agreed on.
  var hasEventIndex = false
  var hasIndirect = false
  /// What the driver did wrong.
  var faults: [String] = []
  /// Kicks that it got.
  var kickCount = 0
  /// Interrupts that it raised.
  var interruptCount = 0
  /// Next entries of the two rings.
  var availableIndex: UInt16 = 0
  var usedIndex: UInt16 = 0
  private var held: Set<Int> = []

  init(maximum: UInt32) { self.maximum = maximum }

  // Safe: the driver set these addresses up, in memory that the test keeps.
  private func pointer(_ address: UInt64) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(bitPattern: UInt(address))!
  }
  var descriptors: UnsafeMutableRawPointer { pointer(addresses.descriptors) }
  var available: UnsafeMutableRawPointer { pointer(addresses.available) }
  var used: UnsafeMutableRawPointer { pointer(addresses.used) }

  /// Buffers that the driver made available and that were not popped.
  var waitingCount: Int { Int(available.load(fromByteOffset: 2, as: UInt16.self) &- availableIndex) }
  /// Whether the driver wants no interrupts at all (without EVENT_IDX).
  var suppressesInterrupts: Bool { available.load(as: UInt16.self) & 1 != 0 }
  var usedEvent: UInt16 { available.load(fromByteOffset: 4 + 2 * size, as: UInt16.self) }

  /// Takes the next buffer. Asks to be told of the one after the last that was seen.
  func pop() -> Chain? {
    guard isReady else { return nil }
    let count = waitingCount
    if count > size { faults.append("\(count) buffers in a queue of \(size)") }
    guard count > 0, count <= size else {
      if hasEventIndex { wantKick(at: availableIndex) }
      return nil
    }
    let head = Int(
      available.load(fromByteOffset: 4 + 2 * (Int(availableIndex) & (size - 1)), as: UInt16.self))
    availableIndex &+= 1
    if hasEventIndex { wantKick(at: availableIndex) }
    guard head < size, held.insert(head).inserted else {
      faults.append("descriptor \(head) is not the driver's to give")
      return nil
    }
    var chain = Chain(head: head)
    read(descriptors, count: size, from: head, into: &chain, isTable: false)
    return chain
  }

  /// Sets avail_event.
  func wantKick(at index: UInt16) {
    used.storeBytes(of: index, toByteOffset: 4 + 8 * size, as: UInt16.self)
  }

  private func read(
    _ table: UnsafeMutableRawPointer, count: Int, from start: Int, into chain: inout Chain, isTable: Bool
  ) {
    var index = start
    for _ in 0..<count {
      let address = table.load(fromByteOffset: index * 16, as: UInt64.self)
      let byteCount = Int(table.load(fromByteOffset: index * 16 + 8, as: UInt32.self))
      let flags = table.load(fromByteOffset: index * 16 + 12, as: UInt16.self)
      if byteCount == 0 { faults.append("an empty descriptor") }
      if flags & 4 != 0 {
        if isTable || !hasIndirect || flags & 3 != 0 { faults.append("an indirect descriptor out of place") }
        read(pointer(address), count: byteCount / 16, from: 0, into: &chain, isTable: true)
      } else if flags & 2 != 0 {
        chain.writable.append(UnsafeMutableRawBufferPointer(start: pointer(address), count: byteCount))
      } else {
        if !chain.writable.isEmpty { faults.append("a readable piece behind a writable one") }
        chain.readable.append(UnsafeRawBufferPointer(start: pointer(address), count: byteCount))
      }
      guard flags & 1 != 0 else { return }
      index = Int(table.load(fromByteOffset: index * 16 + 14, as: UInt16.self))
      guard index < count else { break }
    }
    faults.append("a chain without an end")
  }

  /// Gives buffers back, all at once; true when the driver is to be interrupted.
  func push(_ elements: [(head: Int, byteCount: Int)]) -> Bool {
    for element in elements {
      held.remove(element.head)
      write(element: UInt32(element.head), byteCount: UInt32(element.byteCount))
    }
    let old = usedIndex &- UInt16(elements.count)
    used.storeBytes(of: usedIndex, toByteOffset: 2, as: UInt16.self)
    let isWanted =
      hasEventIndex ? usedIndex &- usedEvent &- 1 < usedIndex &- old : !suppressesInterrupts
    if isWanted { interruptCount += 1 }
    return isWanted
  }

  /// Writes a used element, whatever it says, without publishing it.
  func write(element: UInt32, byteCount: UInt32) {
    let place = used + 4 + 8 * (Int(usedIndex) & (size - 1))
    place.storeBytes(of: element, as: UInt32.self)
    place.storeBytes(of: byteCount, toByteOffset: 4, as: UInt32.self)
    usedIndex &+= 1
  }
}
