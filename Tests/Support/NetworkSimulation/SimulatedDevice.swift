import Bytes
import DequeModule
import EventLoop
import Platform

/// What a simulated backend offers, and how awkward it is.
public struct SimulatedDeviceOptions: Sendable {
  /// The largest IP packet on the link.
  public var maximumTransmissionUnit = 1_500
  /// What was negotiated.
  public var offload: NetworkOffload = []
  /// The largest IP packet that is cut.
  public var maximumLargePacketByteCount = 65_535
  /// Frames that wait for `notify` or for room, at most; more are refused.
  public var transmitLimit = 256
  /// Frames that wait for the stack, at most. A clean cable then makes the sender wait; an impaired one drops.
  public var receiveLimit = 512
  /// Probability that `transmit` refuses although there is room.
  public var refusal = 0.0
  /// Frames are delivered in pieces of so many bytes; 0: in one. At least 128, so that headers stand in the first.
  public var pieceByteCount = 0

  /// A plain device.
  public init() {}
}

/// One end of a `SimulatedWire`: a device whose backend is the wire. Made by `SimulatedWire.attach`.
///
/// Frames leave at `notify`, so a stack that forgets it sends nothing. What a stack may not do (a frame over the MTU, an
/// offload that was not negotiated, a wrong partial checksum) is reported to the wire and the frame is dropped.
public final class SimulatedDevice: NetworkDevice {
  /// Its address.
  public let hardwareAddress: UInt64
  /// What the backend offers.
  public let options: SimulatedDeviceOptions
  /// What the cable does to frames that this device sends. Takes effect for the frames after.
  public var impairments = Impairments() { didSet { isClean = impairments.isClean } }
  /// Called by `SimulatedWire.pump` when frames wait, or when there is room again after a refusal.
  public var whenReady: () -> Void = {}
  /// `transmit` calls that were refused.
  public private(set) var refusals = 0

  /// The largest IP packet on the link, in bytes.
  public var maximumTransmissionUnit: Int { options.maximumTransmissionUnit }
  /// What was negotiated.
  public var offload: NetworkOffload { options.offload }
  /// The largest IP packet that `transmit` takes.
  public var maximumLargePacketByteCount: Int {
    !offload.isDisjoint(with: [.transmitSegmentation, .transmitSegmentation6])
      ? options.maximumLargePacketByteCount : options.maximumTransmissionUnit
  }

  let index: Int
  unowned let wire: SimulatedWire
  var numbers: SplitMix64
  var isClean = true
  /// When the cable has room for the next frame, and when the last one arrives.
  var linkIsFreeAt = Instant(nanoseconds: 0)
  var lastArrival = Instant(nanoseconds: 0)
  var outbox = Deque<FrameBuffer>()
  var inbox = Deque<FrameBuffer>()
  /// Frames in `outbox` that the stack told about.
  var notifiedCount = 0
  private var wantsRoom = false
  private var pieces: [UnsafeRawBufferPointer] = []

  init(
    wire: SimulatedWire, index: Int, hardwareAddress: UInt64, options: SimulatedDeviceOptions,
    numbers: SplitMix64
  ) {
    precondition(options.pieceByteCount == 0 || options.pieceByteCount >= 128)
    self.wire = wire
    self.index = index
    self.hardwareAddress = hardwareAddress
    self.options = options
    self.numbers = numbers
    outbox.reserveCapacity(options.transmitLimit + 64)
    inbox.reserveCapacity(options.receiveLimit + 64)
  }

  // MARK: Sending

  /// Takes a copy of `frame`, cut if that is asked for.
  public func transmit(_ frame: borrowing OutboundFrame) -> Bool {
    guard outbox.count < options.transmitLimit, !numbers.chance(options.refusal) else {
      refusals += 1
      wantsRoom = true
      return false
    }
    let isCut = frame.segmentByteCount > 0
    let limit = isCut ? maximumLargePacketByteCount : maximumTransmissionUnit
    guard frame.byteCount >= 14, frame.byteCount - 14 <= limit else {
      return refuse("a frame of \(frame.byteCount) bytes, more than \(limit) and the header")
    }
    if isCut { return transmitLarge(frame) }
    let buffer = wire.pool.take(byteCount: frame.byteCount)
    let memory = UnsafeMutableRawBufferPointer(rebasing: buffer.memory[0..<frame.byteCount])
    SegmentCutter.copy(frame, from: 0, to: memory)
    if let checksum = frame.checksum {
      guard !offload.isDisjoint(with: [frame.checksumOffload, frame.segmentationOffload]) else {
        wire.pool.recycle(buffer)
        return refuse("an unfinished checksum for a device that does not finish it")
      }
      guard checksum.start >= 14, checksum.offset >= 0,
        checksum.start + checksum.offset + 2 <= frame.byteCount
      else {
        wire.pool.recycle(buffer)
        return refuse("a checksum outside its frame")
      }
      if wire.carriesUnfinished {
        buffer.isUnfinished = true
      } else {
        SegmentCutter.finish(memory, start: checksum.start, offset: checksum.offset)
      }
    }
    outbox.append(buffer)
    return true
  }

