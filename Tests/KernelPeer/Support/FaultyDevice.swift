import EventLoop
import NetworkSimulation
import Platform

/// A device between the stack and another one that loses frames and lets others overtake them, the same ones in every
/// run; or holds all of them back for a while.
final class FaultyDevice: NetworkDevice {
  /// What happens to frames, both ways. Probabilities are 0...1.
  struct Faults: Sendable {
    var loss = 0.0
    /// How often a frame is held until `reorderDistance` others have gone by, or `reorderNanoseconds`.
    var reorder = 0.0
    var seed: UInt64 = 1
  }

  static let reorderDistance = 3
  static let reorderNanoseconds: UInt64 = 3_000_000

  /// Called when frames that were held back may be received.
  var whenFramesAreDue: () -> Void = {}
  /// Whether every frame is lost.
  var isCut = false
  /// Whether frames that arrive are kept until this is false again.
  var holdsInbound = false {
    didSet { if !holdsInbound { framesAreDue() } }
  }
  /// Frames that were dropped.
  private(set) var lostCount = 0

  private let device: any NetworkDevice
  private let loop: EventLoop
  private let faults: Faults
  private var random: (out: SplitMix64, in: SplitMix64)
  private var outbound: [HeldFrame] = []
  private var inbound: [HeldFrame] = []
  private var timer: Timer?

  private struct HeldFrame {
    let bytes: [UInt8]
    var checksumIsTrusted = false
    var checksum: (start: Int, offset: Int)?
    var segmentByteCount = 0
    var passesLeft: Int
    let until: Instant
  }

  init(_ device: any NetworkDevice, loop: EventLoop, faults: Faults) {
    self.device = device
    self.loop = loop
    self.faults = faults
    var seeds = SplitMix64(seed: faults.seed)
    random = (seeds.split(), seeds.split())
  }

  deinit { timer?.cancel() }

  var hardwareAddress: UInt64 { device.hardwareAddress }
  var maximumTransmissionUnit: Int { device.maximumTransmissionUnit }
  var offload: NetworkOffload { device.offload }
  var maximumLargePacketByteCount: Int { device.maximumLargePacketByteCount }
  func notify() { device.notify() }

  private var isClean: Bool { faults.loss == 0 && faults.reorder == 0 && !isCut }

  // MARK: Out

  func transmit(_ frame: borrowing OutboundFrame) -> Bool {
    if isClean { return device.transmit(frame) }
    if isCut || random.out.chance(faults.loss) {
      lostCount += 1
      return true
    }
    if random.out.chance(faults.reorder) {
      let due = dueTime()
      var bytes = frame.header.withUnsafeBytes { Array($0) }
      frame.payload.withUnsafeBytes { bytes += $0 }
      frame.payloadTail.withUnsafeBytes { bytes += $0 }
      outbound.append(
        HeldFrame(
          bytes: bytes, checksum: frame.checksum, segmentByteCount: frame.segmentByteCount,
          passesLeft: Self.reorderDistance, until: due))
      return true
    }
    guard device.transmit(frame) else { return false }
    Self.pass(&outbound)
    releaseOutbound()
    return true
  }

  private func releaseOutbound() {
    while let index = outbound.firstIndex(where: { $0.passesLeft <= 0 || $0.until <= loop.now }) {
      let held = outbound.remove(at: index)
      let frame = OutboundFrame(
        header: held.bytes.span.bytes, payload: RawSpan(), payloadTail: RawSpan(), checksum: held.checksum,
        segmentByteCount: held.segmentByteCount)
      // One that finds no room is lost, as frames are.
      if !device.transmit(frame) { lostCount += 1 }
    }
  }

  // MARK: In

  func receive(limit: Int, _ deliver: (borrowing InboundFrame) -> Void) -> Int {
    var count = releaseInbound(deliver)
    count += device.receive(limit: limit) { frame in
      if isCut || random.in.chance(faults.loss) {
        lostCount += 1
        return
      }
      if holdsInbound || random.in.chance(faults.reorder) {
        inbound.append(
          HeldFrame(
            bytes: frame.bytes.withUnsafeBytes { Array($0) }, checksumIsTrusted: frame.checksumIsTrusted,
            passesLeft: Self.reorderDistance, until: dueTime()))
        return
      }
      deliver(frame)
      Self.pass(&inbound)
      _ = releaseInbound(deliver)
    }
    return min(count, limit)
  }

  private func releaseInbound(_ deliver: (borrowing InboundFrame) -> Void) -> Int {
    guard !holdsInbound else { return 0 }
    var count = 0
    while let index = inbound.firstIndex(where: { $0.passesLeft <= 0 || $0.until <= loop.now }) {
      let held = inbound.remove(at: index)
      deliver(InboundFrame(held.bytes.span.bytes, checksumIsTrusted: held.checksumIsTrusted))
      count += 1
    }
    return count
  }

  // MARK: Held frames

  private static func pass(_ frames: inout [HeldFrame]) {
    for index in frames.indices { frames[index].passesLeft -= 1 }
  }

  /// When a frame that is held now must go on; sees to it that it does.
  private func dueTime() -> Instant {
    let due = loop.now.advanced(byNanoseconds: Self.reorderNanoseconds)
    if timer == nil { timer = Timer(loop: loop) { [unowned self] in framesAreDue() } }
    if outbound.isEmpty && inbound.isEmpty { timer?.set(due) }
    return due
  }

  private func framesAreDue() {
    releaseOutbound()
    whenFramesAreDue()
    let next = (outbound + inbound).map(\.until).min()
    if let next, !holdsInbound { timer?.set(max(next, loop.now.advanced(byNanoseconds: 1_000_000))) }
  }
}
