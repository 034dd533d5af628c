// Virtio 1.2 §2.7 before changing this file.
import CVirtio
import Platform

/// A split virtqueue: buffers go to the device in the available ring and come back in the used ring.
///
/// Which descriptors are free, which are in flight and how large their buffers are is kept in memory of its own:
/// descriptors and the available ring are written and never read back. From the used ring each word is read once and
/// checked; the first one that is wrong gives the whole device up (`MMIODevice.failure`), after which nothing is taken
/// from or given to any of its queues.
final class SplitQueue {
  /// What the device gave back.
  struct Used {
    /// What `add` returned.
    var identifier: Int
    /// Bytes that the device says it wrote; at most those that it could write.
    var byteCount: Int
  }

  /// What is known about a descriptor.
  private struct Entry {
    /// The next free one, or the next one of the chain.
    var next: UInt16 = 0
    /// Descriptors of the chain that begins here; 0 when none in flight does.
    var chainCount: UInt16 = 0
    /// Bytes of the chain that the device may write.
    var writableByteCount: UInt32 = 0
  }

  private enum Layout {
    static let descriptorByteCount = 16
    static let next: UInt16 = 1
    static let write: UInt16 = 2
    static let indirect: UInt16 = 4
    /// Bytes before a ring's entries: flags and index.
    static let ringHeaderByteCount = 4
    static let usedElementByteCount = 8
    static let noInterrupt: UInt16 = 1
    static let noNotify: UInt16 = 1
  }

  /// Its number.
  let index: UInt16
  /// Its descriptors: a power of two.
  let size: Int
  /// Pieces that one buffer may have.
  let maximumPieceCount: Int
  /// Buffers that the device has.
  private(set) var inFlightCount = 0
  /// Descriptors that nobody has.
  private(set) var freeCount: Int

  private let device: MMIODevice
  private let memory: any DMAMemory
  private let descriptors: UnsafeMutableRawPointer
  private let available: UnsafeMutableRawPointer
  private let used: UnsafeMutableRawPointer
  /// For each descriptor a table of `maximumPieceCount`; nil when the device knows no indirect ones.
  private let indirect: UnsafeMutableRawPointer?
  private let entries: UnsafeMutablePointer<Entry>
  private let hasEventIndex: Bool
  private var firstFree: UInt16 = 0
  /// Buffers made available, and how many of them the device was told of. Both wrap.
  private var availableIndex: UInt16 = 0
  private var notifiedIndex: UInt16 = 0
  /// Buffers taken back, and those that are known to have come back. Both wrap.
  private var takenIndex: UInt16 = 0
  private var usedIndex: UInt16 = 0

  /// Sets up queue `index` with at most `capacity` entries, for buffers of up to `maximumPieceCount` pieces: one
  /// descriptor each where the device knows indirect ones. Throws `queueUnavailable`, `queueTooSmall` when a buffer of
  /// `minimumPieceCount` pieces does not fit, `outOfMemory`.
  init(
    _ device: MMIODevice, index: UInt16, capacity: Int, maximumPieceCount: Int = 1,
    minimumPieceCount: Int = 1, memory: any DMAMemory
  ) throws(VirtioError) {
    let size = device.queueSize(index, capacity: min(capacity, MMIODevice.maximumQueueSize))
    guard size > 0 else { throw device.refuse(.queueUnavailable(index)) }
    let isIndirect = maximumPieceCount > 1 && device.features.contains(.indirectDescriptors)
    guard isIndirect || size >= minimumPieceCount else { throw device.refuse(.queueTooSmall(index)) }
    let tableByteCount = size * Layout.descriptorByteCount
    let availableByteCount = Layout.ringHeaderByteCount + size * 2 + 2
    let usedOffset = (tableByteCount + availableByteCount + 3) & ~3
    let usedByteCount = Layout.ringHeaderByteCount + size * Layout.usedElementByteCount + 2
    let indirectOffset = (usedOffset + usedByteCount + 15) & ~15
    let indirectByteCount = isIndirect ? tableByteCount * maximumPieceCount : 0
    guard let rings = memory.allocate(byteCount: indirectOffset + indirectByteCount) else {
      throw device.refuse(.outOfMemory)
    }
    rings.initializeMemory(as: UInt8.self, repeating: 0, count: indirectOffset + indirectByteCount)
    self.device = device
    self.memory = memory
    self.index = index
    self.size = size
    self.maximumPieceCount = isIndirect ? maximumPieceCount : min(maximumPieceCount, size)
    freeCount = size
    hasEventIndex = device.features.contains(.eventIndex)
    descriptors = rings
    available = rings + tableByteCount
    used = rings + usedOffset
    indirect = isIndirect ? rings + indirectOffset : nil
    entries = .allocate(capacity: size)
    for descriptor in 0..<size {
      entries.advanced(by: descriptor).initialize(to: Entry(next: UInt16(truncatingIfNeeded: descriptor + 1)))
    }
    disarm()
    try device.setUp(queue: index, size: size, descriptors: descriptors, available: available, used: used)
  }

