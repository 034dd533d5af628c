// Virtio 1.2 §5.2.6 before changing this file.
import CVirtio
import Platform

extension VirtioBlock {
  /// Hands a request to the device, which is told of it by `kick`. Returns at once; nil when there is no room: try again
  /// when another request ended. Throws `outOfRange` for sectors that are not there, no whole sectors, none at all, or
  /// more than one request moves; `failed` for a write to a read-only disk, a discard where there is none, and a device
  /// that was given up.
  public func submit(_ request: BlockRequest) throws(BlockError) -> BlockTicket? {
    guard failure == nil else { throw .failed }
    switch request {
    case .read(let sectorIndex, let memory):
      try check(sectorIndex, byteCount: memory.count, limit: maximumRequestByteCount)
    case .write(let sectorIndex, let memory):
      guard !isReadOnly else { throw .failed }
      try check(sectorIndex, byteCount: memory.count, limit: maximumRequestByteCount)
    case .flush: break
    case .discard(let sectorIndex, let count):
      guard !isReadOnly && maximumDiscardSectorCount > 0 else { throw .failed }
      guard count > 0, count <= maximumDiscardSectorCount else { throw .outOfRange }
      guard sectorIndex < sectorCount && count <= sectorCount - sectorIndex else { throw .outOfRange }
    }
    guard let index = start(request, transfer: 0) else { return nil }
    return BlockTicket(index: UInt16(index), generation: requests[index].generation)
  }

  /// Tells the device about requests submitted since the last call.
  public func kick() { queue.notify() }

  /// Takes what the device finished; true when there was any.
  @discardableResult public func poll() -> Bool {
    var hasProgress = false
    while let used = queue.take() {
      hasProgress = true
      let index = Int(requestOfIdentifier[used.identifier])
      let status = virtio_load8(area(index) + RequestArea.statusOffset)
      switch status {
      case RequestArea.succeeded:
        guard used.byteCount >= requests[index].expectedByteCount else {
          device.fail(.usedTooShort(queue.index))
          break
        }
        requests[index].phase = .succeeded
      case RequestArea.ioError, RequestArea.unsupported: requests[index].phase = .failed
      default: device.fail(.badStatus(status))
      }
    }
    if failure != nil {
      for index in requests.indices where requests[index].phase == .inFlight {
        requests[index].phase = .failed
        hasProgress = true
      }
    }
    return hasProgress
  }

  /// Whether the request of `ticket` ended, as far as `poll` knows. Traps for a ticket that was handed in.
  public func isDone(_ ticket: BlockTicket) -> Bool { requests[index(of: ticket)].phase != .inFlight }

  /// Hands in the ticket of a request that ended. Throws `failed` when it did not succeed. Traps for a request that is
  /// under way, and for a ticket that was handed in.
  public func finish(_ ticket: BlockTicket) throws(BlockError) {
    let index = index(of: ticket)
    let phase = requests[index].phase
    precondition(phase != .inFlight, "the request is under way")
    release(index)
    if phase == .failed { throw .failed }
  }

  private func index(of ticket: BlockTicket) -> Int {
    let index = Int(ticket.index)
    precondition(
      requests[index].phase != .free && requests[index].generation == ticket.generation
        && requests[index].transfer == 0, "the ticket was handed in before")
    return index
  }

  func release(_ index: Int) {
    requests[index].phase = .free
    requests[index].generation &+= 1
  }

  /// Throws unless the bytes are at least one and whole sectors of the disk.
  func check(_ sectorIndex: UInt64, byteCount: Int, limit: Int) throws(BlockError) {
    guard byteCount > 0, byteCount % sectorByteCount == 0, byteCount <= limit else { throw .outOfRange }
    let count = UInt64(byteCount / sectorByteCount)
    guard sectorIndex < sectorCount && count <= sectorCount - sectorIndex else { throw .outOfRange }
  }

  private func area(_ index: Int) -> UnsafeMutableRawPointer { areas + index * RequestArea.byteCount }

  /// Puts a request that was checked into the queue; its index in `requests`, nil when there is no room.
  func start(_ request: BlockRequest, transfer: UInt64) -> Int? {
    guard let index = requests.firstIndex(where: { $0.phase == .free }) else { return nil }
    let area = area(index)
    let factor = UInt64(sectorByteCount / Self.deviceSectorByteCount)
    area.storeBytes(of: 0, toByteOffset: 4, as: UInt32.self)
    area.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
    area.storeBytes(of: RequestArea.unwritten, toByteOffset: RequestArea.statusOffset, as: UInt8.self)
    pieces[0] = DMAPiece(area, byteCount: RequestArea.headerByteCount, isWritable: false)
    var pieceCount = 1
    var expectedByteCount = 1
    let kind: UInt32
    switch request {
    case .read(let sectorIndex, let memory):
      kind = RequestArea.read
      area.storeBytes(of: sectorIndex * factor, toByteOffset: 8, as: UInt64.self)
      append(UnsafeRawBufferPointer(memory), isWritable: true, &pieceCount)
      expectedByteCount += memory.count
    case .write(let sectorIndex, let memory):
      kind = RequestArea.write
      area.storeBytes(of: sectorIndex * factor, toByteOffset: 8, as: UInt64.self)
      append(memory, isWritable: false, &pieceCount)
    case .flush: kind = RequestArea.flush
    case .discard(let sectorIndex, let count):
      kind = RequestArea.discard
      let range = area + RequestArea.discardOffset
      range.storeBytes(of: sectorIndex * factor, as: UInt64.self)
      range.storeBytes(of: UInt32(count * factor), toByteOffset: 8, as: UInt32.self)
      range.storeBytes(of: 0, toByteOffset: 12, as: UInt32.self)
      pieces[1] = DMAPiece(range, byteCount: RequestArea.discardByteCount, isWritable: false)
      pieceCount = 2
    }
    area.storeBytes(of: kind, as: UInt32.self)
    pieces[pieceCount] = DMAPiece(area + RequestArea.statusOffset, byteCount: 1, isWritable: true)
    pieceCount += 1
    guard let identifier = queue.add(UnsafeBufferPointer(start: pieces, count: pieceCount)) else {
      return nil
    }
    requestOfIdentifier[identifier] = UInt16(index)
    requests[index].phase = .inFlight
    requests[index].transfer = transfer
    requests[index].expectedByteCount = expectedByteCount
    return index
  }

  private func append(_ memory: UnsafeRawBufferPointer, isWritable: Bool, _ pieceCount: inout Int) {
    var offset = 0
    while offset < memory.count {
      let count = min(segmentByteCount, memory.count - offset)
      pieces[pieceCount] = DMAPiece(memory.baseAddress! + offset, byteCount: count, isWritable: isWritable)
      pieceCount += 1
      offset += count
    }
  }
}
