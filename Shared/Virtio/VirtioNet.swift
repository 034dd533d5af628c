// Virtio 1.2 §5.1 before changing this file.
import CVirtio
import Platform

/// A virtio network device: one receive and one transmit queue, checksums and TCP segmentation left to the device
/// where it offers them.
///
/// Confined to the loop's thread. Nothing is allocated after `init`. A device that breaks the rules is given up:
/// `failure` says why, nothing is received any more, and what is transmitted is dropped and counted.
///
/// In a turn of the loop: `receive` until it returns fewer than its limit, `notify`; before the loop idles,
/// `armInterrupts`, and another turn instead when that returns true.
public final class VirtioNet: NetworkDevice {
  /// How much memory a device gets: a page of 4,096 bytes for each of either.
  public struct Configuration: Sendable {
    /// Pages that frames are received into: 1...32,768; of which the largest power of two that the device takes.
    public var receiveBufferCount = 64
    /// Pages that frames wait in until they are sent: 1...32,768. A frame of 1,500 bytes needs one, the largest 17.
    public var transmitSlotCount = 64
    /// 64 pages for either direction: half a megabyte.
    public init() {}
  }

  /// Bytes in a page.
  static let pageByteCount = 4096
  /// Bytes before an IP packet in a frame: the Ethernet header and a VLAN tag.
  static let linkHeaderByteCount = 18
  /// The largest IP packet there is.
  static let largestPacketByteCount = 65_535
  /// The smallest MTU: what every IPv4 host must take (RFC 1122 §3.3.2).
  static let smallestMTU = 576
  /// The MTU of a device that does not say.
  static let defaultMTU = 1500
  /// The shortest frame with a whole Ethernet header.
  static let shortestFrameByteCount = 14
  /// Pages that the largest frame and its header fill.
  static let maximumPieceCount =
    (NetHeader.byteCount + linkHeaderByteCount + largestPacketByteCount + pageByteCount - 1) / pageByteCount

  public let hardwareAddress: UInt64
  public let maximumTransmissionUnit: Int
  public let offload: NetworkOffload
  public let maximumLargePacketByteCount: Int
  /// Whether the link is up, when last heard; true for a device that does not say.
  public private(set) var isLinkUp = true
  /// Frames that were given up because the device was.
  public internal(set) var droppedTransmitCount: UInt64 = 0
  /// Frames that were received and were too short or too long for one.
  public internal(set) var droppedReceiveCount: UInt64 = 0

  /// Why the device was given up; nil while it works.
  public var failure: VirtioError? { device.failure }
  /// Receive pages, and pages of frames to be sent, that the device has at this moment.
  public var inFlight: (receiveBuffers: Int, transmitSlots: Int) {
    (receiveQueue.inFlightCount, transmitSlotCount - freeSlotCount)
  }

  let device: MMIODevice
  let receiveQueue: SplitQueue
  let transmitQueue: SplitQueue
  let receivePages: UnsafeMutableRawPointer
  let transmitPages: UnsafeMutableRawPointer
  let mergesBuffers: Bool
  let largestReceivedByteCount: Int
  let largestTransmittedByteCount: Int
  let transmitSlotCount: Int

  /// Which page each descriptor in flight of the receive queue is.
  let pageOfIdentifier: UnsafeMutablePointer<UInt16>
  /// The pages of the frame that is being delivered, and its pieces but the first.
  let heldPages: UnsafeMutablePointer<UInt16>
  let restPieces: UnsafeMutablePointer<UnsafeRawBufferPointer>

  /// The first slot of each frame in flight, and the slot after each; the free ones hang together in the same way.
  let slotOfIdentifier: UnsafeMutablePointer<UInt16>
  let nextSlot: UnsafeMutablePointer<UInt16>
  let slotCountOfIdentifier: UnsafeMutablePointer<UInt8>
  let pieces: UnsafeMutablePointer<DMAPiece>
  var firstFreeSlot: UInt16 = 0
  var freeSlotCount: Int
  /// Whether a frame was refused since room was last seen: only then the transmit queue raises interrupts.
  var isStalled = false

