import Platform
import Testing
import Wire

@testable import TCP

@Suite struct `Two connections` {
  /// Lets the client send `total` bytes and finish, the server read, until both are over.
  private func transfer(_ pair: Pair, _ total: Int, answers: Int = 0) {
    for _ in 0..<200_000 {
      pair.client.write(1 << 16, of: total, at: pair.now)
      pair.client.read(1 << 16)
      if pair.client.writtenCount == total { pair.client.connection.finish() }
      if let server = pair.server {
        server.write(1 << 16, of: answers, at: pair.now)
        server.read(1 << 16)
        if server.connection.isAtEnd && server.writtenCount == answers { server.connection.finish() }
        if pair.client.isOver && server.isOver { break }
      }
      pair.step()
    }
    #expect(pair.server?.readCount == total && pair.client.readCount == answers)
    #expect(pair.client.connection.state == .timeWait && pair.server?.connection.state == .closed)
    for end in pair.ends { #expect(end?.pool.blocksInUseCount == 0 && end?.isSpoilt == false) }
  }

  /// Loses the `numbers` of the segments with data that `end` sends, counted from 0, once each.
  private func losing(_ numbers: Set<Int>, of end: Int) -> Pair.Fate {
    var count = -1
    return { from, _, byteCount in
      guard from == end, byteCount > 0 else { return [1_000_000] }
      count += 1
      return numbers.contains(count) ? [] : [1_000_000]
    }
  }

  @Test func `carry bytes both ways and lose none`() {
    let pair = Pair()
    transfer(pair, 300_000, answers: 200_000)
    #expect(pair.client.counters.retransmissions == 0 && pair.server!.counters.retransmissions == 0)
  }

  @Test func `carry large segments`() {
    let pair = Pair()
    pair.largeByteCount = 60_000
    transfer(pair, 1_000_000)
    #expect(pair.client.counters.retransmissions == 0)
  }

  @Test(
    arguments: [(true, .cubic), (true, .newReno), (false, .cubic), (false, .newReno)]
      as [(hasSACK: Bool, algorithm: CongestionAlgorithm)],
    [[20], [20, 21, 22], [20, 22, 24, 26], [5, 40, 80], Array(30..<45)])
  func `repair a loss in a stream without an RTO, and send again no more than was lost`(
    with option: (hasSACK: Bool, algorithm: CongestionAlgorithm), lost: [Int]
  ) {
    let (hasSACK, algorithm) = option
    var configuration = Configuration()
    configuration.congestionAlgorithm = algorithm
    let pair = Pair(configuration)
    pair.fate = losing(Set(lost), of: 0)
    if !hasSACK { pair.meddle = { $0.options.isSACKPermitted = false } }
    transfer(pair, 300_000)
    #expect(pair.client.counters.timeouts == 0)
    // There may be room for the rescue retransmission (RFC 6675 §4, rule 4) while the queue is empty.
    let rescues = hasSACK ? 1 : 0
    #expect(lost.count...lost.count + rescues ~= Int(pair.client.counters.retransmissions))
  }

  @Test func `repair losses of both streams at once without an RTO`() {
    let pair = Pair()
    let first = losing([30, 33, 60], of: 0)
    let second = losing([31, 36, 70], of: 1)
    pair.fate = { from, header, count in from == 0 ? first(from, header, count) : second(from, header, count)
    }
    transfer(pair, 300_000, answers: 300_000)
    #expect(pair.client.counters.timeouts == 0 && pair.server!.counters.timeouts == 0)
  }

  @Test func `take reordering by less than three segments for no loss`() {
    let pair = Pair()
    var count = 0
    pair.fate = { from, _, byteCount in
      count += 1
      // One microsecond between segments; each seventh is passed by two others.
      let delay = 1_000_000 + UInt64(count) * 1000
      return [from == 0 && byteCount > 0 && count % 7 == 0 ? delay + 2500 : delay]
    }
    transfer(pair, 300_000)
    #expect(pair.client.counters.retransmissions == 0)
  }

  @Test func `take copies of every segment for no loss`() {
    let pair = Pair()
    pair.fate = { _, _, _ in [1_000_000, 1_500_000] }
    transfer(pair, 100_000, answers: 100_000)
    // SYN-ACK was sent twice, for two SYNs.
    #expect(pair.client.counters.retransmissions == 0 && pair.server!.counters.retransmissions == 1)
  }

  @Test func `go on after a partition of a minute`() {
    let pair = Pair()
    let cut = 5_500_000_000 as UInt64
    pair.fate = { [unowned pair] _, _, _ in
      pair.now.nanoseconds > 5_010_000_000 && pair.now.nanoseconds < cut + 60_000_000_000 ? [] : [1_000_000]
    }
    transfer(pair, 2_000_000)
  }

  @Test func `that probe a closed window lose its opening and find it`() {
    let pair = Pair()
    var isLost = false
    pair.fate = { from, header, _ in
      // The first ACK that opens the closed window is lost.
      if from == 1, header.window > 0, isLost {
        isLost = false
        return []
      }
      if from == 1, header.window == 0 { isLost = true }
      return [1_000_000]
    }
    for index in 0..<4000 {
      pair.client.write(1 << 16, of: 400_000, at: pair.now)
      if index % 200 == 199 { pair.server?.read(1 << 20) }
      pair.step(until: pair.now.nanoseconds + 100_000_000)
    }
    pair.server?.read(1 << 20)
    #expect(pair.server?.readCount == 400_000)
  }

  @Test func `leave nothing behind when the last ACK is lost`() {
    let pair = Pair()
    var isLost = false
    pair.fate = { [unowned pair] from, header, _ in
      if from == 0, pair.client.connection.state == .timeWait, !isLost {
        isLost = true
        return []
      }
      return [1_000_000]
    }
    transfer(pair, 1000)
    #expect(isLost)
  }

  @Test func `that both open and close at once leave nothing behind`() {
    let pair = Pair()
    while pair.server?.connection.state != .established { pair.step() }
    pair.client.connection.finish()
    pair.server?.connection.finish()
    pair.transmit()
    while !pair.isQuiet { pair.step() }
    #expect(pair.client.connection.state == .timeWait && pair.server?.connection.state == .timeWait)
  }

  @Test func `of which one aborted end both`() {
    let pair = Pair()
    while pair.server?.connection.state != .established { pair.step() }
    pair.client.write(50_000, of: 50_000, at: pair.now)
    for _ in 0..<10 { pair.step() }
    _ = pair.client.connection.abort()
    pair.transmit()
    while !pair.isQuiet { pair.step() }
    #expect(pair.server?.connection.failure == .reset)
    #expect(pair.client.pool.blocksInUseCount == 0)
  }
}
