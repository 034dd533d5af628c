// xen/io/blkif.h, its first half, before changing this file.
import Bytes
import CXen
import XenRing

extension Blkfront {
  private enum Key {
    static let ringPageOrder = "max-ring-page-order"
    static let persistent = "feature-persistent"
    static let flush = "feature-flush-cache"
    static let barrier = "feature-barrier"
    static let indirect = "feature-max-indirect-segments"
    static let discard = "feature-discard"
    static let sectors = "sectors"
    static let sectorSize = "sector-size"
    static let info = "info"
  }

  public var backendKeys: [String] {
    [
      Key.ringPageOrder, Key.flush, Key.barrier, Key.indirect, Key.discard, Key.sectors, Key.sectorSize,
      Key.info,
    ]
  }

  public var waitsForBackend: Bool { true }

  /// Throws `failure` for a disk that was given up.
  public func prepare(
    backend: UInt16, values: BackendValues, openChannel: () throws(XenError) -> any EventChannel
  ) throws(XenError) -> [StoreEntry] {
    if let failure { throw failure }
    disconnect()
    do throws(XenError) {
      return try withoutActuallyEscaping(values) { values throws(XenError) in
        try connect(to: backend, BackendFolder(values), openChannel)
      }
    } catch {
      disconnect()
      throw error
    }
  }

  private func connect(
    to backend: UInt16, _ folder: BackendFolder, _ openChannel: () throws(XenError) -> any EventChannel
  ) throws(XenError) -> [StoreEntry] {
    let offered = try folder.number(Key.ringPageOrder) ?? 0
    let order = min(Int(clamping: offered), configuration.maximumRingPageOrder)
    try ringPages.grant(to: backend, limit: 1 << order)
    try pool.granted.grant(to: backend)
    ring = FrontRing(
      ringPages.start, byteCount: GrantedPages.pageByteCount << order, entryByteCount: xen_blkif_entry_size,
      startingAt: firstIndex)
    let channel = try openChannel()
    self.channel = channel
    phase = .prepared

    var entries = [
      StoreEntry("event-channel", channel.port),
      StoreEntry("protocol", "x86_64-abi"),
      StoreEntry(Key.persistent, configuration.isPersistent ? 1 : 0),
    ]
    if order == 0 { entries.append(StoreEntry("ring-ref", ringPages.reference(0))) }
    // A backend that finds an order looks for numbered pages, be they one.
    if order > 0 || hasUsedRingPages {
      hasUsedRingPages = true
      entries.append(StoreEntry("ring-page-order", UInt32(order)))
      for page in 0..<1 << order {
        entries.append(StoreEntry("ring-ref" + String(page), ringPages.reference(page)))
      }
    }
    return entries
  }

  /// Throws for a disk that cannot flush, whose geometry makes no sense, or that is not what it was before. It is then
  /// disconnected, and what waits goes on waiting.
  public func start(values: BackendValues) throws(XenError) {
    guard phase == .prepared else { return }
    do throws(XenError) {
      try withoutActuallyEscaping(values) { values throws(XenError) in try learn(BackendFolder(values)) }
    } catch {
      disconnect()
      throw error
    }
    phase = .connected
    connectionCount &+= 1
    pump()
    kick()
  }

  private func learn(_ folder: BackendFolder) throws(XenError) {
    // A flush is enough; a barrier is one with more to it.
    let hasBarrier = try folder.flag(Key.barrier)
    let hasFlush = try folder.flag(Key.flush)
    guard hasFlush || hasBarrier else { throw .unflushable }
    flushOperation = UInt8(hasFlush ? BLKIF_OP_FLUSH_DISKCACHE : BLKIF_OP_WRITE_BARRIER)

    // `sectors` counts units of 512 bytes, as `feature-large-sector-size` is not asked for.
    let size = try folder.requiredNumber(Key.sectorSize)
    let sizes = UInt64(Self.unitByteCount)...UInt64(Self.largestSectorByteCount)
    guard sizes.contains(size) && size & (size - 1) == 0 else { throw .badSectorSize }
    let units = try folder.requiredNumber(Key.sectors)
    let sectors = units / (size / UInt64(Self.unitByteCount))
    guard sectors > 0 && units < UInt64(Int64.max) / UInt64(Self.unitByteCount) else { throw .badCapacity }
    let isReadOnly = try (folder.number(Key.info) ?? 0) & UInt64(VDISK_READONLY) != 0
    guard !isReadOnly || configuration.acceptsReadOnly else { throw .readOnly }
    let segments = try Int(clamping: folder.number(Key.indirect) ?? 0)
    let hasDiscard = try folder.flag(Key.discard)
    let segmentCount = max(min(segments, Self.segmentsPerPage), Int(BLKIF_MAX_SEGMENTS_PER_REQUEST))

    if hasGeometry {
      guard Int(size) == sectorByteCount else { throw .sectorSizeChanged }
      guard sectors >= sectorCount else { throw .shrunk }
      guard self.isReadOnly || !isReadOnly else { throw .becameReadOnly }
      for index in requests.indices where requests[index].phase == .waiting && requests[index].isIndirect {
        guard requests[index].dataPageCount <= segmentCount else { throw .shorterRequests }
      }
    } else {
      hasGeometry = true
      sectorByteCount = Int(size)
      sectorCount = sectors
      self.isReadOnly = isReadOnly
    }
    maximumSegmentCount = segmentCount
    maximumRequestByteCount = min(
      configuration.maximumRequestByteCount, segmentCount * GrantedPages.pageByteCount)
    maximumDiscardSectorCount = hasDiscard && !self.isReadOnly ? sectorCount : 0
  }

  public func disconnect() {
    channel?.close()
    leave()
    ringPages.end()
    pool.granted.end()
  }

  /// Like `disconnect` for a backend whose grants and channel are void already: after this domain was restored, the
  /// grant table and the channels are new ones, and the references of before may be anybody's.
  public func forget() {
    leave()
    ringPages.forget()
    pool.granted.forget()
  }

  /// What the backend had, or may not have flushed, waits for the next one.
  private func leave() {
    channel = nil
    guard phase != .disconnected else { return }
    let wasConnected = phase == .connected
    phase = .disconnected
    guard wasConnected && failure == nil else { return }
    for index in requests.indices {
      switch requests[index].phase {
      case .inFlight:
        requests[index].phase = .waiting
        waitingCount += 1
      case .kept:
        requests[index].phase = .waiting
        waitingCount += 1
        openCount += 1
      case .free, .waiting, .succeeded, .failed: break
      }
    }
    replayEnd = waitingCount > 0 ? nextSequence : 0
    if lastUnkept > durableCount { lose() }
  }
}
