import Platform
import Testing
import Wire

@testable import TCP

@Suite struct `The log of what was sent` {
  private func at(_ nanoseconds: UInt64) -> Instant { Instant(nanoseconds: nanoseconds) }

  @Test func `has one run for the burst of a moment`() {
    var log = SentLog()
    log.begin(at: SequenceNumber(1))
    for index in 0..<100 as Range<Int> {
      log.transmitted(
        from: SequenceNumber(1) + index * 1000, to: SequenceNumber(1) + (index + 1) * 1000,
        at: at(UInt64(index / 10)))
    }
    #expect(log.runCount == 10)
    var rack = Rack()
    rack.beginAcknowledgement(at: at(50))
    log.acknowledge(SequenceNumber(15_001), &rack)
    #expect(log.runCount == 9)
    log.acknowledge(SequenceNumber(100_001), &rack)
    #expect(log.runCount == 0 && rack.roundTrip == 41)
  }

  @Test func `has no more runs than its limit`() {
    var log = SentLog()
    log.begin(at: SequenceNumber(1))
    for index in 0..<5000 as Range<Int> {
      log.transmitted(
        from: SequenceNumber(1) + index, to: SequenceNumber(1) + index + 1, at: at(UInt64(index)))
    }
    #expect(log.runCount == SentLog.maximumRunCount)
  }

  /// Byte by byte what the log should hold.
  private struct Model {
    var fates: [SentLog.Fate] = []
    var front = 0
    var sent: ArraySlice<SentLog.Fate> { fates[front...] }
  }

  @Test(arguments: [1, 0xffff_ff00] as [UInt32])
  func `counts what a log of single bytes would, whatever happens`(first: UInt32) {
    for seed in 0..<200 as Range<UInt64> {
      var random = Random(seed: seed)
      var log = SentLog()
      var rack = Rack()
      var model = Model()
      let base = SequenceNumber(first)
      log.begin(at: base)
      for step in 1...60 as ClosedRange<UInt64> {
        let count = model.fates.count
        let low = model.front + random.below(max(1, count - model.front))
        let high = min(count, low + 1 + random.below(20))
        rack.beginAcknowledgement(at: at(step))
        switch random.below(6) {
        case 0, 1:
          let more = 1 + random.below(30)
          log.transmitted(from: base + count, to: base + count + more, at: at(step))
          model.fates += [SentLog.Fate](repeating: .inFlight, count: more)
        case 2 where low < high:
          log.transmitted(from: base + low, to: base + high, at: at(step))
          for index in low..<high where model.fates[index] == .lost { model.fates[index] = .inFlight }
        case 3 where low < high:
          log.report(from: base + low, to: base + high, &rack)
          for index in low..<high { model.fates[index] = .received }
        case 4 where low < high:
          log.acknowledge(base + low, &rack)
          model.front = low
        case 5:
          let isReneged = random.below(4) == 0
          log.loseAll(reported: isReneged)
          for index in model.front..<count where isReneged || model.fates[index] == .inFlight {
            model.fates[index] = .lost
          }
        default: break
        }
        let lost = model.sent.firstIndex(of: .lost)
        #expect(log.receivedByteCount == model.sent.count { $0 == .received }, "seed \(seed)")
        #expect(log.lostByteCount == model.sent.count { $0 == .lost }, "seed \(seed)")
        #expect(log.firstLost.map { $0.start - base } == lost, "seed \(seed)")
        #expect(log.runCount <= model.sent.count)
      }
    }
  }
}