  /// Starts the device and gives it all receive pages. Throws what is wrong with it; it is then left marked FAILED.
  public init(
    registers: any MMIORegisters, memory: any DMAMemory, configuration: Configuration = Configuration()
  ) throws(VirtioError) {
    let limits = 1...MMIODevice.maximumQueueSize
    precondition(
      limits.contains(configuration.receiveBufferCount) && limits.contains(configuration.transmitSlotCount))
    let device = try MMIODevice(registers: registers, kind: .network)
    try device.negotiate(
      wanted: Self.wanted(of: device, configuration), required: .netMAC)
    let features = device.features
    let facts = try Self.facts(of: device)
    let receiveQueue = try SplitQueue(
      device, index: 0, capacity: configuration.receiveBufferCount, memory: memory)
    let slotCount = configuration.transmitSlotCount
    let transmitQueue = try SplitQueue(
      device, index: 1, capacity: slotCount, maximumPieceCount: min(Self.maximumPieceCount, slotCount),
      memory: memory)
    let frameByteCount = facts.mtu + Self.linkHeaderByteCount
    guard transmitQueue.maximumPieceCount * Self.pageByteCount >= NetHeader.byteCount + frameByteCount else {
      throw device.refuse(.queueTooSmall(1))
    }
    guard
      let receivePages = memory.allocate(byteCount: receiveQueue.size * Self.pageByteCount),
      let transmitPages = memory.allocate(byteCount: slotCount * Self.pageByteCount)
    else { throw device.refuse(.outOfMemory) }

    self.device = device
    self.receiveQueue = receiveQueue
    self.transmitQueue = transmitQueue
    self.receivePages = receivePages
    self.transmitPages = transmitPages
    hardwareAddress = facts.address
    maximumTransmissionUnit = facts.mtu
    mergesBuffers = features.contains(.netMergeableBuffers)
    var offload: NetworkOffload = []
    if features.contains(.netChecksum) { offload.formUnion([.transmitChecksum, .transmitChecksum6]) }
    if features.contains(.netHostTSO4) { offload.insert(.transmitSegmentation) }
    if features.contains(.netGuestChecksum) { offload.insert(.receiveChecksum) }
    if features.contains(.netHostTSO6) { offload.insert(.transmitSegmentation6) }
    if !features.isDisjoint(with: [.netGuestTSO4, .netGuestTSO6]) { offload.insert(.receiveLarge) }
    self.offload = offload
    let large =
      transmitQueue.maximumPieceCount * Self.pageByteCount - NetHeader.byteCount - Self.linkHeaderByteCount
    maximumLargePacketByteCount =
      !offload.isDisjoint(with: [.transmitSegmentation, .transmitSegmentation6])
      ? max(facts.mtu, min(large, Self.largestPacketByteCount)) : facts.mtu
    largestTransmittedByteCount = maximumLargePacketByteCount + Self.linkHeaderByteCount
    largestReceivedByteCount =
      (offload.contains(.receiveLarge) ? Self.largestPacketByteCount : facts.mtu) + Self.linkHeaderByteCount
    transmitSlotCount = slotCount

    pageOfIdentifier = .allocate(capacity: receiveQueue.size)
    pageOfIdentifier.initialize(repeating: 0, count: receiveQueue.size)
    heldPages = .allocate(capacity: Self.maximumPieceCount)
    heldPages.initialize(repeating: 0, count: Self.maximumPieceCount)
    restPieces = .allocate(capacity: Self.maximumPieceCount)
    restPieces.initialize(
      repeating: UnsafeRawBufferPointer(start: nil, count: 0), count: Self.maximumPieceCount)
    slotOfIdentifier = .allocate(capacity: transmitQueue.size)
    slotOfIdentifier.initialize(repeating: 0, count: transmitQueue.size)
    slotCountOfIdentifier = .allocate(capacity: transmitQueue.size)
    slotCountOfIdentifier.initialize(repeating: 0, count: transmitQueue.size)
    nextSlot = .allocate(capacity: slotCount)
    for slot in 0..<slotCount { (nextSlot + slot).initialize(to: UInt16(truncatingIfNeeded: slot + 1)) }
    pieces = .allocate(capacity: Self.maximumPieceCount)
    pieces.initialize(
      repeating: DMAPiece(transmitPages, byteCount: 0, isWritable: false), count: Self.maximumPieceCount)
    freeSlotCount = slotCount

    for page in 0..<receiveQueue.size { offer(page: page) }
    try device.start()
    receiveQueue.notify()
    try readLink()
  }

