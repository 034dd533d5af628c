// Virtio 1.2 §5.2 before changing this file.
import Platform

/// A virtio disk. Requests go straight from and to the caller's memory, several at once.
///
/// Confined to the loop's thread. The calls of `BlockDevice` wait by calling `park`; `submit`, `poll` and `finish` do
/// not wait. Nothing is allocated after `init`. A device that breaks the rules is given up: `failure` says why, and
/// everything under way ends with `BlockError.failed`.
public final class VirtioBlock: BlockDevice {
  /// What a disk may take of this machine.
  public struct Configuration: Sendable {
    /// Requests in flight at once: 1...256. At most as many as the device's queue takes.
    public var requestCount = 32
    /// Bytes that one request moves: a multiple of 4,096, at most 16 MiB. Longer transfers are several requests.
    public var maximumRequestByteCount = 128 * 1024
    /// 32 requests of up to 128 KiB.
    public init() {}
  }

  /// Bytes in a sector of Virtio's, whatever the disk's blocks are.
  static let deviceSectorByteCount = 512
  /// The largest block.
  static let largestBlockByteCount = 65_536
  /// Segments of one request's data; more than one only where the device limits their bytes.
  static let maximumSegmentCount = 16
  /// The largest `requestCount`.
  static let maximumRequestCount = 256
  /// The largest `maximumRequestByteCount`.
  static let largestRequestByteCount = 16 << 20

  public let sectorByteCount: Int
  public let sectorCount: UInt64
  /// Whether every write is refused.
  public let isReadOnly: Bool
  /// Sectors that one discard may cover; 0 when the device takes none.
  public let maximumDiscardSectorCount: UInt64
  /// Bytes that one request moves at most: whole sectors.
  public let maximumRequestByteCount: Int

  /// Why the device was given up; nil while it works.
  public var failure: VirtioError? { device.failure }
  /// Whether a `flush` has failed since the start: writes that the device had accepted may be lost, and a later flush
  /// that succeeds says nothing about them.
  public internal(set) var hasFailedFlush = false
  /// Requests that the device has at this moment.
  public var inFlightCount: Int { queue.inFlightCount }

  let device: MMIODevice
  let queue: SplitQueue
  let park: () -> Void
  let segmentByteCount: Int
  /// Headers and status bytes, `RequestArea.byteCount` for each request.
  let areas: UnsafeMutableRawPointer
  let requests: UnsafeMutableBufferPointer<RequestState>
  let requestOfIdentifier: UnsafeMutablePointer<UInt16>
  let pieces: UnsafeMutablePointer<DMAPiece>
  var nextTransfer: UInt64 = 1

  /// Starts the device. `park` is called while a request is under way that somebody waits for, with the interrupt
  /// armed; it returns when something may have happened, at the latest after the next interrupt. Throws what is wrong
  /// with the device, `unflushable` for one that cannot flush; it is then left marked FAILED.
  public init(
    registers: any MMIORegisters, memory: any DMAMemory, configuration: Configuration = Configuration(),
    park: @escaping () -> Void
  ) throws(VirtioError) {
    precondition((1...Self.maximumRequestCount).contains(configuration.requestCount))
    precondition(
      (4096...Self.largestRequestByteCount).contains(configuration.maximumRequestByteCount)
        && configuration.maximumRequestByteCount % 4096 == 0)
    let device = try MMIODevice(registers: registers, kind: .block)
    guard device.offered.contains(.blockFlush) else { throw device.refuse(.unflushable) }
    try device.negotiate(
      wanted: [
        .eventIndex, .indirectDescriptors, .blockSizeMax, .blockSegMax, .blockReadOnly, .blockBlockSize,
        .blockDiscard,
      ], required: .blockFlush)
    let geometry = try BlockGeometry(of: device)

    // Without indirect descriptors a request fills several of the ring: header, segments, status.
    let isIndirect = device.features.contains(.indirectDescriptors)
    let wantedSegments = min(
      geometry.segmentCount, Self.maximumSegmentCount,
      (configuration.maximumRequestByteCount + geometry.segmentByteCount - 1) / geometry.segmentByteCount)
    let queue = try SplitQueue(
      device, index: 0, capacity: configuration.requestCount * (isIndirect ? 1 : wantedSegments + 2),
      maximumPieceCount: wantedSegments + 2, minimumPieceCount: 3, memory: memory)
    let segmentCount = queue.maximumPieceCount - 2
    let requestCount = min(
      configuration.requestCount, isIndirect ? queue.size : max(queue.size / (segmentCount + 2), 1))
    let (most, overflow) = geometry.segmentByteCount.multipliedReportingOverflow(by: segmentCount)
    let largest = min(overflow ? Int.max : most, configuration.maximumRequestByteCount)
    let requestByteCount = largest / geometry.blockByteCount * geometry.blockByteCount
    guard requestByteCount > 0 else { throw device.refuse(.badConfiguration(.segmentSize)) }
    guard let areas = memory.allocate(byteCount: requestCount * RequestArea.byteCount) else {
      throw device.refuse(.outOfMemory)
    }
    areas.initializeMemory(as: UInt8.self, repeating: 0, count: requestCount * RequestArea.byteCount)

    self.device = device
    self.queue = queue
    self.park = park
    self.areas = areas
    sectorByteCount = geometry.blockByteCount
    sectorCount = geometry.blockCount
    segmentByteCount = geometry.segmentByteCount
    maximumRequestByteCount = requestByteCount
    maximumDiscardSectorCount = geometry.maximumDiscardBlockCount
    isReadOnly = device.features.contains(.blockReadOnly)
    requests = .allocate(capacity: requestCount)
    requests.initialize(repeating: RequestState())
    requestOfIdentifier = .allocate(capacity: queue.size)
    requestOfIdentifier.initialize(repeating: 0, count: queue.size)
    pieces = .allocate(capacity: Self.maximumSegmentCount + 2)
    pieces.initialize(
      repeating: DMAPiece(areas, byteCount: 0, isWritable: false), count: Self.maximumSegmentCount + 2)
    try device.start()
  }

  deinit {
    requests.deallocate()
    requestOfIdentifier.deallocate()
    pieces.deallocate()
  }

  // MARK: Events

  /// Takes what the device finished; true when anything is to be looked at, so that whoever is parked should be woken.
  /// Cost: none to speak of when nothing is in flight or something ended; else one or two register accesses, which
  /// find out whether the device asks to be reset.
  public func handleEvents() -> Bool {
    guard queue.inFlightCount > 0 else { return false }
    if poll() { return true }
    _ = device.acknowledgeInterrupt()
    return poll()
  }

  /// Before somebody waits: the next request that ends raises an interrupt. True when one ended meanwhile, or never
  /// will: then `poll` again instead.
  public func armInterrupts() -> Bool {
    queue.arm()
    _ = device.acknowledgeInterrupt()
    return queue.hasUsed(moreThan: 0) || failure != nil
  }

  /// Gives the device up, when it has not answered for too long. Everything under way ends with `BlockError.failed`
  /// as soon as `poll` is called, and may no longer touch its memory.
  public func abandon() { device.fail(.abandoned) }
}
