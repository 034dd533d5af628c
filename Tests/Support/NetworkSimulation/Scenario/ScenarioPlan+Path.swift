extension ScenarioPlan {
  /// Puts up to three boxes and a narrow link into the way, or makes a queue that is far too long; in half of all plans.
  /// Draws from numbers of its own, so that the rest of the plan is that of its seed.
  mutating func planPath() {
    var numbers = SplitMix64(seed: seed &* 0x9e6c_63d0_876a_8d4b &+ 5)
    if numbers.chance(0.3) { congestionAlgorithm = .newReno }
    guard !carriesUnfinished, numbers.chance(0.5) else { return }
    if numbers.chance(0.15) { bloat(&numbers) }
    for _ in 0..<numbers.pick(1...3) {
      place(pathology(&numbers))
    }
    // Behind a box that gives other numbers what the router quotes means nothing: a black hole. Of IPv6 no link is
    // narrower.
    if numbers.chance(0.2) {
      place(.reportedNarrowing(from: numbers.pick(0...1), byteCount: numbers.pick([1_280, 1_400, 1_492])))
    }
  }

  private mutating func place(_ pathology: Pathology) {
    // Two who forge undo each other's lies: what is left of an absurd acknowledgement may be a believable one.
    if pathology.forges && pathologies.contains(where: \.forges) { return }
    if !pathology.cutsPackets {
      // No box that edits segments stands behind one that leaves fragments.
      pathologies.insert(pathology, at: pathologies.firstIndex(where: \.cutsPackets) ?? pathologies.count)
    } else if !pathologies.contains(where: \.cutsPackets) {
      pathologies.append(pathology)
    }
  }

  /// A slow link with room for seconds of it.
  private mutating func bloat(_ numbers: inout SplitMix64) {
    let index = numbers.pick(0...1)
    cables[index].bitsPerSecond = UInt64(numbers.pick([1, 4, 20])) * 1_000_000
    cables[index].queueByteLimit = numbers.pick([1, 4]) << 20
  }

  private func pathology(_ numbers: inout SplitMix64) -> Pathology {
    let from = numbers.pick(0...1)
    switch numbers.pick(0...9) {
    case 0:
      let milliseconds = numbers.pick([1, 10, 60, 200])
      return .aggregation(
        from: from, nanoseconds: UInt64(milliseconds) * 1_000_000, thins: numbers.chance(0.5))
    case 1:
      // From one side only what the ends need not agree on: after its SYN-ACK was robbed of them, one end would send
      // without timestamps and the other drop all that (RFC 7323 §3.2).
      if numbers.chance(0.4) {
        return .strippedOptions(from: from, numbers.pick([.sackPermitted, .sack, .maximumSegmentSize]))
      }
      return .strippedOptions(
        from: nil,
        numbers.pick([
          .windowScale, .timestamps, .sackPermitted, .maximumSegmentSize,
          [.windowScale, .timestamps, .sackPermitted, .maximumSegmentSize, .sack],
        ]))
    case 2: return .clampedSegmentSize(UInt16(numbers.pick([300, 536, 1_200])))
    case 3:
      let distance = UInt32(truncatingIfNeeded: numbers.next())
      return .movedNumbers(of: from, by: distance, translatesSACK: numbers.chance(0.5))
    case 4:
      // In so many pieces that some of all packets still arrive whole where frames are lost.
      let least = devices[from].maximumTransmissionUnit / 3
      return .fragmentation(from: from, byteCount: max(least, numbers.pick([300, 700, 1_400])))
    case 5: return .resegmentation(from: from, byteCount: numbers.pick([40, 500, 1_000]))
    case 6:
      return .burstLoss(
        from: from, begins: numbers.pick([0.002, 0.01]),
        longest: UInt64(numbers.pick([1, 50, 400])) * 1_000_000)
    case 7:
      return .policing(
        from: from, bytesPerSecond: Double(numbers.pick([50, 200, 1_000])) * 1_000,
        burst: Double(numbers.pick([15, 60])) * 1_000)
    case 8:
      let delays = [0, numbers.pick([200, 5_000]), numbers.pick([50, 30_000])].map { UInt64($0) * 1_000 }
      return .routeChanges(from: from, delays: delays, every: UInt64(numbers.pick(5...500)) * 1_000_000)
    default: return .forgery(from: from, probability: numbers.pick([0.02, 0.3]))
    }
  }
}
