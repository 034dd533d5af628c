// xen/io/netif.h, its first half, before changing this file.
import Platform
import XenRing

extension Netfront {
  private enum Key {
    static let copy = "feature-rx-copy"
    static let scatterGather = "feature-sg"
    static let segmentationV4 = "feature-gso-tcpv4"
    static let segmentationV6 = "feature-gso-tcpv6"
    static let noChecksum = "feature-no-csum-offload"
    static let checksumV6 = "feature-ipv6-csum-offload"
    static let splitChannels = "feature-split-event-channels"
    static let multicast = "feature-multicast-control"
    static let mtu = "mtu"
  }

  public var backendKeys: [String] {
    [
      Key.copy, Key.scatterGather, Key.segmentationV4, Key.segmentationV6, Key.noChecksum, Key.checksumV6,
      Key.splitChannels,
      Key.multicast, Key.mtu,
    ]
  }

  public var waitsForBackend: Bool { false }

  public func prepare(
    backend: UInt16, values: BackendValues, openChannel: () throws(XenError) -> any EventChannel
  ) throws(XenError) -> [StoreEntry] {
    disconnect()
    failure = nil
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
    guard try folder.flag(Key.copy) else { throw .noCopy }
    try agree(folder)
    try ringPages.grant(to: backend)
    try receivePages.grant(to: backend)
    try transmitPages.grant(to: backend)
    clearRings()
    for _ in 0..<receivePages.count { offerPage() }
    // Nobody is there to be told yet.
    _ = receiveRing.push()
    let transmit = try openChannel()
    transmitChannel = transmit
    let isSplit = try folder.flag(Key.splitChannels)
    if isSplit { receiveChannel = try openChannel() }
    phase = .prepared

    let takesLarge: UInt32 = offload.contains(.receiveLarge) ? 1 : 0
    var entries = [
      StoreEntry("tx-ring-ref", ringPages.reference(0)), StoreEntry("rx-ring-ref", ringPages.reference(1)),
      StoreEntry("request-rx-copy", 1), StoreEntry("feature-rx-notify", 1),
      StoreEntry(Key.scatterGather, takesLarge), StoreEntry(Key.segmentationV4, takesLarge),
      StoreEntry(Key.segmentationV6, takesLarge), StoreEntry(Key.noChecksum, 0),
      StoreEntry(Key.checksumV6, 1),
      StoreEntry(isSplit ? "event-channel-tx" : "event-channel", transmit.port),
    ]
    if let receiveChannel { entries.append(StoreEntry("event-channel-rx", receiveChannel.port)) }
    if try folder.flag(Key.multicast) {
      entries.append(StoreEntry("request-multicast-control", configuration.refusesMulticast ? 1 : 0))
    }
    return entries
  }

  /// Learns what the backend does. The first one decides what the stack may rely on.
  private func agree(_ folder: BackendFolder) throws(XenError) {
    let isLarge = receivePages.count >= Self.largeReceivePageCount
    let sendsSlots = try folder.flag(Key.scatterGather)
    var offered: NetworkOffload = .receiveChecksum
    if isLarge { offered.insert(.receiveLarge) }
    if try !folder.flag(Key.noChecksum) {
      offered.insert(.transmitChecksum)
      if try folder.flag(Key.checksumV6) { offered.insert(.transmitChecksum6) }
      // The largest frame must have room, or it would wait for ever.
      let largest = Self.largestTransmittedByteCount / GrantedPages.pageByteCount + 1
      let hasRoom = transmitPages.count >= largest
      if sendsSlots && hasRoom {
        if try folder.flag(Key.segmentationV4) { offered.insert(.transmitSegmentation) }
        if offered.contains(.transmitChecksum6), try folder.flag(Key.segmentationV6) {
          offered.insert(.transmitSegmentation6)
        }
      }
    }
    let mtu = try maximumTransmissionUnit(folder, sendsSlots: sendsSlots, isLarge: isLarge)
    guard !hasAgreed else {
      guard offered.isSuperset(of: offload) else { throw .fewerFeatures }
      guard mtu >= maximumTransmissionUnit else { throw .smallerMTU }
      return
    }
    hasAgreed = true
    offload = offered
    maximumTransmissionUnit = mtu
    let large = Self.largestTransmittedByteCount - Self.linkHeaderByteCount
    let isCut = !offered.isDisjoint(with: [.transmitSegmentation, .transmitSegmentation6])
    maximumLargePacketByteCount = isCut ? max(large, mtu) : mtu
    largestReceivedByteCount = (isLarge ? Self.largestPacketByteCount : mtu) + Self.linkHeaderByteCount
  }

  private func maximumTransmissionUnit(
    _ folder: BackendFolder, sendsSlots: Bool, isLarge: Bool
  ) throws(XenError) -> Int {
    let said = try folder.number(Key.mtu) ?? UInt64(Self.defaultMTU)
    let mtu = configuration.maximumTransmissionUnit ?? Int(clamping: said)
    let pageCount = sendsSlots && isLarge ? min(transmitPages.count, Self.maximumSlotCount) : 1
    let largest = min(pageCount * GrantedPages.pageByteCount, Self.largestTransmittedByteCount)
    guard (Self.smallestMTU...largest - Self.linkHeaderByteCount).contains(mtu) else { throw .badMTU }
    return mtu
  }

  public func start(values: BackendValues) throws(XenError) {
    guard phase == .prepared else { return }
    phase = .connected
    connectionCount &+= 1
    hasNews = true
    notify()
    // Whatever it was told before it was there.
    receiveChannel?.notify()
    transmitChannel?.notify()
  }

  public func disconnect() {
    transmitChannel?.close()
    receiveChannel?.close()
    transmitChannel = nil
    receiveChannel = nil
    phase = .disconnected
    ringPages.end()
    receivePages.end()
    transmitPages.end()
    isStalled = false
  }

  /// Like `disconnect` for a backend whose grants and channels are void already: after this domain was restored, the
  /// grant table and the channels are new ones, and the references of before may be anybody's.
  public func forget() {
    transmitChannel = nil
    receiveChannel = nil
    phase = .disconnected
    ringPages.forget()
    receivePages.forget()
    transmitPages.forget()
    isStalled = false
  }
}