  deinit { entries.deallocate() }

  // MARK: To the device

  /// Whether a buffer of `pieceCount` pieces fits in.
  func hasRoom(pieceCount: Int) -> Bool {
    freeCount >= (indirect == nil ? pieceCount : 1) && device.failure == nil
  }

  /// Makes a buffer of one or more pieces available; those that the device writes come last. Its memory is the
  /// device's until `take` returns the identifier (below `size`) that this returns. Nil when there is no room, and
  /// always when the device was given up. No allocation.
  func add(_ pieces: UnsafeBufferPointer<DMAPiece>) -> Int? {
    precondition(!pieces.isEmpty && pieces.count <= maximumPieceCount)
    if pieces.count == 1 { return add(pieces[0]) }
    guard hasRoom(pieceCount: pieces.count) else { return nil }
    let head = Int(firstFree)
    var writableByteCount: UInt32 = 0
    for piece in pieces where piece.isWritable { writableByteCount += piece.byteCount }
    var chainCount = 1
    if let indirect {
      let table = indirect + head * maximumPieceCount * Layout.descriptorByteCount
      for position in pieces.indices {
        let isLast = position == pieces.count - 1
        store(
          pieces[position], flags: isLast ? 0 : Layout.next, next: isLast ? 0 : UInt16(position + 1),
          at: table + position * Layout.descriptorByteCount)
      }
      store(
        DMAPiece(table, byteCount: pieces.count * Layout.descriptorByteCount, isWritable: false),
        flags: Layout.indirect, next: 0, at: descriptors + head * Layout.descriptorByteCount)
      firstFree = entries[head].next
    } else {
      chainCount = pieces.count
      var descriptor = head
      for position in pieces.indices {
        let next = entries[descriptor].next
        let isLast = position == pieces.count - 1
        store(
          pieces[position], flags: isLast ? 0 : Layout.next, next: isLast ? 0 : next,
          at: descriptors + descriptor * Layout.descriptorByteCount)
        if isLast { firstFree = next } else { descriptor = Int(next) }
      }
    }
    publish(head, chainCount: chainCount, writableByteCount: writableByteCount)
    return head
  }

  /// The same for a buffer of one piece, as nearly all are.
  func add(_ piece: DMAPiece) -> Int? {
    guard hasRoom(pieceCount: 1) else { return nil }
    let head = Int(firstFree)
    firstFree = entries[head].next
    store(piece, flags: 0, next: 0, at: descriptors + head * Layout.descriptorByteCount)
    publish(head, chainCount: 1, writableByteCount: piece.isWritable ? piece.byteCount : 0)
    return head
  }

  /// Puts the chain that begins at `head` into the available ring.
  @inline(__always)
  private func publish(_ head: Int, chainCount: Int, writableByteCount: UInt32) {
    entries[head].chainCount = UInt16(truncatingIfNeeded: chainCount)
    entries[head].writableByteCount = writableByteCount
    freeCount &-= chainCount
    inFlightCount &+= 1
    let slot = available + Layout.ringHeaderByteCount + (Int(availableIndex) & (size - 1)) * 2
    slot.storeBytes(of: UInt16(truncatingIfNeeded: head), as: UInt16.self)
    availableIndex &+= 1
    virtio_store16(available + 2, availableIndex)
  }

