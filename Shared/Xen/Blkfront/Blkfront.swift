// xen/io/blkif.h before changing this file.
import CXen
import Platform
import XenRing

/// A paravirtual disk of Xen's. Several requests at once go through pages that are granted for as long as there is a
/// backend; the backend sees no other memory.
///
/// Confined to the loop's thread. The calls of `BlockDevice` wait by calling `park`. Nothing is allocated while it
/// moves sectors. It outlives its backends: while there is none, requests wait, and when one comes they are sent again,
/// in order. A write that was acknowledged and not flushed is sent again, too; if its data had to make room for other
/// requests, the next flush fails instead, since nobody knows whether it is on the disk.
///
/// A backend that breaks the rules is given up for good: `failure` says why, and everything under way ends with
/// `BlockError.failed`.
public final class Blkfront: BlockDevice, Frontend {
  /// What a disk may take of this machine.
  public struct Configuration: Sendable {
    /// Requests under way or kept until they are flushed: 1...256.
    public var requestCount = 64
    /// Pages of 4,096 bytes that requests move through: 2...4,096, at least one more than the largest request has.
    public var pageCount = 128
    /// Bytes that one request moves: a multiple of 4,096, at most 2 MiB. Longer transfers are several requests, and so
    /// are those of a backend that takes less at once.
    public var maximumRequestByteCount = 128 * 1024
    /// The ring has up to 2^this pages, as the backend takes them: 0...4. One page holds 32 requests.
    public var maximumRingPageOrder = 1
    /// Whether a disk that cannot be written to will do; else it is refused, in words, before anybody writes.
    public var acceptsReadOnly = false
    /// Whether the backend is told that it may keep the pages mapped (feature-persistent).
    public var isPersistent = true
    /// 64 requests of up to 128 KiB, through half a megabyte, to a disk that can be written to.
    public init() {}
  }

  /// Where it is between two backends.
  enum Phase {
    case disconnected
    /// The ring is granted; the backend has not said that it is connected.
    case prepared
    case connected
  }

  /// Bytes in the unit that a ring counts in, whatever the disk's sectors are.
  static let unitByteCount = 512
  /// The largest sector: a page.
  static let largestSectorByteCount = 4096
  /// The largest `requestCount`.
  static let maximumRequestCount = 256
  /// The largest `pageCount`.
  static let maximumPageCount = 4096
  /// Segments that one page describes.
  static let segmentsPerPage = GrantedPages.pageByteCount / MemoryLayout<blkif_request_segment>.stride
  /// The largest `maximumRingPageOrder`.
  static let largestRingPageOrder = 4

  /// 512 until a backend says.
  public internal(set) var sectorByteCount = 512
  /// 0 until a backend says. The first one's: a disk that grew stays as it was.
  public internal(set) var sectorCount: UInt64 = 0
  /// Whether every write is refused.
  public internal(set) var isReadOnly = false
  /// Sectors that one discard may cover; 0 when the backend takes none.
  public internal(set) var maximumDiscardSectorCount: UInt64 = 0
  /// Bytes that one request moves at most: whole sectors.
  public internal(set) var maximumRequestByteCount: Int

  /// Why the disk was given up; nil while it works.
  public internal(set) var failure: XenError?
  /// Whether a `flush` has failed since the start: writes that the disk had accepted may be lost, and a later flush
  /// that succeeds says nothing about them.
  public internal(set) var hasFailedFlush = false
  /// Requests that have not ended: the backend has them, or they wait for one. Not 0 while `handleEvents` has news.
  public var inFlightCount: Int { hasNews ? max(openCount, 1) : openCount }
  /// Whether there is a backend.
  public var isConnected: Bool { phase == .connected }
  /// Backends that it was connected to so far.
  public internal(set) var connectionCount: UInt64 = 0
  /// Requests that were sent again, to another backend.
  public internal(set) var replayedCount: UInt64 = 0

  let configuration: Configuration
  let handle: UInt16
  let park: () -> Void
  var phase = Phase.disconnected
  var hasGeometry = false
  /// Whether the key of several pages was written before, and has to be taken back in words.
  var hasUsedRingPages = false
  let ringPages: GrantedPages
  let pool: PagePool
  var ring: FrontRing
  var channel: (any EventChannel)?
  let requests: UnsafeMutableBufferPointer<DiskRequest>

