import Platform
import XenRing

/// The calls that wait: they park until the backend has answered. Others may call them meanwhile.
extension Blkfront {
  public func read(
    at sectorIndex: UInt64, into destination: UnsafeMutableRawBufferPointer
  ) throws(BlockError) {
    try check(sectorIndex, byteCount: destination.count)
    guard let start = destination.baseAddress, destination.count > 0 else { return }
    try move(destination.count, at: sectorIndex) { sector, offset, count, transfer in
      submit(.read, at: sector, byteCount: UInt64(count), into: start + offset, transfer: transfer)
    }
  }

  public func write(at sectorIndex: UInt64, from source: RawSpan) throws(BlockError) {
    guard !isReadOnly else { throw .failed }
    try check(sectorIndex, byteCount: source.byteCount)
    try source.withUnsafeBytes { bytes throws(BlockError) in
      guard let start = bytes.baseAddress, bytes.count > 0 else { return }
      try move(bytes.count, at: sectorIndex) { sector, offset, count, transfer in
        submit(.write, at: sector, byteCount: UInt64(count), from: start + offset, transfer: transfer)
      }
    }
  }

  public func flush() throws(BlockError) {
    do throws(BlockError) {
      guard !hasLost else { throw .failed }
      try wait { submit(.flush, transfer: $0) }
    } catch {
      hasFailedFlush = true
      throw error
    }
  }

  /// Tells the disk that nobody needs these sectors any more. Throws `outOfRange` for sectors that are not there,
  /// `failed` where the backend takes no discards.
  public func discard(at sectorIndex: UInt64, sectorCount count: UInt64) throws(BlockError) {
    guard !isReadOnly && maximumDiscardSectorCount > 0 else { throw .failed }
    guard sectorIndex <= sectorCount && count <= sectorCount - sectorIndex else { throw .outOfRange }
    guard count > 0 else { return }
    try wait {
      submit(.discard, at: sectorIndex, byteCount: count * UInt64(sectorByteCount), transfer: $0)
    }
  }

  /// Throws unless the bytes are whole sectors of the disk.
  private func check(_ sectorIndex: UInt64, byteCount: Int) throws(BlockError) {
    guard byteCount % sectorByteCount == 0 else { throw .outOfRange }
    let count = UInt64(byteCount / sectorByteCount)
    guard sectorIndex <= sectorCount && count <= sectorCount - sectorIndex else { throw .outOfRange }
  }

  /// Moves `byteCount` bytes by as many requests at once as have room. `submit` is given where on the disk, where in
  /// the memory, how many bytes, and the transfer.
  private func move(
    _ byteCount: Int, at sectorIndex: UInt64, _ submit: (UInt64, Int, Int, UInt64) -> Bool
  ) throws(BlockError) {
    nextTransfer += 1
    let transfer = nextTransfer
    var offset = 0
    var hasFailed = failure != nil
    while true {
      while offset < byteCount && !hasFailed {
        let count = min(maximumRequestByteCount, byteCount - offset)
        guard submit(sectorIndex + UInt64(offset / sectorByteCount), offset, count, transfer) else { break }
        offset += count
      }
      kick()
      poll()
      let state = collect(transfer)
      hasFailed = hasFailed || state.hasFailed || failure != nil
      if state.openCount == 0 && (hasFailed || offset == byteCount) { break }
      if state.endedCount == 0 { wait() }
    }
    if hasFailed { throw .failed }
  }

  /// Submits one request, and waits until it ended.
  private func wait(_ submit: (UInt64) -> Bool) throws(BlockError) {
    nextTransfer += 1
    let transfer = nextTransfer
    while true {
      guard failure == nil else { throw .failed }
      if submit(transfer) { break }
      wait()
    }
    kick()
    while true {
      poll()
      let state = collect(transfer)
      if state.hasFailed { throw .failed }
      if state.openCount == 0 { return }
      wait()
    }
  }

  /// Releases the requests of `transfer` that ended.
  private func collect(_ transfer: UInt64) -> (openCount: Int, endedCount: Int, hasFailed: Bool) {
    var (openCount, endedCount, hasFailed) = (0, 0, false)
    for index in requests.indices where requests[index].transfer == transfer {
      switch requests[index].phase {
      case .free: break
      case .waiting, .inFlight: openCount += 1
      case .kept:
        endedCount += 1
        requests[index].transfer = 0
      case .succeeded, .failed:
        hasFailed = hasFailed || requests[index].phase == .failed
        endedCount += 1
        requests[index].transfer = 0
        requests[index].phase = .free
      }
    }
    return (openCount, endedCount, hasFailed)
  }

  private func wait() {
    if !armInterrupts() { park() }
    poll()
  }
}
