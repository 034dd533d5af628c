import NetworkSimulation

/// Segments of one stream as a receiver gets them from a bad network: out of order, again, overlapping, cut anew, far
/// outside the window. Everything follows from the seed, and the bytes of a place are always the same.
struct SegmentTrace {
  /// One segment: where its bytes begin in the stream, how many there are, and whether FIN follows them.
  struct Step: Equatable, CustomStringConvertible {
    var offset: Int
    var byteCount: Int
    var isLast = false

    var description: String { "\(offset)+\(byteCount)\(isLast ? " FIN" : "")" }
  }

  /// Pieces of the stream that the network holds back at a time, at most: neither receiver runs out of room for them.
  private static let window = 12
  /// Beyond every receive window of either receiver.
  private static let farAway = 3 << 20

  let streamByteCount: Int
  private(set) var steps: [Step] = []

  init(seed: UInt64) {
    var numbers = SplitMix64(seed: seed)
    streamByteCount = numbers.pick(3_000...25_000)
    var waiting: [Step] = []
    var offset = 0
    while offset < streamByteCount || !waiting.isEmpty {
      while offset < streamByteCount, waiting.count < Self.window {
        let count = min(numbers.pick(numbers.chance(0.3) ? 1...40 : 200...1_400), streamByteCount - offset)
        waiting.append(Step(offset: offset, byteCount: count, isLast: offset + count == streamByteCount))
        offset += count
      }
      // Mostly the oldest, so that holes are closed.
      let index = numbers.chance(0.4) ? 0 : numbers.pick(0...waiting.count - 1)
      let step = waiting[index]
      if !numbers.chance(0.1) { waiting.remove(at: index) }
      steps.append(step)
      if numbers.chance(0.15), let another = steps.randomElement(using: &numbers) { steps.append(another) }
      if numbers.chance(0.2) { steps.append(overlapping(step, &numbers)) }
      if numbers.chance(0.05) {
        steps.append(Step(offset: Self.farAway + numbers.pick(0...1_000_000), byteCount: 500))
      }
    }
  }

  /// Bytes around those of `step`, in other pieces; without FIN.
  private func overlapping(_ step: Step, _ numbers: inout SplitMix64) -> Step {
    let start = max(0, step.offset - numbers.pick(0...300))
    let end = min(streamByteCount, step.offset + step.byteCount + numbers.pick(-200...300))
    return Step(offset: start, byteCount: min(1_400, max(1, end - start)))
  }
}
