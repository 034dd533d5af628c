// xen/io/netif.h before changing this file.
import CXen
import Platform
import XenRing

/// A paravirtual network device of Xen's: checksums and TCP segmentation left to the backend where it offers them.
///
/// Confined to the loop's thread. Nothing is allocated while it moves frames. It outlives its backends: while there is
/// none, `transmit` says that there is no room and nothing arrives; frames that the last one had are lost, as on a wire.
/// A backend that breaks the rules is given up: `failure` says why, its grants and channels are taken back, and what is
/// transmitted is dropped and counted, until `prepare` is called for another one.
///
/// Everything that a backend can write is copied before it is looked at or lent: frames into memory of this domain's
/// own, responses into locals.
///
/// In a turn of the loop: `receive` until it returns fewer than its limit, `notify`; before the loop idles,
/// `armInterrupts`, and another turn instead when that returns true.
public final class Netfront: NetworkDevice, Frontend {
  /// How much memory a device gets: a page of 4,096 bytes for each of either.
  public struct Configuration: Sendable {
    /// Pages that frames are received into: a power of two, 4...256. At least 32 for frames of more than a page.
    public var receivePageCount = 64
    /// Pages that frames wait in until they are sent: 1...256. A frame of 1,500 bytes needs one, the largest 16.
    public var transmitPageCount = 64
    /// The largest IP packet on the link, such as `mtu` in the frontend's folder; nil for what the backend says, or
    /// 1,500 when it does not.
    public var maximumTransmissionUnit: Int?
    /// Whether a backend that can is to keep Ethernet multicast frames (not broadcasts) to itself.
    public var refusesMulticast = true
    /// 64 pages for either direction, which is half a megabyte, and no multicast frames.
    public init() {}
  }

  /// Where it is between two backends.
  enum Phase {
    case disconnected
    /// Everything is granted; the backend has not said that it is connected.
    case prepared
    case connected
  }

  /// Bytes before an IP packet in a frame: the Ethernet header and a VLAN tag.
  static let linkHeaderByteCount = 18
  /// The largest IP packet there is.
  static let largestPacketByteCount = 65_535
  /// The largest frame that a backend takes (XEN_NETIF_MAX_TX_SIZE).
  static let largestTransmittedByteCount = 65_535
  /// The smallest MTU: what every IPv4 host must take (RFC 1122 §3.3.2).
  static let smallestMTU = 576
  /// The MTU when nobody says.
  static let defaultMTU = 1500
  /// The shortest frame with a whole Ethernet header.
  static let shortestFrameByteCount = 14
  /// Slots that a received frame's data may have (XEN_NETIF_NR_SLOTS_MIN); a backend takes as many.
  static let maximumSlotCount = 18
  /// Receive pages for frames of so many slots and their extra infos.
  static let largeReceivePageCount = 32
  /// Entries of either ring.
  static let ringSize = 256

  public let hardwareAddress: UInt64
  public internal(set) var maximumTransmissionUnit: Int
  /// What the first backend agreed to; every later one must, too.
  public internal(set) var offload: NetworkOffload = []
  public internal(set) var maximumLargePacketByteCount: Int

  /// Why the backend was given up; nil while it works, and after `prepare`.
  public internal(set) var failure: XenError?
  /// The same in words, for a log line.
  public var failureDescription: String? { failure?.description }
  /// Whether there is a backend that frames go to.
  public var isConnected: Bool { phase == .connected }

  /// Backends that it was connected to so far.
  public internal(set) var connectionCount: UInt64 = 0
  /// Frames that were given up because the backend was.
  public internal(set) var droppedTransmitCount: UInt64 = 0
  /// Slots of frames that the backend said it could not send.
  public internal(set) var failedTransmitCount: UInt64 = 0
  /// Frames that were received and were too short, too long, or broken on the way as the backend said.
  public internal(set) var droppedReceiveCount: UInt64 = 0

  let configuration: Configuration
  var phase = Phase.disconnected
  /// Whether there was a backend before, so that the stack relies on what it agreed to.
  var hasAgreed = false
  /// The transmit ring's page and the receive ring's.
  let ringPages: GrantedPages
  let receivePages: GrantedPages
  let transmitPages: GrantedPages
  /// Where a received frame is copied to before it is lent.
  let frameMemory: UnsafeMutableRawPointer
  let frameMemoryByteCount: Int
  var largestReceivedByteCount: Int

  var receiveRing: FrontRing
  var transmitRing: FrontRing
  var transmitChannel: (any EventChannel)?
  /// The transmit channel's twin; nil when one channel serves both.
  var receiveChannel: (any EventChannel)?
  /// Whether there is something to look at that no event told of: a backend came.
  var hasNews = false

  /// Transmit pages that hold nothing: the last `freePageCount` given back are at the front, the next to take is last.
  let freePages: UnsafeMutablePointer<UInt16>
  var freePageCount: Int
  /// Which transmit pages the backend has.
  let isInFlight: UnsafeMutablePointer<Bool>
  /// Extra infos that the backend has not answered.
  var extraCount = 0
  /// Whether a frame was refused since room was last seen: only then the transmit ring raises events.
  var isStalled = false

