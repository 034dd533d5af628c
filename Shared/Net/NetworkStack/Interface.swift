import Bytes
import EventLoop
import Platform
import Wire

/// A device with its addresses, its neighbours and its fragments: what the stack knows about one link.
public final class Interface {
  // Small things first, so that instructions name their places in one byte.

  /// Not owned: the stack owns its interfaces, and takes leave of them before it goes. Streams and programs may hold
  /// them longer.
  unowned(unsafe) let stack: NetworkStack
  let device: any NetworkDevice
  let hardware: EthernetAddress
  let index: InterfaceIndex
  /// Where headers are written: never more than Ethernet, IPv6 and TCP with options.
  let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 128, alignment: 16)
  /// Our address; nil until there is one, and after a conflict.
  public internal(set) var address: IPv4Address?
  /// What the device does.
  let offload: NetworkOffload
  /// The identification of the next packet.
  var nextIdentification: UInt16
  /// Whether the stack is still there; `stack` may not be touched when it is not.
  private var isAttached = true
  /// Whether the detector looks at an address that DHCP offers, which is not configured yet.
  var isProbingOffer = false
  private var timer: Timer?
  /// The largest IPv4 packet that is sent, in bytes: the device's, or less when DHCP says so.
  public internal(set) var maximumTransmissionUnit: Int
  /// The largest IPv6 packet that is sent, in bytes: the device's, or less when routers say so.
  var maximumTransmissionUnitOfIPv6: Int
  /// What the device cuts by itself: the largest payload of one TCP segment, 0 when it does not.
  let largeByteCount: Int
  /// The same over IPv6.
  let largeByteCountOfIPv6: Int
  /// Our part in IPv6; nil while we take none.
  var autoconfiguration: Autoconfiguration?
  /// The network on the link.
  public internal(set) var network: IPv4Network?
  /// Told about every change of the address.
  public var whenAddressChanges: ((AddressEvent) -> Void)?
  /// The groups that routers were told we listen to.
  var reportedGroups: [IPv6Address] = []
  /// Where frames in several pieces are put together; allocated when the first one comes.
  private var assembly = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  /// Answers to questions who has an address of ours, which anybody can ask.
  var answers = TokenBucket(burst: 200, perSecond: 1000)
  var reassembler = Reassembler()
  var conflicts: ConflictDetector?
  var dhcp: DHCPClient?
  var neighbours = NeighbourCache()

  init(_ device: any NetworkDevice, index: InterfaceIndex, stack: NetworkStack) {
    self.device = device
    self.index = index
    self.stack = stack
    hardware = EthernetAddress(rawValue: device.hardwareAddress & 0xffff_ffff_ffff)
    maximumTransmissionUnit = device.maximumTransmissionUnit
    maximumTransmissionUnitOfIPv6 = device.maximumTransmissionUnit
    nextIdentification = UInt16(truncatingIfNeeded: stack.key().0)
    offload = device.offload
    let large = min(device.maximumLargePacketByteCount, 0xffff)
    largeByteCount = offload.contains(.transmitSegmentation) ? max(0, large - 80) : 0
    largeByteCountOfIPv6 = offload.contains(.transmitSegmentation6) ? max(0, large - 100) : 0
  }

  deinit {
    timer?.cancel()
    scratch.deallocate()
    assembly.deallocate()
  }

  /// Whether `address` is ours.
  func has(_ address: IPv6Address) -> Bool {
    guard let mapped = address.mapped else { return autoconfiguration?.has(address) ?? false }
    return mapped == self.address
  }

  /// The largest packet that is sent to `remote`'s family, in bytes.
  func maximumTransmissionUnit(to remote: IPv6Address) -> Int {
    remote.isMapped ? maximumTransmissionUnit : maximumTransmissionUnitOfIPv6
  }

  /// The stack goes: no timer and no frame may reach it any more.
  func stackGoes() {
    isAttached = false
    timer?.cancel()
    timer = nil
  }

  /// Takes in what has arrived, up to the stack's limit for one turn. Returns whether more may wait: then call it again
  /// in the next turn. Does nothing once the stack is gone.
  public func poll() -> Bool {
    guard isAttached else { return false }
    stack.loop.refreshNow()
    let limit = stack.configuration.maximumFramesPerTurn
    let count = device.receive(limit: limit) { frame in receive(frame) }
    stack.counters.framesReceived &+= UInt64(count)
    return count == limit
  }

  /// Gives back the address of DHCP. Safe to repeat.
  public func release() {
    guard isAttached, let actions = dhcp?.release(at: stack.loop.now) else { return }
    perform(actions)
    schedule()
    device.notify()
  }

  private func receive(_ frame: borrowing InboundFrame) {
    guard frame.rest.count > 0 else {
      return receive(frame.bytes, checksumIsTrusted: frame.checksumIsTrusted)
    }
    if assembly.count == 0 { assembly = .allocate(byteCount: 1 << 17, alignment: 16) }
    var room = OutputRawSpan(buffer: assembly, initializedCount: 0)
    guard frame.bytes.byteCount <= room.freeCapacity else {
      return stack.counters.countMalformed(.badLength)
    }
    room.append(payload: frame.bytes)
    for index in frame.rest.indices {
      let piece = frame.rest[index]
      guard piece.count <= room.freeCapacity else { return stack.counters.countMalformed(.badLength) }
      // The pieces live as long as the frame.
      room.append(payload: RawSpan(_unsafeBytes: piece))
    }
    receive(room.bytes, checksumIsTrusted: frame.checksumIsTrusted)
  }

  // MARK: Timers

  /// Sets the timer to the earliest of what waits.
  func schedule() {
    var deadline = min(neighbours.nextDeadline, reassembler.nextDeadline)
    if let conflicts { deadline = min(deadline, conflicts.nextDeadline) }
    if let dhcp { deadline = min(deadline, dhcp.nextDeadline) }
    deadline = min(deadline, autoconfiguration?.nextDeadline ?? .never)
    if timer == nil {
      if deadline == .never { return }
      // Cancelled before this goes.
      timer = Timer(loop: stack.loop) { [unowned(unsafe) self] in advance() }
    }
    timer?.set(deadline)
  }

  private func advance() {
    let now = stack.loop.now
    while let event = neighbours.advance(to: now) { handle(event) }
    while let expired = reassembler.nextExpired(at: now) {
      sendTimeExceeded(expired)
    }
    advanceConflicts(to: now)
    if let actions = dhcp?.advance(to: now) { perform(actions) }
    perform(autoconfiguration?.advance(to: now) ?? [])
    schedule()
  }

  /// Tells a packet's sender that the rest of it did not come.
  private func sendTimeExceeded(_ first: borrowing ReassembledPacket) {
    guard !first.isIPv6 else {
      do throws(WireError) {
        let isForGroup = first.isLinkGroup
        try first.withIPv6Packet { sendError(.timeExceeded(code: 1), about: $0, isForGroup: isForGroup) }
      } catch {
        stack.counters.countMalformed(error)
      }
      return
    }
    var scope = PacketScope.unicast
    scope.isLinkGroup = first.isLinkGroup
    first.withPacket { packet in
      scope.isBroadcastDestination = stack.routes.isBroadcast(packet.destination, on: index)
      sendError(.timeExceeded(code: 1), about: packet, scope: scope)
    }
  }
}