  deinit {
    pageOfIdentifier.deallocate()
    heldPages.deallocate()
    restPieces.deallocate()
    slotOfIdentifier.deallocate()
    slotCountOfIdentifier.deallocate()
    nextSlot.deallocate()
    pieces.deallocate()
  }

  /// What to ask for: a feature only together with those that it needs (Virtio 1.2 §5.1.3.1), and large frames only
  /// where they have room.
  private static func wanted(of device: MMIODevice, _ configuration: Configuration) -> VirtioFeatures {
    let offered = device.offered
    var wanted: VirtioFeatures = [
      .eventIndex, .indirectDescriptors, .netMAC, .netMTU, .netChecksum, .netGuestChecksum, .netHostTSO4,
      .netHostTSO6, .netMergeableBuffers, .netStatus,
    ]
    if !offered.contains(.netChecksum) { wanted.subtract([.netHostTSO4, .netHostTSO6]) }
    let receiveSize = device.queueSize(0, capacity: configuration.receiveBufferCount)
    if offered.isSuperset(of: [.netGuestChecksum, .netMergeableBuffers]) && receiveSize >= maximumPieceCount {
      wanted.formUnion([.netGuestTSO4, .netGuestTSO6])
    }
    return wanted
  }

  private static func facts(of device: MMIODevice) throws(VirtioError) -> (address: UInt64, mtu: Int) {
    let hasMTU = device.features.contains(.netMTU)
    let facts: (address: UInt64, mtu: Int) = try device.readConfiguration { configuration in
      var address: UInt64 = 0
      for index in 0..<6 { address = address << 8 | UInt64(configuration.load8(at: index)) }
      return (address, hasMTU ? Int(configuration.load16(at: 10)) : defaultMTU)
    }
    guard facts.address != 0 && facts.address >> 40 & 1 == 0 else {
      throw device.refuse(.badConfiguration(.hardwareAddress))
    }
    let largest =
      device.features.contains(.netMergeableBuffers)
      ? largestPacketByteCount : pageByteCount - NetHeader.byteCount - linkHeaderByteCount
    guard (smallestMTU...largest).contains(facts.mtu) else {
      throw device.refuse(.badConfiguration(.maximumTransmissionUnit))
    }
    return facts
  }

  private func readLink() throws(VirtioError) {
    guard device.features.contains(.netStatus) else { return }
    isLinkUp = try device.readConfiguration { $0.load16(at: 6) & 1 != 0 }
  }

  // MARK: Events

  /// Tells the device about frames transmitted and pages taken back since the last call.
  public func notify() {
    receiveQueue.notify()
    transmitQueue.notify()
  }

  /// Acknowledges the device's interrupt, learns whether its link changed or it asks to be reset. `armInterrupts` does
  /// the same; a loop whose interrupts are edges needs no other call.
  public func acknowledgeInterrupt() {
    // An error here has given the device up and is in `failure`.
    if device.acknowledgeInterrupt() { try? readLink() }
  }

  /// Before the loop idles: the next frame, and room for one where one was refused, raise an interrupt. True when
  /// either came meanwhile: then none may be raised, and the stack is to be asked again instead. Until the next call
  /// the device raises no further interrupt. Cost: one or two register accesses.
  public func armInterrupts() -> Bool {
    // Armed before the acknowledgement, looked at behind it: an interrupt in between is not lost. Both queues, always.
    receiveQueue.arm()
    if isStalled { armTransmit() }
    acknowledgeInterrupt()
    let hasFrames = receiveQueue.hasUsed(moreThan: 0)
    let hasRoom = isStalled && transmitQueue.hasUsed(moreThan: stallThreshold)
    return failure == nil && (hasFrames || hasRoom)
  }
}