  /// The ring's first index: 0, but in tests.
  let firstIndex: UInt32

  /// A device with `hardwareAddress` (`mac` in the frontend's folder; the first byte highest) and no backend. Its pages
  /// come out of `memory`, and `table` lends them. Throws when there is not enough memory, and for an address that is
  /// none of a single device.
  public convenience init(
    hardwareAddress: UInt64, memory: any DMAMemory, table: any GrantTable,
    configuration: Configuration = Configuration()
  ) throws(XenError) {
    try self.init(
      hardwareAddress: hardwareAddress, memory: memory, table: table, configuration: configuration,
      firstIndex: 0)
  }

  init(
    hardwareAddress: UInt64, memory: any DMAMemory, table: any GrantTable, configuration: Configuration,
    firstIndex: UInt32
  ) throws(XenError) {
    let receiveCount = configuration.receivePageCount
    precondition((4...Self.ringSize).contains(receiveCount) && receiveCount & (receiveCount - 1) == 0)
    precondition((1...Self.ringSize).contains(configuration.transmitPageCount))
    guard hardwareAddress != 0 && hardwareAddress < 1 << 48 && hardwareAddress >> 40 & 1 == 0 else {
      throw .badHardwareAddress
    }
    self.hardwareAddress = hardwareAddress
    self.configuration = configuration
    self.firstIndex = firstIndex
    let mtu = configuration.maximumTransmissionUnit ?? Self.defaultMTU
    maximumTransmissionUnit = mtu
    maximumLargePacketByteCount = mtu
    largestReceivedByteCount = mtu + Self.linkHeaderByteCount
    ringPages = try GrantedPages(count: 2, memory: memory, table: table)
    receivePages = try GrantedPages(count: receiveCount, memory: memory, table: table)
    transmitPages = try GrantedPages(count: configuration.transmitPageCount, memory: memory, table: table)
    frameMemoryByteCount =
      receiveCount >= Self.largeReceivePageCount
      ? Self.largestPacketByteCount + Self.linkHeaderByteCount : GrantedPages.pageByteCount
    frameMemory = .allocate(byteCount: frameMemoryByteCount, alignment: 64)
    transmitRing = Self.ring(ringPages.page(0), xen_netif_tx_entry_size, firstIndex)
    receiveRing = Self.ring(ringPages.page(1), xen_netif_rx_entry_size, firstIndex)
    freePageCount = transmitPages.count
    freePages = .allocate(capacity: freePageCount)
    freePages.initialize(repeating: 0, count: freePageCount)
    isInFlight = .allocate(capacity: freePageCount)
    isInFlight.initialize(repeating: false, count: freePageCount)
    clearRings()
  }

  deinit {
    frameMemory.deallocate()
    freePages.deallocate()
    isInFlight.deallocate()
  }

  private static func ring(
    _ page: UnsafeMutableRawPointer, _ entryByteCount: Int, _ index: UInt32
  ) -> FrontRing {
    FrontRing(
      page, byteCount: GrantedPages.pageByteCount, entryByteCount: entryByteCount, startingAt: index)
  }

  /// Empties both rings, and takes back every page that was in one.
  func clearRings() {
    transmitRing = Self.ring(ringPages.page(0), xen_netif_tx_entry_size, firstIndex)
    receiveRing = Self.ring(ringPages.page(1), xen_netif_rx_entry_size, firstIndex)
    freePageCount = transmitPages.count
    for page in 0..<freePageCount {
      freePages[page] = UInt16(page)
      isInFlight[page] = false
    }
    extraCount = 0
    isStalled = false
  }

  // MARK: Events

  /// Tells the backend about frames transmitted and pages taken back since the last call.
  public func notify() {
    guard phase == .connected else { return }
    let hasTransmitted = transmitRing.push()
    let hasReceived = receiveRing.push()
    if let receiveChannel {
      if hasReceived { receiveChannel.notify() }
      if hasTransmitted { transmitChannel?.notify() }
    } else if hasTransmitted || hasReceived {
      transmitChannel?.notify()
    }
  }

  /// Before the loop idles: the next frame, and room for one where one was refused, raise an event. True when either
  /// came meanwhile, or a backend did: then none may be raised, and the stack is to be asked again instead. An event of
  /// the channels is to be taken back before this is called.
  public func armInterrupts() -> Bool {
    guard phase == .connected else { return false }
    receiveRing.arm()
    if isStalled { transmitRing.arm(after: stallThreshold) }
    let isNew = hasNews
    hasNews = false
    return isNew || receiveRing.hasResponses()
      || isStalled && transmitRing.hasResponses(moreThan: stallThreshold)
  }

  /// Gives the backend up.
  func fail(_ error: XenError) {
    guard failure == nil else { return }
    failure = error
    disconnect()
  }
}