  private func store(_ piece: DMAPiece, flags: UInt16, next: UInt16, at place: UnsafeMutableRawPointer) {
    place.storeBytes(of: piece.address, as: UInt64.self)
    place.storeBytes(of: piece.byteCount, toByteOffset: 8, as: UInt32.self)
    place.storeBytes(of: flags | (piece.isWritable ? Layout.write : 0), toByteOffset: 12, as: UInt16.self)
    place.storeBytes(of: next, toByteOffset: 14, as: UInt16.self)
  }

  /// Tells the device about what was added since the last call, if it wants to know (Virtio 1.2 §2.7.10).
  func notify() {
    guard availableIndex != notifiedIndex, device.failure == nil else { return }
    virtio_barrier()
    let isWanted: Bool
    if hasEventIndex {
      let event = virtio_load16(used + Layout.ringHeaderByteCount + size * Layout.usedElementByteCount)
      isWanted = availableIndex &- event &- 1 < availableIndex &- notifiedIndex
    } else {
      isWanted = virtio_load16(used) & Layout.noNotify == 0
    }
    notifiedIndex = availableIndex
    if isWanted { device.notify(queue: index) }
  }

  // MARK: From the device

  /// Takes back a buffer; nil when the device has used none, or was given up.
  func take() -> Used? {
    guard device.failure == nil else { return nil }
    if takenIndex == usedIndex {
      let index = virtio_load16(used + 2)
      // Every used buffer was in flight, so the index never gets further ahead than that; going back looks the same.
      guard Int(index &- takenIndex) <= inFlightCount else { return fail(.usedIndexOutOfRange(self.index)) }
      usedIndex = index
      if takenIndex == index { return nil }
    }
    let element =
      used + Layout.ringHeaderByteCount + (Int(takenIndex) & (size - 1)) * Layout.usedElementByteCount
    let identifier = Int(virtio_load32(element))
    let byteCount = virtio_load32(element + 4)
    guard identifier < size else { return fail(.usedIdentifierOutOfRange(index)) }
    let entry = entries[identifier]
    guard entry.chainCount > 0 else { return fail(.usedIdentifierNotInFlight(index)) }
    guard byteCount <= entry.writableByteCount else { return fail(.usedTooLong(index)) }
    release(identifier, chainCount: Int(entry.chainCount))
    takenIndex &+= 1
    return Used(identifier: identifier, byteCount: Int(byteCount))
  }

  private func fail(_ error: VirtioError) -> Used? {
    device.fail(error)
    return nil
  }

  private func release(_ head: Int, chainCount: Int) {
    var last = head
    for _ in 1..<chainCount { last = Int(entries[last].next) }
    entries[head].chainCount = 0
    entries[last].next = firstFree
    firstFree = UInt16(head)
    freeCount += chainCount
    inFlightCount -= 1
  }

  // MARK: Interrupts

  /// Asks for an interrupt as soon as more than `count` further buffers were used. Nothing says that they were not
  /// already, when none may come: look at `hasUsed` afterwards (Virtio 1.2 §2.7.7.1).
  func arm(after count: Int = 0) {
    if hasEventIndex {
      virtio_store16(usedEvent, takenIndex &+ UInt16(truncatingIfNeeded: count))
    } else {
      virtio_store16(available, 0)
    }
    virtio_barrier()
  }

  /// Whether the device has used more than `count` buffers that were not taken back yet.
  func hasUsed(moreThan count: Int) -> Bool { Int(virtio_load16(used + 2) &- takenIndex) > count }

  /// Asks for no interrupts. A device may raise them all the same, once in 65,536 buffers.
  func disarm() {
    if hasEventIndex {
      virtio_store16(usedEvent, takenIndex &- 1)
    } else {
      virtio_store16(available, Layout.noInterrupt)
    }
  }

  private var usedEvent: UnsafeMutableRawPointer { available + Layout.ringHeaderByteCount + size * 2 }
}
