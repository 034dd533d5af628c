import Bytes
import Platform
import Wire

/// Drops the frames of a script: of those that match, the ones whose count (from 1) is in `occurrences`.
public struct ScriptedDrop {
  /// Which of the matching frames.
  public var occurrences: ClosedRange<Int>
  /// Which frames count; only TCP segments are asked about.
  public var matches: (SeenSegment) -> Bool
  /// Frames that matched so far.
  public private(set) var count = 0

  /// A script.
  public init(_ occurrences: ClosedRange<Int>, matches: @escaping (SeenSegment) -> Bool) {
    self.occurrences = occurrences
    self.matches = matches
  }

  /// Whether this frame is to be dropped.
  mutating func drops(_ segment: SeenSegment) -> Bool {
    guard matches(segment) else { return false }
    count += 1
    return occurrences.contains(count)
  }
}

extension SimulatedWire {
  /// Decides what the sender's cable does to the frame, in the order it happens: script, outage, size, loss, flipped
  /// bits, queue and rate, delay, jitter, reordering, duplication.
  func impair(_ frame: FrameBuffer, from sender: SimulatedDevice) {
    let cable = sender.impairments
    let now = loop.now
    if isScripted(frame) { return lose(frame, \.scripted, "scripted") }
    if cable.outages.contains(where: { $0.contains(now) }) { return lose(frame, \.cutOff, "outage") }
    if frame.byteCount - EthernetFrame.headerByteCount > cable.maximumTransmissionUnit {
      return lose(frame, \.oversized, "oversized")
    }
    if sender.numbers.chance(cable.loss) { return lose(frame, \.lost, "lost") }
    if sender.numbers.chance(cable.corruption) {
      guard corrupt(frame, &sender.numbers) else { return lose(frame, \.frameCheckDropped, "frame check") }
      trace?("  corrupted")
    }
    var departure = now
    if cable.bitsPerSecond > 0 {
      let start = max(now, sender.linkIsFreeAt)
      let backlog = Double(start.nanoseconds - now.nanoseconds) * Double(cable.bitsPerSecond) / 8e9
      if backlog + Double(frame.byteCount) > Double(cable.queueByteLimit) {
        return lose(frame, \.queueDropped, "queue full")
      }
      let nanoseconds = Double(frame.byteCount) * 8e9 / Double(cable.bitsPerSecond)
      departure = start.advanced(byNanoseconds: UInt64(nanoseconds.rounded(.up)))
      sender.linkIsFreeAt = departure
    }
    var arrival = departure.advanced(byNanoseconds: cable.delayNanoseconds)
    if cable.jitterNanoseconds > 0 {
      arrival = arrival.advanced(byNanoseconds: sender.numbers.below(cable.jitterNanoseconds + 1))
    }
    arrival = max(arrival, sender.lastArrival)
    if sender.numbers.chance(cable.duplication) {
      let copy = pool.take(byteCount: frame.byteCount)
      copy.copy(frame)
      let later = sender.numbers.below(max(1, cable.reorderNanoseconds)) + 1
      fly(copy, from: sender, arrivingAt: arrival.advanced(byNanoseconds: later), next: nil)
      figures.duplicated += 1
      trace?("  duplicated, +\(later) ns")
    }
    if sender.numbers.chance(cable.reorder) {
      let later = sender.numbers.below(max(1, cable.reorderNanoseconds)) + 1
      arrival = arrival.advanced(byNanoseconds: later)
      figures.reordered += 1
      trace?("  held back, +\(later) ns")
    } else {
      sender.lastArrival = arrival
    }
    fly(frame, from: sender, arrivingAt: arrival, next: nil)
  }

  private func lose(_ frame: FrameBuffer, _ reason: WritableKeyPath<WireFigures, Int>, _ name: String) {
    figures[keyPath: reason] += 1
    trace?("  \(name)")
    pool.recycle(frame)
  }

  private func isScripted(_ frame: FrameBuffer) -> Bool {
    guard !script.isEmpty else { return false }
    // The span lives within this statement only; the frame is held by the caller.
    guard let segment = SeenSegment(frame: RawSpan(_unsafeBytes: frame.bytes)) else { return false }
    var isDropped = false
    // Every script counts every frame, so no short circuit.
    for index in script.indices where script[index].drops(segment) { isDropped = true }
    return isDropped
  }

  /// Flips bits of one byte, which every Internet checksum notices (RFC 1071 §1): of IPv6's header only addresses,
  /// as no checksum covers what is before them, nor where a fragment belongs. False when it is no IP frame.
  private func corrupt(_ frame: FrameBuffer, _ numbers: inout SplitMix64) -> Bool {
    var start = EthernetFrame.headerByteCount
    guard frame.byteCount > start + 8 else { return false }
    let type = UInt16(frame.memory[12]) << 8 | UInt16(frame.memory[13])
    guard type == EtherType.ipv4.rawValue || type == EtherType.ipv6.rawValue else { return false }
    if type == EtherType.ipv6.rawValue {
      let isFragment = frame.memory[20] == IPProtocol.fragment.rawValue
      start += isFragment ? IPv6Packet.minimumHeaderByteCount + IPv6FragmentHeader.byteCount : 8
    }
    let end = numbers.chance(0.5) ? min(start + 60, frame.byteCount) : frame.byteCount
    let mask = UInt8(truncatingIfNeeded: numbers.below(255) + 1)
    frame.memory[numbers.pick(start...end - 1)] ^= mask
    frame.isCorrupted = true
    return true
  }
}
