// Virtio 1.2 §5.1.6.3 and §5.1.6.4 before changing this file.
import CVirtio
import Platform

extension VirtioNet {
  /// Gives a page to the device.
  func offer(page: Int) {
    let identifier = receiveQueue.add(
      DMAPiece(receivePages + page * Self.pageByteCount, byteCount: Self.pageByteCount, isWritable: true))
    // There are as many pages as descriptors, so only a device that was given up takes none.
    if let identifier { pageOfIdentifier[identifier] = UInt16(page) }
  }

  /// Lends frames out of the pages that the device filled. They are not copied: without an IOMMU the device's side can
  /// write to all of this machine's memory anyway. The virtio header is read once.
  public func receive(limit: Int, _ deliver: (borrowing InboundFrame) -> Void) -> Int {
    var delivered = 0
    while delivered < limit, let first = receiveQueue.take() {
      guard first.byteCount >= NetHeader.byteCount else {
        device.fail(.usedTooShort(receiveQueue.index))
        break
      }
      let page = Int(pageOfIdentifier[first.identifier])
      let start = receivePages + page * Self.pageByteCount
      let flags = virtio_load8(start)
      let pieceCount = mergesBuffers ? Int(virtio_load16(start + 10)) : 1
      guard (1...Self.maximumPieceCount).contains(pieceCount) else {
        device.fail(.badBufferCount(UInt16(pieceCount)))
        break
      }
      heldPages[0] = UInt16(page)
      var byteCount = first.byteCount - NetHeader.byteCount
      var held = 1
      while held < pieceCount, let next = receiveQueue.take() {
        let page = pageOfIdentifier[next.identifier]
        heldPages[held] = page
        restPieces[held - 1] = UnsafeRawBufferPointer(
          start: receivePages + Int(page) * Self.pageByteCount, count: next.byteCount)
        byteCount += next.byteCount
        held += 1
      }
      guard held == pieceCount else {
        // The device uses all pages of a frame at once. Or it was given up in between, for a reason of its own.
        device.fail(.badBufferCount(UInt16(pieceCount)))
        break
      }
      if (Self.shortestFrameByteCount...largestReceivedByteCount).contains(byteCount) {
        let bytes = UnsafeRawBufferPointer(
          start: start + NetHeader.byteCount, count: first.byteCount - NetHeader.byteCount)
        let rest = UnsafeBufferPointer(start: restPieces, count: pieceCount - 1)
        let isTrusted =
          offload.contains(.receiveChecksum) && flags & (NetHeader.needsChecksum | NetHeader.dataIsValid) != 0
        deliver(InboundFrame(bytes: bytes.bytes, rest: rest.span, checksumIsTrusted: isTrusted))
        delivered += 1
      } else {
        droppedReceiveCount &+= 1
      }
      for position in 0..<pieceCount { offer(page: Int(heldPages[position])) }
    }
    return delivered
  }
}