  /// BLKIF_OP_FLUSH_DISKCACHE or BLKIF_OP_WRITE_BARRIER.
  var flushOperation = UInt8(BLKIF_OP_FLUSH_DISKCACHE)
  /// Segments that one request may have.
  var maximumSegmentCount = Int(BLKIF_MAX_SEGMENTS_PER_REQUEST)
  var nextTransfer: UInt64 = 0
  var nextSequence: UInt64 = 0
  /// Requests that have not ended, and those of them that wait.
  var openCount = 0
  var waitingCount = 0
  /// While requests of before this one wait, they go out one at a time: those that were acknowledged once, and those
  /// that were submitted when they had been.
  var replayEnd: UInt64 = 0
  /// Writes acknowledged, the last of them that is not kept, and those that a flush has made durable.
  var acknowledgedCount: UInt64 = 0
  var lastUnkept: UInt64 = 0
  var durableCount: UInt64 = 0
  /// Whether a backend went away with a write that was acknowledged, is not durable and not kept.
  var hasLost = false
  /// Whether something ended that no response told of.
  var hasNews = false

  /// The ring's first index: 0, but in tests.
  let firstIndex: UInt32

  /// A disk without a backend: `virtualDevice` is the number at the end of the frontend's folder (51,712 is xvda). Its
  /// pages come out of `memory`, and `table` lends them. `park` is called while somebody waits; it returns when
  /// something may have happened, at the latest after `handleEvents` returned true. Throws when there is not enough
  /// memory.
  public convenience init(
    virtualDevice: UInt32, memory: any DMAMemory, table: any GrantTable,
    configuration: Configuration = Configuration(), park: @escaping () -> Void
  ) throws(XenError) {
    try self.init(
      virtualDevice: virtualDevice, memory: memory, table: table, configuration: configuration, firstIndex: 0,
      park: park)
  }

  init(
    virtualDevice: UInt32, memory: any DMAMemory, table: any GrantTable, configuration: Configuration,
    firstIndex: UInt32, park: @escaping () -> Void
  ) throws(XenError) {
    let largest = configuration.maximumRequestByteCount
    precondition((1...Self.maximumRequestCount).contains(configuration.requestCount))
    precondition((2...Self.maximumPageCount).contains(configuration.pageCount))
    precondition(largest > 0 && largest % GrantedPages.pageByteCount == 0)
    precondition(largest <= Self.segmentsPerPage * GrantedPages.pageByteCount)
    precondition(largest / GrantedPages.pageByteCount < configuration.pageCount)
    precondition((0...Self.largestRingPageOrder).contains(configuration.maximumRingPageOrder))
    self.configuration = configuration
    handle = UInt16(truncatingIfNeeded: virtualDevice)
    self.firstIndex = firstIndex
    self.park = park
    maximumRequestByteCount = largest
    ringPages = try GrantedPages(
      count: 1 << configuration.maximumRingPageOrder, memory: memory, table: table)
    pool = PagePool(try GrantedPages(count: configuration.pageCount, memory: memory, table: table))
    ring = FrontRing(
      ringPages.start, byteCount: GrantedPages.pageByteCount, entryByteCount: xen_blkif_entry_size,
      startingAt: firstIndex)
    requests = .allocate(capacity: configuration.requestCount)
    requests.initialize(repeating: DiskRequest())
  }

  deinit { requests.deallocate() }

  // MARK: Events

  /// Takes what the backend finished, and sends what waited for room; true when anything is to be looked at, so that
  /// whoever is parked should be woken. The next response raises an event.
  public func handleEvents() -> Bool {
    var hasProgress = hasNews
    hasNews = false
    guard phase == .connected else { return hasProgress }
    repeat {
      hasProgress = poll() || hasProgress
      guard phase == .connected && ring.inFlightCount > 0 else { break }
      ring.arm()
    } while ring.hasResponses()
    return hasProgress
  }

  /// Before somebody waits: the next request that ends raises an event. True when one ended meanwhile, or never will:
  /// then look again instead.
  public func armInterrupts() -> Bool {
    guard phase == .connected else { return failure != nil }
    ring.arm()
    return ring.hasResponses()
  }

  /// Gives the disk up, when it has not answered for too long. Everything under way ends with `BlockError.failed`.
  public func abandon() { fail(.diskAbandoned) }

  /// Gives the disk up for good.
  func fail(_ error: XenError) {
    guard failure == nil else { return }
    failure = error
    for index in requests.indices {
      switch requests[index].phase {
      case .waiting, .inFlight: end(index, as: .failed)
      case .kept: end(index, as: .succeeded)
      case .free, .succeeded, .failed: break
      }
    }
    hasNews = true
    disconnect()
  }
}
