import Platform
import Testing
import Wire

@testable import TCP

/// Two connections, programs that write, read and close at random, and a network that does its worst.
private struct Life {
  var random: Random
  let pair: Pair
  let totals: [Int]
  let loss: Int
  let isSlow: Bool

  /// Some step at which one of the programs lets go of its connection, whatever is underway.
  var quitStep = Int.max

  init(seed: UInt64, takesWindowsBack: Bool = false, quits: Bool = false) {
    var random = Random(seed: seed)
    var configuration = Configuration()
    configuration.userTimeout = 100_000_000_000_000
    configuration.orphanTimeout = 100_000_000_000_000
    configuration.connectTimeout = 100_000_000_000_000
    configuration.handshakeTimeout = 100_000_000_000_000
    if quits {
      configuration = Configuration()
      configuration.keepAliveIdle = 5_000_000_000
      configuration.keepAliveInterval = 1_000_000_000
      quitStep = random.below(60)
    }
    configuration.isNagleEnabled = random.below(4) == 0
    configuration.initialReceiveWindowByteCount = [3000, 20_000, 64 << 10][random.below(3)]
    configuration.maximumReceiveWindowByteCount = [3000, 64 << 10, 1 << 20][random.below(3)]
    if !quits && random.below(8) == 0 { configuration.keepAliveIdle = 2_000_000_000 }
    let starts = (0..<2).map { _ in
      random.below(2) == 0 ? UInt32(truncatingIfNeeded: random.next()) : .max - UInt32(random.below(30_000))
    }
    // Sometimes there is hardly more memory than what every connection is entitled to.
    let budget = random.below(3) == 0 ? 8 << 10 : 4 << 20
    pair = Pair(configuration, starts: starts, budget: budget)
    totals = [random.below(4) == 0 ? 0 : random.below(30_000), random.below(30_000)]
    loss = [0, 0, 2, 10, 30][random.below(5)]
    isSlow = random.below(3) == 0
    let hides = (sack: random.below(3) == 0, timestamps: random.below(3) == 0, scale: random.below(3) == 0)
    let meddler = Dice(Random(seed: seed ^ 0x1234))
    pair.meddle = { header in
      guard header.flags.contains(.syn) else {
        if takesWindowsBack && meddler.random.below(8) == 0 {
          header.window = [0, header.window / 2, min(header.window, 1)][meddler.random.below(3)]
        }
        return
      }
      if hides.sack { header.options.isSACKPermitted = false }
      if hides.timestamps { header.options.timestamps = nil }
      if hides.scale { header.options.windowScale = nil }
    }
    let (loss, copies, jitter) = (loss, random.below(10), [0, 1, 40_000_000][random.below(3)])
    let dice = Dice(Random(seed: seed ^ 0xabcd))
    pair.fate = { _, _, _ in
      if dice.random.below(100) < loss { return [] }
      let count = dice.random.below(100) < copies ? 2 : 1
      return (0..<count).map { _ in 1_000_000 + UInt64(dice.random.below(jitter + 1)) }
    }
    if random.below(4) == 0 { pair.largeByteCount = 16_000 }
    self.random = random
  }

  private final class Dice {
    var random: Random
    init(_ random: Random) { self.random = random }
  }

  /// One program's turn.
  mutating func act(_ index: Int) {
    guard let end = pair.ends[index] else { return }
    let total = totals[index]
    if random.below(3) > 0 { end.write(1 + random.below(8000), of: total, at: pair.now) }
    if !isSlow || random.below(6) == 0 { end.read(1 + random.below(8000)) }
    guard end.writtenCount == total else { return }
    if end.connection.isAtEnd && random.below(2) == 0 {
      _ = end.connection.close(at: pair.now)
    } else if random.below(4) == 0 {
      end.connection.finish()
    }
  }

  mutating func run() -> String? {
    var steps = 0
    while true {
      for index in 0..<2 { act(index) }
      pair.step(until: pair.now.nanoseconds + (random.below(4) == 0 ? 500_000_000 : 20_000_000))
      if let fault = fault { return fault }
      if let server = pair.server, pair.client.isOver, server.isOver, pair.client.connection.isAtEnd,
        server.connection.isAtEnd
      {
        return faultAtEnd(server)
      }
      steps += 1
      if steps > 60_000 { return "does not end" }
    }
  }

  /// One of the two quits at some time; both shall end, well or not.
  mutating func runUntilBothEnd() -> String? {
    let quitter = random.below(2)
    for step in 0..<20_000 {
      for index in 0..<2 where step < quitStep || index != quitter { act(index) }
      if step >= quitStep, let end = pair.ends[quitter], !end.connection.isOrphan {
        _ = random.below(2) == 0 ? end.connection.abort() : end.connection.close(at: pair.now)
      }
      pair.step(until: pair.now.nanoseconds + (random.below(4) == 0 ? 500_000_000 : 20_000_000))
      for case let end? in pair.ends where end.isSpoilt { return "other bytes than were written" }
      // A client that quit before its SYN arrived has no server.
      guard pair.client.isOver, pair.server?.isOver ?? (step > quitStep + 1000) else { continue }
      for case let end? in pair.ends {
        if end.connection.deadline != .never { return "a timer runs" }
        _ = end.connection.close(at: pair.now)
        end.read(1 << 20)
        if end.pool.blocksInUseCount != 0 { return "memory was not given back" }
      }
      return nil
    }
    return "does not end"
  }

  private var fault: String? {
    for index in 0..<2 {
      guard let end = pair.ends[index] else { continue }
      if let failure = end.connection.failure { return "end \(index) failed: \(failure)" }
      if end.isSpoilt { return "end \(index) read other bytes than were written" }
      if end.connection.sendRoom < 0 { return "negative room" }
    }
    return nil
  }

  private func faultAtEnd(_ server: End) -> String? {
    if pair.client.readCount != totals[1] || server.readCount != totals[0] { return "bytes are missing" }
    for end in [pair.client, server] {
      if end.pool.blocksInUseCount != 0 || end.pool.committedByteCount != end.admittedByteCount {
        return "memory was not given back"
      }
      if end.connection.deadline != .never { return "a timer runs" }
    }
    return nil
  }
}

@Suite struct `Two connections over a network that loses, copies and reorders` {
  private func report(_ seed: UInt64, _ fault: String, _ life: borrowing Life) {
    let server = life.pair.server
    Issue.record(
      """
      seed \(seed): \(fault); \(life.pair.client.connection.state), \(String(describing: server?.connection.state)), \
      read \(life.pair.client.readCount)/\(life.totals[1]) and \(server?.readCount ?? -1)/\(life.totals[0]), \
      loss \(life.loss), sent \(life.pair.sentCount)
      """)
  }

  @Test(arguments: 0..<8) func `deliver every byte and end well`(part: Int) {
    for index in 0..<50 {
      let seed = UInt64(part * 1000 + index)
      var life = Life(seed: seed)
      if let fault = life.run() { report(seed, fault, life) }
    }
  }

  @Test(arguments: 0..<4) func `and takes windows back, too`(part: Int) {
    for index in 0..<50 {
      let seed = UInt64(part * 1000 + index)
      var life = Life(seed: seed, takesWindowsBack: true)
      if let fault = life.run() { report(seed, fault, life) }
    }
  }

  @Test(arguments: 0..<4) func `end both when one program quits at any time`(part: Int) {
    for index in 0..<50 {
      let seed = UInt64(part * 1000 + index)
      var life = Life(seed: seed, quits: true)
      if let fault = life.runUntilBothEnd() { report(seed, fault, life) }
    }
  }
}
