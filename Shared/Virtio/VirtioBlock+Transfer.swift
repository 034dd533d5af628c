import Platform

/// The calls that wait: they park until the device has answered. Others may submit and poll meanwhile.
extension VirtioBlock {
  public func read(
    at sectorIndex: UInt64, into destination: UnsafeMutableRawBufferPointer
  ) throws(BlockError) {
    guard destination.count > 0 else { return try checkEmpty(at: sectorIndex) }
    try check(sectorIndex, byteCount: destination.count, limit: .max)
    try transfer(at: sectorIndex, destination, writes: false)
  }

  public func write(at sectorIndex: UInt64, from source: RawSpan) throws(BlockError) {
    guard !isReadOnly else { throw .failed }
    guard source.byteCount > 0 else { return try checkEmpty(at: sectorIndex) }
    try check(sectorIndex, byteCount: source.byteCount, limit: .max)
    try source.withUnsafeBytes { bytes throws(BlockError) in
      // The device only reads what a write request points to, and has answered for all of it when this returns.
      try transfer(at: sectorIndex, UnsafeMutableRawBufferPointer(mutating: bytes), writes: true)
    }
  }

  public func flush() throws(BlockError) {
    let transfer = newTransfer()
    while true {
      guard failure == nil else { throw .failed }
      if start(.flush, transfer: transfer) != nil { break }
      wait()
    }
    queue.notify()
    do throws(BlockError) {
      try finish(transfer)
    } catch {
      hasFailedFlush = true
      throw error
    }
  }

  /// Tells the disk that nobody needs these sectors any more. Throws `outOfRange` for sectors that are not there,
  /// `failed` where the device takes no discards.
  public func discard(at sectorIndex: UInt64, sectorCount count: UInt64) throws(BlockError) {
    guard !isReadOnly && maximumDiscardSectorCount > 0 else { throw .failed }
    guard sectorIndex <= sectorCount && count <= sectorCount - sectorIndex else { throw .outOfRange }
    let transfer = newTransfer()
    var done: UInt64 = 0
    while done < count {
      let part = min(maximumDiscardSectorCount, count - done)
      guard failure == nil else { throw .failed }
      if start(.discard(sectorIndex: sectorIndex + done, sectorCount: part), transfer: transfer) != nil {
        done += part
        queue.notify()
        try finish(transfer)
      } else {
        wait()
      }
    }
  }

  private func checkEmpty(at sectorIndex: UInt64) throws(BlockError) {
    guard sectorIndex <= sectorCount else { throw .outOfRange }
  }

  private func newTransfer() -> UInt64 {
    nextTransfer += 1
    return nextTransfer
  }

  /// Moves all of `memory`, by as many requests at once as have room.
  private func transfer(
    at sectorIndex: UInt64, _ memory: UnsafeMutableRawBufferPointer, writes: Bool
  ) throws(BlockError) {
    let transfer = newTransfer()
    var offset = 0
    var hasFailed = false
    while true {
      while offset < memory.count && !hasFailed {
        let end = min(offset + maximumRequestByteCount, memory.count)
        let part = UnsafeMutableRawBufferPointer(rebasing: memory[offset..<end])
        let sector = sectorIndex + UInt64(offset / sectorByteCount)
        let request: BlockRequest =
          writes
          ? .write(sectorIndex: sector, from: UnsafeRawBufferPointer(part))
          : .read(sectorIndex: sector, into: part)
        guard start(request, transfer: transfer) != nil else { break }
        offset = end
      }
      queue.notify()
      poll()
      let (openCount, endedCount, failed) = collect(transfer)
      hasFailed = hasFailed || failed || failure != nil
      if openCount == 0 && (hasFailed || offset == memory.count) { break }
      if endedCount == 0 { wait() }
    }
    if hasFailed { throw .failed }
  }

  /// Waits until every request of `transfer` ended.
  private func finish(_ transfer: UInt64) throws(BlockError) {
    var hasFailed = false
    while true {
      poll()
      let (openCount, _, failed) = collect(transfer)
      hasFailed = hasFailed || failed
      if openCount == 0 { break }
      wait()
    }
    if hasFailed { throw .failed }
  }

  /// Releases the requests of `transfer` that ended.
  private func collect(_ transfer: UInt64) -> (openCount: Int, endedCount: Int, hasFailed: Bool) {
    var (openCount, endedCount, hasFailed) = (0, 0, false)
    for index in requests.indices where requests[index].transfer == transfer {
      switch requests[index].phase {
      case .free: break
      case .inFlight: openCount += 1
      case .succeeded, .failed:
        hasFailed = hasFailed || requests[index].phase == .failed
        endedCount += 1
        release(index)
      }
    }
    return (openCount, endedCount, hasFailed)
  }

  private func wait() {
    if !armInterrupts() { park() }
    poll()
  }
}