  /// A stack's mistake: reported, and taken, as sending it again would not help.
  private func refuse(_ why: String) -> Bool {
    wire.report("device \(index) was given \(why)")
    return true
  }

  private func transmitLarge(_ frame: borrowing OutboundFrame) -> Bool {
    guard offload.contains(frame.segmentationOffload) else {
      return refuse("a segment to cut, for a device that does not cut")
    }
    let layout: SegmentCutter.Layout
    do throws(SegmentCutter.Refusal) { layout = try SegmentCutter.layout(frame) } catch {
      return refuse("a segment that cannot be cut: \(error)")
    }
    let header = layout.headerByteCount
    guard header - 14 + frame.segmentByteCount <= maximumTransmissionUnit else {
      return refuse("segments of \(frame.segmentByteCount) bytes, which do not fit the link")
    }
    if wire.carriesUnfinished {
      let buffer = wire.pool.take(byteCount: frame.byteCount)
      SegmentCutter.copy(frame, from: 0, to: .init(rebasing: buffer.memory[0..<frame.byteCount]))
      buffer.isUnfinished = true
      outbox.append(buffer)
      return true
    }
    let payload = frame.byteCount - header
    var offset = 0
    var index = 0
    repeat {
      let count = min(frame.segmentByteCount, payload - offset)
      let buffer = wire.pool.take(byteCount: header + count)
      let memory = UnsafeMutableRawBufferPointer(rebasing: buffer.memory[0..<header + count])
      SegmentCutter.copy(frame, from: 0, to: .init(rebasing: memory[0..<header]))
      SegmentCutter.copy(frame, from: header + offset, to: .init(rebasing: memory[header...]))
      SegmentCutter.patch(
        memory, layout, index: index, offset: offset, isFirst: index == 0, isLast: offset + count == payload)
      outbox.append(buffer)
      offset += count
      index += 1
    } while offset < payload
    return true
  }

  /// Gives what was transmitted to the wire.
  public func notify() {
    notifiedCount = outbox.count
    drain()
  }

  /// Moves frames onto the wire until one has to wait for its receiver.
  func drain() {
    while notifiedCount > 0, wire.carry(outbox[0], from: self) {
      outbox.removeFirst()
      notifiedCount -= 1
    }
  }

  /// Calls `whenReady` if there is a reason; returns whether there was.
  func service() -> Bool {
    if notifiedCount > 0 { drain() }
    let hasRoom = wantsRoom && outbox.count < options.transmitLimit
    guard hasRoom || !inbox.isEmpty else { return false }
    if hasRoom { wantsRoom = false }
    whenReady()
    return true
  }

  // MARK: Receiving

  var hasRoom: Bool { inbox.count < options.receiveLimit }

  /// Lends up to `limit` frames.
  public func receive(limit: Int, _ deliver: (borrowing InboundFrame) -> Void) -> Int {
    var count = 0
    while count < limit, let buffer = inbox.popFirst() {
      lend(buffer, deliver)
      wire.pool.recycle(buffer)
      count += 1
    }
    return count
  }

  private func lend(_ buffer: FrameBuffer, _ deliver: (borrowing InboundFrame) -> Void) {
    let isTrusted = offload.contains(.receiveChecksum) && !buffer.isCorrupted
    let whole = buffer.bytes
    let size = options.pieceByteCount
    if size == 0 || whole.count <= size {
      // The span lives within this call only; the buffer is recycled after it.
      return deliver(InboundFrame(RawSpan(_unsafeBytes: whole), checksumIsTrusted: isTrusted))
    }
    var pieces: [UnsafeRawBufferPointer] = []
    swap(&pieces, &self.pieces)
    pieces.removeAll(keepingCapacity: true)
    for start in stride(from: size, to: whole.count, by: size) {
      pieces.append(UnsafeRawBufferPointer(rebasing: whole[start..<min(start + size, whole.count)]))
    }
    // As above.
    let first = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: whole[0..<size]))
    deliver(InboundFrame(bytes: first, rest: pieces.span, checksumIsTrusted: isTrusted))
    swap(&pieces, &self.pieces)
  }
}
