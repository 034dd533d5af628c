// Virtio 1.2 §5.1.6.2 before changing this file.
import Platform

extension VirtioNet {
  /// Copies the frame into as many slots as it fills. False when those are not free: the device then raises an
  /// interrupt as soon as half of what it has is sent.
  public func transmit(_ frame: borrowing OutboundFrame) -> Bool {
    guard failure == nil else {
      droppedTransmitCount &+= 1
      return true
    }
    let byteCount = NetHeader.byteCount + frame.byteCount
    precondition(frame.byteCount <= largestTransmittedByteCount, "the frame is too long for the device")
    let slotCount = (byteCount + Self.pageByteCount - 1) / Self.pageByteCount
    guard hasRoom(slotCount: slotCount) else { return false }
    guard failure == nil else {
      droppedTransmitCount &+= 1
      return true
    }

    let first = firstFreeSlot
    var writer = SlotWriter(self)
    writer.append(header: describe(frame))
    frame.header.withUnsafeBytes { writer.append($0) }
    frame.payload.withUnsafeBytes { writer.append($0) }
    frame.payloadTail.withUnsafeBytes { writer.append($0) }
    let next = writer.finish()
    guard let identifier = transmitQueue.add(UnsafeBufferPointer(start: pieces, count: slotCount)) else {
      // The slots were never taken: there was room a moment ago, so the device was given up.
      droppedTransmitCount &+= 1
      return true
    }
    slotOfIdentifier[identifier] = first
    slotCountOfIdentifier[identifier] = UInt8(slotCount)
    firstFreeSlot = next
    freeSlotCount -= slotCount
    return true
  }

  private func describe(_ frame: borrowing OutboundFrame) -> NetHeader {
    var header = NetHeader()
    if let checksum = frame.checksum {
      precondition(offload.contains(frame.checksumOffload), "the checksum is for the stack to finish")
      header.flags = NetHeader.needsChecksum
      header.checksumStart = UInt16(checksum.start)
      header.checksumOffset = UInt16(checksum.offset)
    }
    if frame.segmentByteCount > 0 {
      precondition(offload.contains(frame.segmentationOffload), "the segments are for the stack to cut")
      header.segmentation = frame.isIPv6 ? NetHeader.segmentedTCPv6 : NetHeader.segmentedTCPv4
      header.segmentByteCount = UInt16(frame.segmentByteCount)
      header.headerByteCount = UInt16(frame.header.byteCount)
    }
    return header
  }

  // MARK: Room

  /// Buffers that may come back without an interrupt while a frame waits: half of those that are out, less one, so that
  /// there is always one that raises it.
  var stallThreshold: Int { max(transmitQueue.inFlightCount / 2 - 1, 0) }

  private func isFree(slotCount: Int) -> Bool {
    freeSlotCount >= slotCount && transmitQueue.hasRoom(pieceCount: slotCount)
  }

  /// True also when the device was given up on the way.
  private func hasRoom(slotCount: Int) -> Bool {
    if !isFree(slotCount: slotCount) {
      reclaim()
      while !isFree(slotCount: slotCount) {
        // What was refused now is asked for again after an interrupt, so the device must know of all that it has.
        transmitQueue.notify()
        armTransmit()
        guard transmitQueue.hasUsed(moreThan: stallThreshold) else {
          isStalled = true
          return false
        }
        reclaim()
        guard failure == nil else { return true }
      }
    }
    if isStalled {
      isStalled = false
      transmitQueue.disarm()
    }
    return true
  }

  /// Lets the device raise an interrupt when half of what it has was sent.
  func armTransmit() { transmitQueue.arm(after: stallThreshold) }

  /// Takes back the slots of what was sent.
  func reclaim() {
    while let sent = transmitQueue.take() {
      let first = slotOfIdentifier[sent.identifier]
      let slotCount = Int(slotCountOfIdentifier[sent.identifier])
      var last = first
      for _ in 1..<slotCount { last = nextSlot[Int(last)] }
      nextSlot[Int(last)] = firstFreeSlot
      firstFreeSlot = first
      freeSlotCount += slotCount
    }
  }
}

/// Fills free slots one after the other.
private struct SlotWriter {
  private let net: VirtioNet
  private var slot: UInt16
  private var filled = 0
  private var pieceCount = 0

  init(_ net: VirtioNet) {
    self.net = net
    slot = net.firstFreeSlot
  }

  private var page: UnsafeMutableRawPointer {
    net.transmitPages + Int(slot) * VirtioNet.pageByteCount
  }

  mutating func append(header: NetHeader) {
    header.store(to: page)
    filled = NetHeader.byteCount
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    var offset = 0
    while offset < bytes.count {
      if filled == VirtioNet.pageByteCount { close() }
      let count = min(bytes.count - offset, VirtioNet.pageByteCount - filled)
      // Safe: `count` bytes are left in both.
      (page + filled).copyMemory(from: bytes.baseAddress! + offset, byteCount: count)
      filled += count
      offset += count
    }
  }

  private mutating func close() {
    net.pieces[pieceCount] = DMAPiece(page, byteCount: filled, isWritable: false)
    pieceCount += 1
    slot = net.nextSlot[Int(slot)]
    filled = 0
  }

  /// The slot behind the last one that was filled.
  mutating func finish() -> UInt16 {
    close()
    return slot
  }
}
